import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { beginRun } from '../../../agent/machine/run.ts';
import { ownFolder } from '../data-folder/folder.ts';
import { keptLog } from '../quiet.ts';

const hash = (text: string) => createHash('sha256').update(text).digest('hex');

it('[F4] each start of an agent says which one it follows, and the disk has no run id', () => {
  const folder = ownFolder();
  const first = beginRun(folder, keptLog());
  expect(first.follows).toBeUndefined();
  expect(readFileSync(join(folder, 'run'), 'utf8')).not.toContain(first.id);
  const second = beginRun(folder, keptLog());
  expect(second).toEqual({ id: expect.not.stringMatching(first.id), follows: hash(first.id) });
});

it('[F4] an agent starts where its start cannot be noted', () => {
  const folder = ownFolder();
  mkdirSync(join(folder, 'run.new'));
  expect(beginRun(folder, keptLog()).follows).toBeUndefined();
});
