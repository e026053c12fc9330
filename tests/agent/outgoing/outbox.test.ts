import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createOutbox } from '../../../agent/outgoing/outbox.ts';
import { openSpool, type Spool } from '../../../agent/outgoing/spool.ts';
import type { Sample } from '../../../agent/sampling/sample.ts';
import { ownFolder } from '../data-folder/folder.ts';
import { keptLog } from '../quiet.ts';
import { sample, samples } from './numbered.ts';

const LIMITS = { bytes: 1 << 20, segmentSamples: 100, segmentBytes: 100_000 };
const ownSpool = () => openSpool(join(ownFolder(), 'spool'), LIMITS, keptLog());

describe('the outbox', () => {
  it('the outbox keeps samples in memory only, while pushes succeed', () => {
    const spool = ownSpool();
    const outbox = createOutbox(spool, keptLog());
    for (const one of samples(1, 3)) outbox.add(one);
    const batch = outbox.next();
    expect(batch?.samples).toEqual(samples(1, 3));
    outbox.add(sample(3));
    batch?.done();
    expect(outbox.next()?.samples).toEqual([sample(3)]);
    expect(spool.size()).toBe(0);
  });

  it('[G1] the outbox writes every sample to disk after a failed push, and removes those that are then sent from memory', () => {
    const spool = ownSpool();
    const outbox = createOutbox(spool, keptLog(), { samples: 3, bytes: 1e6 });
    outbox.add(sample(1));
    outbox.failed();
    for (const one of samples(2, 6)) outbox.add(one);
    expect(spool.size()).toBe(5);
    const batch = outbox.next();
    expect(batch?.samples).toEqual(samples(3, 6));
    outbox.add(sample(6));
    batch?.done();
    // 1 to 3 are no longer in memory (3 since 6 came). Sample 3 is sent twice, which is harmless [I2].
    expect(spool.oldest()?.samples).toEqual(samples(1, 4));
    expect(outbox.next()?.samples).toEqual([sample(6)]);
    expect(outbox.isSpooling()).toBe(false);
  });

  it('the outbox writes to disk when the samples in memory take more bytes than its limit, before any push failed', () => {
    const spool = ownSpool();
    const outbox = createOutbox(spool, keptLog(), { samples: 100, bytes: 1_000_000 });
    const wide = (t: number): Sample => ({
      t,
      fields: Object.fromEntries(Array.from({ length: 4000 }, (_, n) => [`core:${n}:cpu`, n])),
    });
    for (let t = 0; t < 3; t++) outbox.add(wide(t));
    expect(outbox.isSpooling()).toBe(false);
    outbox.add(wide(3));
    expect(outbox.isSpooling()).toBe(true);
    expect(spool.size()).toBe(4);
    expect(outbox.next()?.samples).toHaveLength(3);
  });

  it('the outbox counts the samples that a full disk costs, and removes nothing from the spool that it did not write', () => {
    let lost = 0;
    const written: Sample[] = [sample(0)];
    let works = false;
    const spool: Spool = {
      append: (some) => {
        if (!works) throw new Error('ENOSPC: no space left on device');
        written.push(...some);
      },
      forgetNewest: (count) => written.splice(written.length - count, count),
      oldest: () => undefined,
      size: () => written.length,
      dropped: () => lost,
      reported: () => undefined,
      lose: (count) => {
        lost += count;
      },
      close: () => undefined,
    };
    const log = keptLog();
    const outbox = createOutbox(spool, log, { samples: 2, bytes: 1e6 });
    outbox.failed();
    for (const one of samples(1, 5)) outbox.add(one);
    expect(lost).toBe(2);
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    works = true;
    outbox.add(sample(5));
    outbox.next()?.done();
    expect(written).toEqual([sample(0)]);
  });

  it('a full disk is a problem of the outbox until the samples are sent from memory, and no longer', () => {
    const spool = openSpool(join(ownFolder(), 'spool'), LIMITS, keptLog());
    const full = {
      ...spool,
      append: () => {
        throw new Error('ENOSPC: no space left on device');
      },
    };
    const outbox = createOutbox(full, keptLog(), { samples: 100, bytes: 1e6 });
    outbox.add(sample(0));
    outbox.failed();
    expect(outbox.diskProblem()).toBe('ENOSPC: no space left on device');
    expect(outbox.waiting()).toBe(1);
    outbox.next()?.done();
    expect(outbox.diskProblem()).toBeUndefined();
    expect(outbox.waiting()).toBe(0);
  });
});
