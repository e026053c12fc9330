import { expect, it } from 'vitest';
import { ALL_MACHINES } from '#protocol/machine-scope.ts';
import { VALUES_LIMITS } from '#protocol/values.ts';
import { createLog } from '../../server/app/log.ts';
import { Catalogue } from '../../server/live/catalogue.ts';

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
        ?.open({ changed: none, renew: none });
    const opened = Array.from({ length: VALUES_LIMITS.roomsOfOne }, (_, i) => open(`field_${i}`));
    expect(opened).not.toContain(undefined);
    expect(open('another', again)).toBeUndefined();
    expect(open('another', { sessionId: 'other', role: 'viewer' })).toBeDefined();
    opened[0]?.close();
    expect(open('one more', again)).toBeDefined();
    expect(open('and another', again)).toBeUndefined();
  },
);
