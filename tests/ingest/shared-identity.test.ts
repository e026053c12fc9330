import { beforeEach, describe, expect, it } from 'vitest';
import {
  createSharedIdentity,
  otherOrigin,
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
}
const one: From = { hostname: 'web-1', ip: '10.0.0.1', run_id: 'run-1' };
const next: From = { ...one, run_id: 'run-next' };
const clone: From = { hostname: 'web-1', ip: '10.0.0.2', run_id: 'run-2' };

/** Pushes from these, `everyMs` apart; returns the hostnames and addresses of the conflict that the last one is part of. */
function pushes(froms: readonly From[], everyMs = 2500, at = NOW) {
  let conflict;
  for (const [i, from] of froms.entries())
    conflict = identity.note({ device_id: 'a', ...from }, at + i * everyMs);
  return conflict?.origins.map(({ hostname, ip }) => `${hostname} ${ip}`).toSorted();
}

describe('two agents of one identity', () => {
  it('[F4] two agents that push in turns are noticed and both named, also with the same hostname', () => {
    expect(pushes([one, clone, one, clone, one])).toEqual(['web-1 10.0.0.1', 'web-1 10.0.0.2']);
    const conflict = identity.note({ device_id: 'a', ...one }, NOW + 14_000);
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

  it.each<[string, readonly From[]]>([
    [
      'that is restarted again and again',
      Array.from({ length: 9 }, (_, i) => ({ ...one, run_id: `run-${i}` })),
    ],
    ['whose last push is delayed over a restart', [one, next, one, next, next, next]],
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
