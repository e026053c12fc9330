import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openSpool } from '../../../agent/outgoing/spool.ts';
import { viewSpool } from '../../../agent/outgoing/spool-view.ts';
import { keptLog } from '../quiet.ts';
import { ownFolder } from '../data-folder/folder.ts';
import { sample, samples } from './numbered.ts';

const LIMITS = { bytes: 1 << 20, segmentSamples: 10, segmentBytes: 1 << 16 };

describe('a view of the spool', () => {
  it('a view beside the agent counts sealed and open samples, and finds the oldest', () => {
    const folder = join(ownFolder(), 'spool');
    expect(viewSpool(folder)).toEqual({ samples: 0, bytes: 0, oldestAt: undefined, dropped: 0 });
    const spool = openSpool(folder, LIMITS, keptLog());
    onTestFinished(() => spool.close());
    spool.append(samples(100, 124));
    spool.lose(3);
    const found = viewSpool(folder);
    expect(found).toMatchObject({ samples: 24, oldestAt: sample(100).t, dropped: 3 });
    expect(found.bytes).toBeGreaterThan(200);
    expect(spool.size()).toBe(24);
    spool.oldest()?.done();
    expect(viewSpool(folder)).toMatchObject({ samples: 14, oldestAt: sample(110).t });
  });

  it('a damaged file hides the age of its samples and nothing else', () => {
    const folder = join(ownFolder(), 'spool');
    const spool = openSpool(folder, LIMITS, keptLog());
    onTestFinished(() => spool.close());
    spool.append(samples(0, 14));
    writeFileSync(join(folder, '00000001-10.jsonl.gz'), 'torn');
    writeFileSync(join(folder, 'dropped'), 'torn');
    expect(viewSpool(folder)).toMatchObject({ samples: 14, oldestAt: sample(10).t, dropped: 0 });
  });
});
