import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createOutbox } from '../../../agent/outgoing/outbox.ts';
import { openSpool, type Spool } from '../../../agent/outgoing/spool.ts';
import { ownFolder } from '../data-folder/folder.ts';
import { keptLog } from '../quiet.ts';

const LIMITS = { bytes: 1 << 20, segmentSamples: 100, segmentBytes: 100_000 };
const ownSpool = () => openSpool(join(ownFolder(), 'spool'), LIMITS, keptLog());
const line = (n: number) => `{"n":${n}}`;

describe('the outbox', () => {
  it('keeps samples in memory while the link is healthy', () => {
    const spool = ownSpool();
    const outbox = createOutbox(spool, keptLog());
    outbox.add(line(1));
    outbox.add(line(2));
    const live = outbox.live(1e6);
    expect(live?.samples).toEqual([line(1), line(2)]);
    outbox.add(line(3));
    outbox.acknowledge(live?.upTo ?? 0);
    expect(outbox.live(1e6)?.samples).toEqual([line(3)]);
    expect(spool.size()).toBe(0);
  });

  it('[G1] after a failure has every sample on disk, and takes back what then arrives from memory', () => {
    const spool = ownSpool();
    const outbox = createOutbox(spool, keptLog(), { samples: 3, bytes: 1e6 });
    outbox.add(line(1));
    outbox.failed();
    for (const n of [2, 3, 4, 5]) outbox.add(line(n));
    expect(spool.size()).toBe(5);
    const live = outbox.live(1e6);
    expect(live?.samples).toEqual([line(3), line(4), line(5)]);
    outbox.add(line(6));
    outbox.acknowledge(live?.upTo ?? 0);
    // 1 to 3 fell out of memory (3 when 6 came): sent again from disk, which is harmless [I2].
    expect(spool.oldest()?.samples).toEqual([line(1), line(2), line(3)]);
    expect(outbox.live(1e6)?.samples).toEqual([line(6)]);
    expect(outbox.isSpooling()).toBe(false);
  });

  it('counts what a full disk costs, and takes nothing back that it never wrote', () => {
    let lost = 0;
    const writes: string[] = [];
    let works = false;
    const spool: Spool = {
      append: (samples) => {
        if (!works) throw new Error('ENOSPC: no space left on device');
        writes.push(...samples);
      },
      forgetNewest: (count) => writes.splice(writes.length - count, count),
      oldest: () => undefined,
      size: () => writes.length,
      dropped: () => lost,
      reported: () => undefined,
      lose: (count) => {
        lost += count;
      },
      close: () => undefined,
    };
    writes.push('older');
    const log = keptLog();
    const outbox = createOutbox(spool, log, { samples: 2, bytes: 1e6 });
    outbox.failed();
    for (const n of [1, 2, 3, 4]) outbox.add(line(n));
    expect(lost).toBe(2);
    expect(log.lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    works = true;
    outbox.add(line(5));
    outbox.acknowledge(outbox.live(1e6)?.upTo ?? 0);
    expect(writes).toEqual(['older']);
  });
});
