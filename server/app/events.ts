/** Events: what happened to machines, besides their numbers, and the alerts among them. */
import type { Sample } from '#protocol/sample.ts';
import { createDeviceEvents } from '../fleet/device-events.ts';
import { eventRoutes } from '../routes/events.ts';
import { uptimesOf, type Alerting } from './alerting.ts';
import type { Base } from './base.ts';
import type { Machines } from './machines.ts';
import { machineOf } from './silences.ts';

/** The capabilities that events use. */
export interface EventsNeeds {
  readonly machines: Machines;
  readonly alerting: Alerting;
  /** The newest stored sample of each device; used at the start only. */
  readonly latest: ReadonlyMap<string, Sample>;
}

export function openEvents({ state, clock }: Base, { machines, alerting, latest }: EventsNeeds) {
  const { devices } = state;
  const events = createDeviceEvents({
    collection: state.deviceEvents,
    devices: devices.all(),
    fleetOf: machines.fleet.get,
    uptimes: uptimesOf(latest),
    clock,
  });
  machines.statusChanged.listen(events.statusChanged);
  machines.viewChanged.listen((id) => {
    const record = devices.get(id);
    if (record) events.recordChanged(record);
  });
  machines.removed.listen(events.deviceRemoved);
  return {
    pushAccepted: events.pushAccepted,
    sharedBy: events.sharedBy,
    routes: eventRoutes({
      machines: () => devices.all().map(machineOf),
      eventsOf: events.of,
      alerts: state.alerts.all,
      named: alerting.alerts.named,
    }),
    stop: events.stop,
  };
}

export type Events = ReturnType<typeof openEvents>;
