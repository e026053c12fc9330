import { expect, it } from 'vitest';
import type { EventKind, MachineEvent } from '#protocol/events.ts';
import { eventMarks } from '../../../web/src/device/event-marks.ts';

const event = (kind: EventKind, at: number, more: Partial<MachineEvent> = {}): MachineEvent => ({
  ...{ id: `${kind}-${at}`, device_id: 'a', device_name: 'a', at, kind, before: '', now: '', alert: null },
  ...more,
});

it('an offline machine is a span until it was online again, and to the end where it still is', () => {
  const events = [event('offline', 900), event('online', 500), event('offline', 300)];
  expect(eventMarks(events)).toMatchObject([
    { at: 900, until: null },
    { at: 300, until: 500 },
  ]);
});

it('a restart and a change are moments, and say what changed; alerts have marks of their own', () => {
  const events = [
    event('alert_raised', 400, { alert: { id: 'x', rule_name: 'Hot', severity: 'warning' } }),
    event('agent', 200, { before: '1.0.2', now: '1.1.0' }),
    event('rebooted', 100),
  ];
  const marks = eventMarks(events);
  expect(marks.map(({ at, until }) => [at, until])).toEqual([
    [200, undefined],
    [100, undefined],
  ]);
  expect(marks[0]?.title).toContain('Agent changed: 1.0.2 → 1.1.0');
});
