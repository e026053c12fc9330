/** Live: sends snapshots and changes to open pages, and decides which pages may connect. */
import { clientAddress, normalAddress } from '../http/address.ts';
import { allows } from '../http/guard.ts';
import { browserHost, isSameOrigin } from '../http/origin.ts';
import type { Http } from '../http/http.ts';
import { createLive } from '../live/live.ts';
import type { Alerting } from './alerting.ts';
import type { Base } from './base.ts';
import type { Displays } from './displays.ts';
import type { Machines } from './machines.ts';
import type { People } from './people.ts';

/** The capabilities that live uses. */
export interface LiveNeeds {
  readonly http: Http;
  readonly people: People;
  readonly machines: Machines;
  readonly alerting: Alerting;
  readonly displays: Displays;
}

export function openLive(base: Base, { http, people, machines, alerting, displays }: LiveNeeds) {
  const { config, state, log } = base;
  const { now, every } = base.clock;
  const { views } = machines;
  const live = createLive({
    app: http.uws,
    authenticate: people.sessions.find,
    refuse({ peer, header }) {
      const { trustedProxies } = config;
      const normalPeer = normalAddress(peer);
      const forwardedHost = header('x-forwarded-host');
      const host = browserHost({ peer: normalPeer, host: header('host'), forwardedHost }, trustedProxies);
      if (!isSameOrigin(header('origin'), host)) return 'foreign_origin';
      const address = clientAddress(normalPeer, header('x-forwarded-for'), trustedProxies);
      return allows(config, 'display', { address }) ? undefined : 'address_not_allowed';
    },
    sessionAlive: (id) => people.sessions.isAlive(id) || displays.isAlive(id),
    snapshots: {
      fleet: views.fleetRows,
      device: views.deviceSnapshot,
      alerts: () => ({ alerts: [...alerting.alerts.active()] }),
    },
    now,
    every,
    log,
  });
  people.sessionEnded.listen(live.sessionEnded);
  displays.sessionEnded.listen(live.sessionEnded);
  machines.viewChanged.listen((id) => {
    const record = state.devices.get(id);
    if (record) live.deviceChanged(views.fleetRow(record));
  });
  machines.removed.listen(live.deviceRemoved);
  alerting.alertsChanged.listen(live.alertsChanged);
  return { live, routes: [], stop: live.stop };
}

export type OpenLive = ReturnType<typeof openLive>;
