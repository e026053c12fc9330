/**
 * Samples: receives pushes, checks their tokens, and passes samples to the journal, fleet, alerts and live.
 */
import { SEPARATE } from '#protocol/enrollment.ts';
import type { Sample } from '#protocol/sample.ts';
import { DAY } from '#protocol/span.ts';
import { createCurrentSamples } from '../ingest/current-samples.ts';
import { createIngest } from '../ingest/ingest.ts';
import type { Conflict } from '../ingest/shared-identity.ts';
import { createNewSamples } from '../ingest/new-samples.ts';
import { metricsRoutes } from '../routes/metrics.ts';
import type { Alerting } from './alerting.ts';
import type { Base } from './base.ts';
import type { Events } from './events.ts';
import type { OpenHistory } from './history.ts';
import type { OpenLive } from './live.ts';
import type { Machines } from './machines.ts';
import type { OpenProbes } from './probes.ts';
import type { OpenProcesses } from './processes.ts';
import type { OpenTraffic } from './traffic.ts';
import type { OpenUpgrades } from './upgrades.ts';

/** The capabilities that receiving samples uses. */
export interface SamplesNeeds {
  readonly history: OpenHistory;
  /** The newest sample of each device; used at the start only. */
  readonly latest: ReadonlyMap<string, Sample>;
  readonly machines: Machines;
  readonly upgrades: OpenUpgrades;
  readonly probes: OpenProbes;
  readonly processes: OpenProcesses;
  readonly traffic: OpenTraffic;
  readonly alerting: Alerting;
  readonly events: Events;
  readonly live: OpenLive['live'];
}

/** [F4] What an administrator reads about two agents that push as one device. */
function conflictText(device: string, { origins }: Conflict): string {
  const [one, other] = origins.map(({ hostname, ip }) => `${hostname} (${ip})`);
  return (
    `Two machines push as the device ${device}: ${one} and ${other}. Their readings are mixed, since the agent's data ` +
    `folder of one is a copy of the other. ${SEPARATE}.`
  );
}

export function openSamples(base: Base, needs: SamplesNeeds) {
  const { history, latest, machines, upgrades, probes, processes, traffic, alerting, events, live } = needs;
  const { config, state, clock, log, notices } = base;
  const { fleet, tokens } = machines;
  const newest = new Map([...latest].map(([id, { t }]) => [id, t]));
  const ingest = createIngest({
    authenticate: tokens.authenticate,
    devices: state.devices,
    whyRefused: notices.whyNotReady,
    append: history.append,
    onCommitted: history.committed,
    newSamples: createNewSamples({
      newest,
      storedTimes: history.storedTimes,
      // Stands in the notices already.
      onLookUpFailed: (error) => log.debug({ err: error }, 'stored times could not be looked up'),
    }),
    storedFields: history.storedFields,
    currentSamples: createCurrentSamples(newest),
    ownFields: traffic.ownFields,
    // The processes and probes come before the alerts, which are told what runs and why a probe is down.
    onAccepted: [
      fleet.pushAccepted,
      probes.pushAccepted,
      processes.pushAccepted,
      traffic.pushAccepted,
      alerting.alerts.pushAccepted,
      alerting.alertProcesses.pushAccepted,
      events.pushAccepted,
      live.pushAccepted,
    ],
    onDeviceChanged: machines.viewChanged.notify,
    onConflict(deviceId, conflict) {
      const text = conflict && conflictText(state.devices.get(deviceId)?.name ?? deviceId, conflict);
      notices.set(`identity ${deviceId}`, text === undefined ? null : { text });
    },
    upgradeOf: upgrades.turnOf,
    probesOf: probes.versionOf,
    isWatched: live.isWatched,
    intervalS: config.intervalS,
    keptMs: config.retention.quarter_days * DAY,
    now: clock.now,
    log,
  });
  machines.removed.listen(ingest.forget);
  return { counts: ingest.counts, routes: metricsRoutes(ingest) };
}

export type Samples = ReturnType<typeof openSamples>;
