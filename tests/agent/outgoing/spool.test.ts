import {
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openSpool, type Spool, type SpoolLimits } from '../../../agent/outgoing/spool.ts';
import { toLine, type Sample } from '../../../agent/sampling/sample.ts';
import { ownFolder } from '../data-folder/folder.ts';
import { keptLog } from '../quiet.ts';
import { sample, samples } from './numbered.ts';

const LIMITS: SpoolLimits = { bytes: 1 << 20, segmentSamples: 10, segmentBytes: 100_000 };

/** Everything in the spool, in order; it is empty afterwards. */
function all(spool: Spool): Sample[] {
  const found: Sample[] = [];
  for (let batch = spool.oldest(); batch !== undefined; batch = spool.oldest()) {
    found.push(...batch.samples);
    batch.done();
  }
  return found;
}

describe('the spool', () => {
  it('[G1] the spool returns all samples in order, after a restart too', () => {
    const folder = join(ownFolder(), 'spool');
    const before = openSpool(folder, LIMITS, keptLog());
    before.append(samples(0, 25));
    before.close();
    const after = openSpool(folder, LIMITS, keptLog());
    expect(after.size()).toBe(25);
    after.append(samples(25, 40));
    expect(all(after)).toEqual(samples(0, 40));
    expect(after.size()).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('the spool does not touch the disk before the first sample', () => {
    const folder = join(ownFolder(), 'spool');
    const spool = openSpool(folder, LIMITS, keptLog());
    spool.forgetNewest(3);
    expect(spool.oldest()).toBeUndefined();
    spool.close();
    expect(statSync(folder, { throwIfNoEntry: false })).toBeUndefined();
  });

  it('[G1] the spool leaves out a torn last line, and survives a crash between sealing and removing a file', () => {
    const folder = join(ownFolder(), 'spool');
    const before = openSpool(folder, LIMITS, keptLog());
    before.append(samples(0, 13));
    before.close();
    const open = readdirSync(folder).find((name) => name.endsWith('.jsonl')) ?? '';
    appendFileSync(join(folder, open), toLine(sample(99)).slice(0, -3));
    // The first segment is sealed, and its plain form was not removed yet.
    writeFileSync(join(folder, '00000001.jsonl'), samples(0, 10).map(toLine).join('\n'));
    writeFileSync(join(folder, '00000007-10.jsonl.gz.new'), 'half');
    expect(all(openSpool(folder, LIMITS, keptLog()))).toEqual(samples(0, 13));
  });

  it('[G1] the spool stays within its limit, drops the oldest samples first, and keeps their count until it is reported', () => {
    const folder = join(ownFolder(), 'spool');
    const wide = samples(0, 400).map(({ t }) => ({
      t,
      fields: { [`sensor:${Math.random().toString(36).repeat(8)}:celsius`]: Math.random() },
    }));
    const limits = { ...LIMITS, bytes: 8000 };
    const log = keptLog();
    const spool = openSpool(folder, limits, log);
    for (const one of wide) spool.append([one]);
    const bytes = readdirSync(folder)
      .filter((name) => name.includes('jsonl'))
      .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    expect(bytes).toBeLessThanOrEqual(limits.bytes);
    const lost = spool.dropped();
    expect(lost).toBeGreaterThan(0);
    expect(JSON.stringify(log.lines)).toMatch(/spool is full/);
    spool.close();
    const again = openSpool(folder, limits, keptLog());
    expect(again.dropped()).toBe(lost);
    again.reported(lost);
    again.close();
    const last = openSpool(folder, limits, keptLog());
    expect(last.dropped()).toBe(0);
    expect(all(last)).toEqual(wide.slice(lost));
  });

  it('the spool forgets its newest samples when they were sent from memory', () => {
    const spool = openSpool(join(ownFolder(), 'spool'), LIMITS, keptLog());
    spool.append(samples(0, 5));
    spool.forgetNewest(2);
    spool.append(samples(7, 8));
    expect(all(spool)).toEqual([...samples(0, 3), ...samples(7, 8)]);
  });

  /** Fills a spool with 60 samples in its open file, closes it, and changes the bytes of that file. */
  function damaged(change: (bytes: Buffer) => Uint8Array) {
    const folder = join(ownFolder(), 'spool');
    const before = openSpool(folder, { ...LIMITS, segmentSamples: 100 }, keptLog());
    before.append(samples(0, 60));
    before.close();
    const path = join(folder, '00000001.jsonl');
    writeFileSync(path, change(readFileSync(path)));
    const log = keptLog();
    const spool = openSpool(folder, LIMITS, log);
    return { read: all(spool), lost: spool.dropped(), log };
  }

  /** Where line `number` of the file begins. */
  const lineStart = (bytes: Buffer, number: number) =>
    bytes.toString('latin1').split('\n', number).join('\n').length + 1;

  it.each([
    ['a digit of a value', '"cpu":', 6],
    ['a letter of a name', '"cpu":', 2],
    ['a digit of the time', '"timestamp":', 20],
    ['a bracket', '{"cpu"', 0],
    ['the checksum', '\t', 3],
  ])(
    '[G1] samples of which %s changed on disk are left out and counted as lost, and the others are sent',
    (_, near, offset) => {
      const { read, lost, log } = damaged((bytes) => {
        for (const number of [3, 20, 21, 40, 41, 42]) {
          const at = bytes.indexOf(near, lineStart(bytes, number)) + offset;
          bytes[at] = (bytes[at] ?? 0) ^ 1;
        }
        return bytes;
      });
      const good = samples(0, 60).filter((_one, number) => ![3, 20, 21, 40, 41, 42].includes(number));
      expect(read).toEqual(good);
      expect(lost).toBe(6);
      expect(JSON.stringify(log.lines)).toMatch(/damaged/);
    },
  );

  it('[G1] samples in a hole of zeros, in a torn last line and in a file that is nothing but noise count as lost', () => {
    const hole = damaged((bytes) => bytes.fill(0, lineStart(bytes, 10) + 5, lineStart(bytes, 10) + 15));
    expect([hole.read.length, hole.lost]).toEqual([59, 1]);
    const torn = damaged((bytes) => bytes.subarray(0, bytes.length - 20));
    expect([torn.read.length, torn.lost]).toEqual([59, 1]);
    const noise = damaged((bytes) => bytes.map((byte) => (byte === 10 ? byte : byte ^ 85)));
    expect([noise.read.length, noise.lost]).toEqual([0, 60]);
  });

  it('[G1] a damaged file is counted once, however often its samples are sent before they arrive', () => {
    const folder = join(ownFolder(), 'spool');
    const spool = openSpool(folder, LIMITS, keptLog());
    spool.append(samples(0, 12));
    const path = join(folder, readdirSync(folder).find((name) => name.endsWith('.gz')) ?? '');
    const some = samples(0, 7).map(toLine).join('\n');
    writeFileSync(path, gzipSync(some));
    for (let n = 0; n < 3; n++) expect(spool.oldest()?.samples).toHaveLength(7);
    spool.oldest()?.done();
    expect(spool.dropped()).toBe(3);
  });

  it('[G1] samples of the open file that the disk lost while it was written count as lost', () => {
    const folder = join(ownFolder(), 'spool');
    const spool = openSpool(folder, LIMITS, keptLog());
    spool.append(samples(0, 8));
    const path = join(folder, '00000001.jsonl');
    writeFileSync(path, readFileSync(path, 'utf8').split('\n').slice(0, 5).join('\n'));
    expect(all(spool)).toEqual(samples(0, 5));
    expect(spool.dropped()).toBe(3);
  });

  it('the spool drops a damaged segment, counts its samples, and goes on with the next', () => {
    const folder = join(ownFolder(), 'spool');
    const spool = openSpool(folder, LIMITS, keptLog());
    spool.append(samples(0, 25));
    const [first = ''] = readdirSync(folder).sort();
    writeFileSync(join(folder, first), 'no gzip');
    expect(all(spool)).toEqual(samples(10, 25));
    expect(spool.dropped()).toBe(10);
  });

  it('[G1] the spool reads what an earlier version wrote with nested instances, plain or compressed', () => {
    const folder = join(ownFolder(), 'spool');
    mkdirSync(folder);
    const old = (n: number) =>
      `{"timestamp":${sample(n).t},"metrics":{"cpu":${n},"core":{"0":{"cpu":${n}}},"disk:sda:read":1}}`;
    writeFileSync(join(folder, '00000001-2.jsonl.gz'), gzipSync(`${old(0)}\n${old(1)}\n`));
    writeFileSync(join(folder, '00000002.jsonl'), `${old(2)}\n${old(3).slice(0, 40)}`);
    const spool = openSpool(folder, LIMITS, keptLog());
    expect(spool.size()).toBe(3);
    expect(all(spool)).toEqual(
      samples(0, 3).map(({ t, fields }) => ({
        t,
        fields: { ...fields, 'core:0:cpu': fields['cpu'], 'disk:sda:read': 1 },
      })),
    );
  });

  it('the spool throws when the disk does not take a sample', () => {
    const folder = join(ownFolder(), 'spool');
    const spool = openSpool(folder, LIMITS, keptLog());
    writeFileSync(folder, 'a file where the folder should be');
    expect(() => spool.append([sample(1)])).toThrow();
    rmSync(folder);
    spool.append([sample(2)]);
    expect(all(spool)).toEqual([sample(2)]);
  });
});

/** Lets the compression of a ten-sample segment fail: a folder has the name of the file that it would write. */
function blockSeal(folder: string, number: number): void {
  mkdirSync(join(folder, `${String(number).padStart(8, '0')}-10.jsonl.gz.new`));
}

describe('the spool on a disk in trouble', () => {
  it('[G1] the spool keeps a file that the disk has no room to compress, after a restart too', () => {
    const folder = join(ownFolder(), 'spool');
    const log = keptLog();
    const before = openSpool(folder, LIMITS, log);
    before.append(samples(0, 10));
    blockSeal(folder, 1);
    before.append(samples(10, 12));
    expect(before.size()).toBe(12);
    expect(JSON.stringify(log.lines)).toMatch(/cannot be compressed/);
    before.close();
    const after = openSpool(folder, LIMITS, keptLog());
    expect(after.size()).toBe(12);
    expect(all(after)).toEqual(samples(0, 12));
    expect(after.dropped()).toBe(0);
  });

  it('[G1] the spool goes on when somebody removed its files, and counts the samples in them', () => {
    const folder = join(ownFolder(), 'spool');
    const spool = openSpool(folder, LIMITS, keptLog());
    spool.append(samples(0, 15));
    rmSync(folder, { recursive: true });
    expect(spool.oldest()).toBeUndefined();
    expect(spool.dropped()).toBe(15);
    spool.append(samples(15, 40));
    expect(all(spool)).toEqual(samples(15, 40));
  });

  it('[G1] the spool forgets a segment whose file was removed while it was sent', () => {
    const folder = join(ownFolder(), 'spool');
    const spool = openSpool(folder, LIMITS, keptLog());
    spool.append(samples(0, 25));
    const batch = spool.oldest();
    rmSync(folder, { recursive: true });
    batch?.done();
    expect(spool.size()).toBe(15);
  });

  it('the spool opens with a segment cut short, an empty file, and a folder with a segment’s name', () => {
    const folder = join(ownFolder(), 'spool');
    const before = openSpool(folder, LIMITS, keptLog());
    before.append(samples(0, 25));
    before.close();
    const [first = ''] = readdirSync(folder).sort();
    const whole = readFileSync(join(folder, first));
    writeFileSync(join(folder, first), whole.subarray(0, whole.length - 10));
    writeFileSync(join(folder, '00000090.jsonl'), '');
    mkdirSync(join(folder, '00000091.jsonl'));
    mkdirSync(join(folder, '00000092-10.jsonl.gz'));
    const after = openSpool(folder, LIMITS, keptLog());
    expect(all(after)).toEqual(samples(10, 25));
    after.append(samples(25, 30));
    expect(all(after)).toEqual(samples(25, 30));
  });

  it.each(['Infinity', '-3', '1.5', 'x', ''])(
    'a damaged count of dropped samples (%s) counts as 0',
    (text) => {
      const folder = join(ownFolder(), 'spool');
      mkdirSync(folder);
      writeFileSync(join(folder, 'dropped'), text);
      expect(openSpool(folder, LIMITS, keptLog()).dropped()).toBe(0);
    },
  );
});
