import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { flipBit } from './damage.ts';
import { copyRunning, openStack, type Stack } from './stack.ts';

const BASE = Date.UTC(2026, 0, 5);
const SAMPLES = 1003;

let clock: number;
/** The folder of a server that has taken 1,003 samples and still runs; each test damages a copy of it. */
let running: { dir: string; stack: Stack };
let dir: string;
beforeAll(async () => {
  const source = await mkdtemp(join(tmpdir(), 'running-'));
  clock = BASE;
  running = { dir: source, stack: await openStack(source, () => clock) };
  for (let i = 0; i < SAMPLES; i++) {
    clock = BASE + i * 1000;
    await running.stack.push('d', i % 100);
  }
});
afterAll(async () => {
  await running.stack.close();
  await rm(running.dir, { recursive: true, force: true });
});
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'damaged-'));
  await copyRunning(running.dir, dir);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

/** How many of the samples are there after a start, and what it told. */
async function start(): Promise<{ samples: number; notices: readonly string[] }> {
  const stack = await openStack(dir, () => clock);
  const samples = (await stack.times('d', BASE, BASE + 3_600_000)).length;
  await stack.close();
  return { samples, notices: stack.notices };
}

const database = () => join(dir, 'history.db');
const writeAheadFile = () => join(dir, 'history.db-wal');

test('[I1] after kill -9 every acknowledged sample is there, and nothing is told', async () => {
  expect(await start()).toEqual({ samples: SAMPLES, notices: [] });
});

test.each<[string, () => Promise<void>]>([
  ['removed', () => rm(writeAheadFile())],
  ['emptied', () => truncate(writeAheadFile())],
  ['halved', async () => truncate(writeAheadFile(), (await stat(writeAheadFile())).size / 2)],
  ['damaged in its header', () => flipBit(writeAheadFile(), 17, 3)],
  ['damaged in its first page', () => flipBit(writeAheadFile(), 500, 0)],
  [
    'damaged in the middle',
    async () => flipBit(writeAheadFile(), (await stat(writeAheadFile())).size / 2, 5),
  ],
  ['replaced by other bytes', () => writeFile(writeAheadFile(), 'this is no write-ahead file'.repeat(999))],
])('[I1] no acknowledged sample is lost when the write-ahead file is %s', async (_, damage) => {
  await damage();
  expect(await start()).toEqual({ samples: SAMPLES, notices: [] });
});

test.each<[string, () => Promise<void>]>([
  ['removed', () => rm(database())],
  ['emptied', () => truncate(database())],
  ['halved', async () => truncate(database(), (await stat(database())).size / 2)],
  ['replaced by other bytes', () => writeFile(database(), 'this is no database'.repeat(9999))],
  [
    'removed with its write-ahead file',
    async () => {
      await rm(database());
      await rm(writeAheadFile());
    },
  ],
])('[I1] when the database is %s, the start says which samples are missing', async (_, damage) => {
  await damage();
  const { samples, notices } = await start();
  expect(samples).toBeGreaterThan(0);
  expect(notices.join()).toMatch(/the journal begins with record \d+: the samples between them are missing/);
});

test('[I1] when an older copy of the database takes its place, the samples since are told as missing', async () => {
  const old = await readFile(database());
  const stack = await openStack(dir, () => clock);
  for (let i = 0; i < 300; i++) {
    clock += 1000;
    await stack.push('d', 1);
  }
  await stack.close();
  await writeFile(database(), old);
  expect((await start()).notices.join()).toContain('the samples between them are missing');
});

test('[I1] a gap is told once: when the history has stored what came after it, the next start is silent', async () => {
  await rm(database());
  await start();
  expect((await start()).notices).toEqual([]);
});
