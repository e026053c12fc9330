/** Status: the server's state for people, health checks and Prometheus, and the description of the API. */
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import type { Route } from '../http/route.ts';
import { basePath } from '../config/settings.ts';
import { openapiRoutes } from '../routes/openapi.ts';
import { prometheusRoutes } from '../routes/prometheus.ts';
import { statusRoutes } from '../routes/status.ts';
import { hexPairs } from '../tls/fingerprint.ts';
import type { Base } from './base.ts';
import type { OpenHistory } from './history.ts';
import type { Machines } from './machines.ts';
import type { People } from './people.ts';
import type { Samples } from './samples.ts';

/** The capabilities and facts that the status shows. */
export interface StatusNeeds {
  readonly people: People;
  readonly history: OpenHistory;
  readonly machines: Machines;
  readonly samples: Samples;
  /** Of the authority that agents pin, lower-case hex; null when they use their system's roots. */
  readonly fingerprint: () => string | null;
  /** Whether the server has started and is not stopping. */
  readonly isReady: () => boolean;
  /** All other routes, for the description of the API. */
  readonly routes: readonly Route[];
}

function shownFingerprint(fingerprint: string | null): string | null {
  return fingerprint === null ? null : hexPairs(fingerprint).join(':');
}

export function openStatus(base: Base, needs: StatusNeeds) {
  const { config, state, clock, notices } = base;
  const { people, history, machines, samples, fingerprint, isReady } = needs;
  const startedAt = clock.now();
  const ownRoutes = [
    ...prometheusRoutes({
      devices: machines.views.devicesWithValues,
      scrapeToken: config.scrapeToken,
      mayRead: async (cookie) => {
        const person = await people.sessions.find(cookie);
        return person !== undefined && person.role !== 'display';
      },
    }),
    ...statusRoutes({
      isReady,
      whyNotReady: notices.whyNotReady,
      audit: people.audit,
      status: async () => ({
        version: WATCHFLOOR_VERSION,
        started_at: startedAt,
        devices: state.devices.all().length,
        pushes: samples.counts(),
        fingerprint: shownFingerprint(fingerprint()),
        history: await history.health(),
        notices: notices.list(),
      }),
    }),
  ];
  return {
    routes: [...ownRoutes, ...openapiRoutes([...needs.routes, ...ownRoutes], basePath(config.publicUrl))],
  };
}
