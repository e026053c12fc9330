import { expect, it } from 'vitest';
import { ALL_MACHINES } from '#protocol/machine-scope.ts';
import { VALUES_LIMITS } from '#protocol/values.ts';
import { createLog } from '../../server/app/log.ts';
import { Catalogue } from '../../server/live/catalogue.ts';
import { deviceOf } from './stage.ts';

const none = () => undefined;
const ONE = { sessionId: 'one', role: 'viewer' } as const;
const LOBBY = { role: 'display', sight: { key: 'lobby', has: () => true } } as const;

it.each([
  ['a session', ONE, ONE],
  ['the screens of a display link together', { sessionId: 'one', ...LOBBY }, { sessionId: 'two', ...LOBBY }],
])(
  '[S5] %s can open a share of the values queries only, and one more for each that is closed',
  (_, who, again) => {
    const alerts = { active: () => [], get: none };
    const machines = { ids: () => [], get: none, newest: none };
    const fleet = () => ({ ids: [], row: none });
    const catalogue = new Catalogue({ fleet, device: none, alerts, machines }, createLog('silent'));
    const open = (field: string, by: Parameters<Catalogue['place']>[1] = who) =>
      catalogue
        .place({ values: { scope: ALL_MACHINES, fields: [field] } }, by)
        ?.open({ changed: none, renew: none, turn: () => Promise.resolve() });
    const opened = Array.from({ length: VALUES_LIMITS.roomsOfOne }, (_, i) => open(`field_${i}`));
    expect(opened).not.toContain(undefined);
    expect(open('another', again)).toBeUndefined();
    expect(open('another', { sessionId: 'other', role: 'viewer' })).toBeDefined();
    opened[0]?.close();
    expect(open('one more', again)).toBeDefined();
    expect(open('and another', again)).toBeUndefined();
  },
);

const FLEET = 10_000;

/** A catalogue of so many machines, and what opens a values query of this scope; undefined where it is refused. */
function fleetOf(machines: number) {
  const ids = Array.from({ length: machines }, (_, i) => `machine-${i}`);
  const device = { tags: [], status: 'online' as const, last_seen: 1, interval_s: 5 };
  const catalogue = new Catalogue(
    {
      fleet: () => ({ ids: [], row: none }),
      device: none,
      alerts: { active: () => [], get: none },
      machines: {
        ids: () => ids,
        get: (id) => ({ device_id: id, name: id, ...device }),
        newest: none,
      },
    },
    createLog('silent'),
  );
  let [opened, told] = [0, 0];
  const open = (fields: readonly string[], by = 'one') =>
    catalogue
      .place(
        { values: { scope: ALL_MACHINES, fields: [...fields, `own_${(opened += 1)}`] } },
        { sessionId: by, role: 'viewer' },
      )
      ?.open({ changed: () => (told += 1), renew: none, turn: () => Promise.resolve() });
  return { catalogue, open, told: () => told };
}

const names = (count: number) => Array.from({ length: count - 1 }, (_, i) => `field_${i}`);

it('[S5] the values queries of a session are refused where they are too much work together, and those of others are not', () => {
  const { open } = fleetOf(100);
  const each = 100 * VALUES_LIMITS.fields;
  const all = VALUES_LIMITS.workOfOne / each;
  const opened = Array.from({ length: all }, () => open(names(VALUES_LIMITS.fields)));
  expect(opened).not.toContain(undefined);
  expect(open(['cpu'])).toBeUndefined();
  expect(open(['cpu'], 'other')).toBeDefined();
  opened[0]?.close();
  expect(open(names(VALUES_LIMITS.fields + 1))).toBeUndefined();
  expect(open(names(VALUES_LIMITS.fields))).toBeDefined();
});

it('[S5] the values queries of all sessions together are refused where they are too much work', () => {
  const { open } = fleetOf(100);
  const each = VALUES_LIMITS.work / (100 * VALUES_LIMITS.fields) / 10;
  for (let session = 0; session < 10; session++)
    for (let i = 0; i < each; i++)
      expect(open(names(VALUES_LIMITS.fields), `session ${session}`)).toBeDefined();
  expect(open(['cpu'], 'late')).toBeUndefined();
});

it('[S5] a pattern counts as several names, and a query whose machines push every second as several', () => {
  const { open } = fleetOf(VALUES_LIMITS.closely);
  const work = VALUES_LIMITS.closely * VALUES_LIMITS.closeCounts * (1 + VALUES_LIMITS.namesOfPattern * 499);
  const opened = Array.from({ length: 20 }, () =>
    open(Array.from({ length: 499 }, (_, i) => `core:*:f${i}`)),
  );
  expect(opened.filter(Boolean)).toHaveLength(Math.floor(VALUES_LIMITS.workOfOne / work));
});

it('[L6] four boards of 30 tiles with 3 fields of 10,000 machines are open at once, and go on when machines join', () => {
  const { catalogue, open, told } = fleetOf(FLEET);
  for (let tile = 0; tile < 4 * 30; tile++) expect(open(names(3))).toBeDefined();
  catalogue.deviceChanged(deviceOf('joins'));
  expect(told()).toBe(120);
  catalogue.pushAccepted({ deviceId: 'joins', current: [{ t: 1, values: { cpu: 1 } }] });
  expect(told()).toBe(240);
});
