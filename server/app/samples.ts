/**
 * Samples: receives pushes, checks their tokens, and passes samples to the journal, fleet, alerts and live.
 */
import { SEPARATE } from '#protocol/enrollment.ts';
import type { Sample } from '#protocol/sample.ts';
import { DAY } from '#protocol/span.ts';
import { createCurrentSamples } from '../ingest/current-samples.ts';
import { createIngest } from '../ingest/ingest.ts';
import { originId, type Conflict } from '../ingest/shared-identity.ts';
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

const machinesOf = ({ origins }: Conflict) =>
  origins.map(({ hostname, ip, machine }) => `${hostname} (${[ip, machine].filter(Boolean).join(', ')})`);

/** [F4] What an administrator reads about agents that push as one device. */
function conflictText(device: string, conflict: Conflict): string {
  return (
    `${conflict.origins.length} machines push as the device ${device}: ${machinesOf(conflict).join(' and ')}. Their ` +
    `readings are mixed: their data folders are copies of one. ${SEPARATE}.`
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
    sharedIdentity: machines.sharedIdentity,
    onConflict(deviceId, conflict) {
      const record = state.devices.get(deviceId);
      const text = conflict && conflictText(record?.name ?? record?.hostname ?? deviceId, conflict);
      if (record !== undefined) {
        const since = conflict?.origins[1]?.since ?? clock.now();
        events.sharedBy(deviceId, conflict ? machinesOf(conflict) : [], since);
      }
      notices.set(`identity ${deviceId}`, text === undefined ? null : { text });
    },
    separationKey: (push) =>
      machines.separations.isAsked(push.device_id)
        ? machines.separations.keyFor({ device_id: push.device_id, origin: originId(push) }, push.follows)
        : undefined,
    upgradeOf: upgrades.turnOf,
    probesOf: probes.versionOf,
    noteDeclared: machines.meanings.note,
    isWatched: live.isWatched,
    intervalS: config.intervalS,
    keptMs: config.retention.quarter_days * DAY,
    now: clock.now,
    log,
  });
  machines.removed.listen(ingest.forget);
  machines.separated.listen(({ device_id, origin }) => ingest.agentLeft(device_id, origin));
  return { counts: ingest.counts, routes: metricsRoutes(ingest) };
}

export type Samples = ReturnType<typeof openSamples>;
