import { expect, it } from 'vitest';
import { probeCreate } from '#protocol/probes.ts';
import { isGiven } from '../../../web/src/ui/scope-draft.ts';
import { isInTrouble, worstState } from '../../../web/src/settings/probes/probe-state.ts';
import { probeDraftOf, probeOf } from '../../../web/src/settings/probes/probe-draft.ts';

const counts = { up: 2, failing: 0, down: 0, refused: 0, waits: 0, offline: 1, left_out: 0 };

it('a probe is as well as the machine that sees the worst of it', () => {
  expect(worstState({ on: true, counts })).toBe('up');
  expect(worstState({ on: true, counts: { ...counts, refused: 1 } })).toBe('refused');
  expect(worstState({ on: true, counts: { ...counts, refused: 1, down: 1 } })).toBe('down');
  expect(worstState({ on: false, counts })).toBeUndefined();
  expect(isInTrouble({ counts })).toBe(false);
  expect(isInTrouble({ counts: { ...counts, left_out: 1 } })).toBe(true);
});

it('the form asks from where, and sends what its kind takes alone', () => {
  const draft = { ...probeDraftOf(undefined), name: 'DB', kind: 'tcp' as const, target: ' db:5432 ' };
  expect(isGiven(draft.scope)).toBe(false);
  expect(isGiven({ ...draft.scope, scopeKind: 'all' })).toBe(true);
  expect(probeOf({ ...draft, scope: { ...draft.scope, devices: ['a'] } })).toEqual({
    ...{
      kind: 'tcp',
      name: 'DB',
      target: 'db:5432',
      tries: 3,
      on: true,
      ip: 'any',
      tls: false,
      certificate: true,
    },
    ...{ interval_s: 30, timeout_s: 5, scope: { devices: ['a'], tags: [], name: '' } },
  });
});

it('a probe of machines by their name is still one of these machines after it was edited', () => {
  const scope = { devices: [], tags: [], name: 'web-*' };
  const probe = { ...probeOf(probeDraftOf(undefined)), name: 'Shop', target: 'https://shop.example/', scope };
  const draft = probeDraftOf({ ...probeCreate.parse(probe), id: 'p', created_at: 0, created_by: 'admin' });
  expect(probeOf(draft).scope).toEqual(scope);
});
