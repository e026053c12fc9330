import { beforeEach, describe, expect, it } from 'vitest';
import {
  createSharedIdentity,
  originId,
  otherOrigin,
  type Conflict,
  type SharedIdentity,
} from '../../server/ingest/shared-identity.ts';

const NOW = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
let identity: SharedIdentity;
beforeEach(() => {
  identity = createSharedIdentity();
});

interface From {
  readonly hostname: string;
  readonly ip: string;
  readonly run_id?: string;
  readonly follows?: string;
}
const one: From = { hostname: 'web-1', ip: '10.0.0.1', run_id: 'run-1' };
const next: From = { ...one, run_id: 'run-next' };
const clone: From = { hostname: 'web-1', ip: '10.0.0.2', run_id: 'run-2' };

/** Pushes from these, `everyMs` apart; returns the hostnames and addresses of the conflict that the last one is part of. */
function pushes(froms: readonly From[], everyMs = 2500, at = NOW) {
  let conflict: Conflict | undefined;
  for (const [i, from] of froms.entries())
    ({ conflict } = identity.note({ device_id: 'a', ...from }, at + i * everyMs));
  return conflict?.origins.map(({ hostname, ip }) => `${hostname} ${ip}`).toSorted();
}

describe('two agents of one identity', () => {
  it('[F4] two agents that push in turns are noticed and both named, also with the same hostname', () => {
    expect(pushes([one, clone, one, clone, one])).toEqual(['web-1 10.0.0.1', 'web-1 10.0.0.2']);
    const { conflict } = identity.note({ device_id: 'a', ...one }, NOW + 14_000);
    expect(conflict && otherOrigin(conflict, one)).toEqual({ hostname: 'web-1', ip: '10.0.0.2' });
    expect(conflict && otherOrigin(conflict, clone)).toEqual({ hostname: 'web-1', ip: '10.0.0.1' });
    expect(conflict?.since).toBe(NOW + 10_000);
  });

  it('[F4] two agents that push without a run id are noticed by hostname and address', () => {
    const [a, b] = [one, clone].map(({ ip }, i) => ({ hostname: `web-${i}`, ip }));
    const turns = Array.from({ length: 5 }, () => [a, b].filter((from) => from !== undefined)).flat();
    expect(pushes(turns)).toEqual(['web-0 10.0.0.1', 'web-1 10.0.0.2']);
  });

  it('[F4] several pushes in a row of each agent do not hide the other', () => {
    expect(pushes([one, one, clone, clone, one, one, one, clone, one])).toHaveLength(2);
  });

  it('[F4] the conflict is over once one agent was silent for ten minutes', () => {
    pushes([one, clone, one, clone, one]);
    expect(pushes([one, one], 5000, NOW + 5 * MINUTE)).toHaveLength(2);
    expect(pushes([one], 0, NOW + 16 * MINUTE)).toBeUndefined();
    expect(pushes([one, clone], 5000, NOW + 17 * MINUTE)).toBeUndefined();
  });

  it('[F4] ten machines that were made of one image, and push in turns, are all noticed and named', () => {
    const ten = Array.from({ length: 10 }, (_, i) => ({ ...one, ip: `10.0.1.${i}`, run_id: `run-${i}` }));
    expect(pushes([...ten, ...ten], 500)).toHaveLength(10);
  });

  it('[F4] of two agents one of which was restarted, the two that push now are named, and not the one that ended', () => {
    pushes([one, clone, one, clone, one]);
    const restarted = { ...one, ip: '10.0.0.7', run_id: 'run-3', follows: originId(one) };
    expect(pushes([restarted], 0, NOW + 20_000)).toEqual(['web-1 10.0.0.2', 'web-1 10.0.0.7']);
    const conflict = identity.of('a');
    expect(conflict && otherOrigin(conflict, restarted)).toEqual({ hostname: 'web-1', ip: '10.0.0.2' });
  });

  it('[F4] a copy that says it follows the agent it was copied from is noticed all the same', () => {
    const copy = { ...clone, follows: originId(one) };
    expect(pushes([one, copy, one, copy, one])).toHaveLength(2);
  });

  it('[F4] the conflict is over at once when one of two agents is a device of its own, and goes on between two of three', () => {
    const third = { ...one, ip: '10.0.0.3', run_id: 'run-3' };
    pushes([one, clone, third, one, clone, third]);
    expect(identity.left('a', originId(clone))?.origins.map(({ ip }) => ip)).toEqual([
      '10.0.0.1',
      '10.0.0.3',
    ]);
    expect(identity.left('a', originId(third))).toBeUndefined();
    expect(pushes([one, one, one], 2500, NOW + 30_000)).toBeUndefined();
  });

  it('[F4] machines that push once in half an hour are noticed, too', () => {
    const seldom = [one, clone, one, clone, one].map((from) => ({ ...from, interval_s: 1800 }));
    expect(pushes(seldom, 15 * MINUTE)).toHaveLength(2);
  });

  it.each<[string, readonly From[]]>([
    [
      'that is restarted again and again',
      Array.from({ length: 9 }, (_, i) => ({ ...one, run_id: `run-${i}` })),
    ],
    ['whose last push is delayed over a restart', [one, next, one, next, next, next]],
    [
      'that is restarted every minute and whose last pushes are delayed over it',
      Array.from({ length: 12 }, (_, i) => ({
        ...one,
        run_id: `run-${Math.floor(i / 2) - (i % 3 === 2 ? 1 : 0)}`,
      })),
    ],
    [
      'whose container is made anew with the same volume, and so another hostname and address',
      Array.from({ length: 8 }, (_, i) => ({
        ...{ hostname: `c0ffee${Math.floor(i / 2)}`, ip: `172.17.0.${Math.floor(i / 2)}` },
        run_id: `run-${Math.floor(i / 2)}`,
      })),
    ],
    [
      'that fails over to the other node of a pair, and back, with the same folder',
      ['a', 'b', 'a', 'b', 'a'].flatMap((node, i) =>
        Array.from({ length: 3 }, () => ({ hostname: node, ip: node, run_id: `run-${i}` })),
      ),
    ],
    ['whose hostname changes', [one, { ...one, hostname: 'web-2' }, one, { ...one, hostname: 'web-2' }, one]],
    [
      'that moves between two networks',
      [one, { ...one, ip: '10.9.9.9' }, one, { ...one, ip: '10.9.9.9' }, one],
    ],
    [
      'without a run id that gets a new address',
      [
        { hostname: 'h', ip: '1' },
        { hostname: 'h', ip: '2' },
      ],
    ],
  ])('[F4] one agent %s is no conflict', (_, froms) => {
    expect(pushes(froms)).toBeUndefined();
  });

  it('[F4] one machine that uses two systems in turns over days is no conflict', () => {
    expect(pushes([one, clone, one, clone, one, clone], 60 * MINUTE)).toBeUndefined();
  });
});
