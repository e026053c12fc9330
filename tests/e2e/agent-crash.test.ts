import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSegment, SEGMENT_NAME } from '../../agent/outgoing/spool.ts';
import { viewSpool } from '../../agent/outgoing/spool-view.ts';
import { eventually } from './eventually.ts';
import { storedSeconds } from './history.ts';
import { disposing, Opened } from './opened.ts';
import { startProcess } from './process.ts';
import { startAgent, startServer, temporaryFolder, type TestServer } from './product.ts';

const HOUR = 3_600_000;
const SECOND = 1000;
/** How long the machine has no agent after kill -9, by its clock. */
const DOWN = 5 * SECOND;
/** As many seconds as one answer of the API may have. */
const SLICE = 600 * SECOND;

/** The times of all samples in a spool, the oldest first. */
function spooledTimes(data: string): number[] {
  const folder = join(data, 'spool');
  const names = readdirSync(folder).filter((name) => SEGMENT_NAME.test(name));
  return names.sort().flatMap((name) => readSegment({ path: join(folder, name) }).map(({ t }) => t));
}

/** The whole seconds from `from` to `to`, both included. */
const seconds = (from: number, to: number) =>
  Array.from({ length: (to - from) / SECOND + 1 }, (_, index) => from + index * SECOND);

/** The times of all stored samples of a device in [from, to). */
async function storedTimes(server: TestServer, id: string, from: number, to: number): Promise<number[]> {
  const times: number[] = [];
  for (let start = from; start < to; start += SLICE) {
    const points = await storedSeconds(server.admin, id, 'ram', start, Math.min(start + SLICE, to));
    times.push(...points.map(([t]) => t));
  }
  return times;
}

describe('an hour without the server, and kill -9 of the agent in the middle of it', () => {
  const opened = new Opened();
  const data = temporaryFolder();
  let server: TestServer;
  let id: string;
  const fast = (from: number) =>
    startAgent({
      data,
      env: {
        NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, 'fast-clock.ts')).href}`,
        FAST_FROM: String(from),
      },
    });

  beforeAll(async () => {
    server = opened.keep(await startServer(), disposing);
    const joining = await startProcess({
      file: process.execPath,
      args: [join(import.meta.dirname, '..', '..', 'agent', 'main.ts'), 'join', '--data', data],
      env: { WATCHFLOOR_ENROLL: await server.enrollment() },
    });
    [, id = ''] = await joining.line(/as the device (\S+)\./);
    await server.stop();
  });
  afterAll(() => opened.close());

  it('Must show: [G1] every second of the hour is in the history exactly once, but those in which no agent ran', async () => {
    const from = Math.floor((Date.now() - HOUR) / SECOND) * SECOND;
    const first = opened.keep(await fast(from), disposing);
    await eventually(
      'half an hour was spooled',
      async () => viewSpool(join(data, 'spool')).samples > 1800,
      60_000,
    );
    await first.process.kill();
    const before = spooledTimes(data);
    const lastBefore = before.at(-1) ?? 0;
    // What is on disk is every second from the start on: kill -9 tears out none, and takes at most what was not written.
    expect(before).toEqual(seconds(from + SECOND, lastBefore));

    const second = opened.keep(await fast(lastBefore + DOWN), disposing);
    await second.process.line(/the clock has caught up/);
    const spooled = spooledTimes(data);
    const after = spooled.slice(before.length);
    expect(spooled.slice(0, before.length)).toEqual(before);
    expect(after).toEqual(seconds(lastBefore + DOWN + SECOND, after.at(-1) ?? 0));
    expect(before.length + after.length).toBeGreaterThan(HOUR / SECOND - 15);

    await server.start();
    await eventually('the spool was sent', async () => viewSpool(join(data, 'spool')).samples === 0, 60_000);
    const expected = [...before, ...after];
    const end = (after.at(-1) ?? 0) + SECOND;
    await eventually(
      'the history had all of them',
      async () => (await storedTimes(server, id, from, end)).length >= expected.length,
    );
    expect(await storedTimes(server, id, from - HOUR, end)).toEqual(expected);
    const exit = await second.process.stop();
    expect(exit.code).toBe(0);
  });
});
