import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LIMITS } from '#protocol/sample.ts';
import type { Outcome } from '../../../agent/link/outcome.ts';
import { createSetAside, deliver } from '../../../agent/outgoing/delivery.ts';
import { inColumns } from '../../../agent/outgoing/push.ts';
import { toLine, type Sample } from '../../../agent/sampling/sample.ts';
import { ownFolder } from '../data-folder/folder.ts';
import { keptLog } from '../quiet.ts';
import { sample, samples } from './numbered.ts';

/** Delivers to a server that answers 413 to a body of more than `most` characters; counts the pushes. */
async function deliverTo(most: number, given: readonly Sample[]) {
  const aside: Sample[] = [];
  const taken: Sample[] = [];
  let pushes = 0;
  const push = (piece: readonly Sample[]): Promise<Outcome> => {
    pushes++;
    if (JSON.stringify(inColumns(piece)).length > most) return Promise.resolve({ kind: 'too_large' });
    taken.push(...piece);
    const reply = { accepted: piece.length, duplicates: 0, interval_s: 5, sample_s: 1 };
    return Promise.resolve({ kind: 'accepted', reply });
  };
  const outcome = await deliver({ push, setAside: (some) => aside.push(...some) }, given);
  return { outcome, aside, taken, pushes };
}

describe('a delivery', () => {
  it('[G1] a batch that is too large for the server arrives in pieces, in order', async () => {
    const { outcome, aside, taken } = await deliverTo(300, samples(0, 600));
    expect(outcome.kind).toBe('done');
    expect(taken).toEqual(samples(0, 600));
    expect(aside).toEqual([]);
  });

  it('[G1] a batch is kept when not even one small sample is accepted: a person has to raise a proxy’s limit', async () => {
    const { outcome, aside, pushes } = await deliverTo(1, samples(0, 600));
    expect(outcome).toMatchObject({
      kind: 'unauthorized',
      reason: expect.stringMatching(/client_max_body_size/),
    });
    expect(aside).toEqual([]);
    expect(pushes).toBeLessThan(15);
  });

  it('a sample that is too large for every server is set aside, and the others arrive', async () => {
    const giant: Sample = { t: 0, fields: { [`sensor:${'x'.repeat(LIMITS.bodyBytes)}:celsius`]: 1 } };
    const given = [...samples(0, 600), giant, sample(601)];
    const { outcome, aside, taken } = await deliverTo(LIMITS.bodyBytes, given);
    expect(outcome.kind).toBe('done');
    expect(aside).toEqual([giant]);
    expect(taken).toEqual([...samples(0, 600), sample(601)]);
  });
});

describe('samples that the server refused', () => {
  it('refused samples are kept in a private file, one JSON line each, and the log says why', () => {
    const path = join(ownFolder(), 'refused.jsonl');
    const log = keptLog();
    const setAside = createSetAside(path, log);
    setAside(samples(0, 2), 'metrics.cpu: must not be negative');
    setAside([sample(2)], 'again');
    expect(readFileSync(path, 'utf8').trim().split('\n')).toEqual(samples(0, 3).map(toLine));
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(log.lines[0]?.text).toContain('must not be negative');
  });

  it('refused samples take a limited space on disk: a full file replaces the one before', () => {
    const folder = ownFolder();
    const setAside = createSetAside(join(folder, 'refused.jsonl'), keptLog());
    for (let n = 0; n < 20; n++) setAside(samples(0, 5000), 'no');
    const names = readdirSync(folder).sort();
    expect(names).toEqual(['refused.jsonl', 'refused.jsonl.old']);
    for (const name of names) expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(2 * 512 * 1024);
  });
});
