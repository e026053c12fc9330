/** Live: sends snapshots and changes to open pages, and decides which pages may connect. */
import { clientAddress, normalAddress } from '../http/address.ts';
import { allows } from '../http/guard.ts';
import { browserHost, isSameOrigin } from '../http/origin.ts';
import type { Http } from '../http/http.ts';
import { ApiError } from '#protocol/errors.ts';
import type { UpgradeRequest } from '../live/admission.ts';
import { createLive } from '../live/live.ts';
import type { Alerting } from './alerting.ts';
import type { Base } from './base.ts';
import type { OpenBoards } from './boards.ts';
import type { Displays } from './displays.ts';
import type { Machines } from './machines.ts';
import type { People } from './people.ts';

/** The capabilities that live uses. */
export interface LiveNeeds {
  readonly http: Http;
  readonly people: People;
  readonly machines: Machines;
  readonly alerting: Alerting;
  readonly boards: OpenBoards;
  readonly displays: Displays;
}

export function openLive(base: Base, needs: LiveNeeds) {
  const { http, people, machines, alerting, boards, displays } = needs;
  const { config, state, log } = base;
  const { now, every } = base.clock;
  const { trustedProxies } = config;
  const { views } = machines;
  const addressOf = ({ peer, header }: UpgradeRequest) =>
    clientAddress(normalAddress(peer), header('x-forwarded-for'), trustedProxies);
  const live = createLive({
    app: http.uws,
    async authenticate(cookieHeader, as, from) {
      try {
        return await displays.authenticate(cookieHeader, as, addressOf(from));
      } catch (error) {
        // [W1] The display link may not be used from this address.
        if (error instanceof ApiError) return undefined;
        throw error;
      }
    },
    refuse(request) {
      const { peer, header } = request;
      const forwardedHost = header('x-forwarded-host');
      const from = { peer: normalAddress(peer), host: header('host'), forwardedHost };
      if (!isSameOrigin(header('origin'), browserHost(from, trustedProxies))) return 'foreign_origin';
      return allows(config, 'display', { address: addressOf(request) }) ? undefined : 'address_not_allowed';
    },
    sessionAlive: displays.sessionAlive,
    snapshots: {
      fleet: views.fleetRows,
      device: views.deviceSnapshot,
      alerts: alerting.alerts,
      machines: views.machines,
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
  boards.sightChanged.listen(live.sightChanged);
  alerting.alertsChanged.listen(live.alertsChanged);
  return { live, routes: [], stop: live.stop };
}

export type OpenLive = ReturnType<typeof openLive>;
