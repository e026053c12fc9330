import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { supervise, type Supervisor } from '../../../agent/upgrade/supervisor.ts';
import { programFile, readVersions, writeVersions } from '../../../agent/upgrade/versions.ts';
import { ownFolder } from '../../state/folder.ts';
import { keptLog } from '../quiet.ts';

const [OWN, NEWER, NEWEST] = ['1.0.0', '1.1.0', '1.2.0'];
/** A program that runs until its input is closed. */
const UNTIL_CLOSED = 'cat >/dev/null';

let folder: string;
let running: Supervisor | undefined;
/** What the agent of the installed program did. */
let did: string[];
let restart: () => void;
beforeEach(() => {
  folder = join(ownFolder(), 'upgrade');
  mkdirSync(folder);
  did = [];
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
});

function program(version: string, body: string): void {
  const file = programFile(folder, version);
  writeFileSync(file, `#!/bin/sh\necho "$WATCHFLOOR_PULLED $*" >>'${folder}/started'\n${body}\n`);
  chmodSync(file, 0o700);
}
const accept = (version: string) =>
  `printf '{"good":"${version}","trial":null,"failed":null}' >'${folder}/versions.json'`;
const started = () =>
  existsSync(join(folder, 'started')) ? readFileSync(join(folder, 'started'), 'utf8').trim().split('\n') : [];
const onTrial = (version: string, good: string | null = null) =>
  writeVersions(folder, { good, trial: { version, starts: 0 }, failed: null });

async function run({ trialMs = 60_000 } = {}): Promise<Supervisor> {
  running = await supervise({
    ...{ folder, own: OWN, args: ['service'], env: process.env, log: keptLog(), now: Date.now, trialMs },
    start(asked) {
      did.push('started');
      restart = asked;
      return Promise.resolve({
        stop() {
          did.push('stopped');
          return Promise.resolve();
        },
      });
    },
  });
  return running;
}
const failedVersion = () => readVersions(folder).failed;

describe('the service of Windows', () => {
  it('without a fetched version the service runs the installed agent itself, and stops it', async () => {
    const service = await run();
    expect(did).toEqual(['started']);
    await service.stop();
    expect(did).toEqual(['started', 'stopped']);
  });

  it('a version that was fetched is tried out once the installed agent has ended, and stays when it was accepted', async () => {
    const service = await run();
    program(NEWER, `${accept(NEWER)}; ${UNTIL_CLOSED}; echo closed >>'${folder}/started'`);
    onTrial(NEWER);
    restart();
    await expect.poll(started).toEqual([`${NEWER} service`]);
    await expect.poll(() => readVersions(folder).good).toBe(NEWER);
    expect(did).toEqual(['started', 'stopped']);
    await service.stop();
    // It was asked to end, and had the time for it.
    expect(started()).toEqual([`${NEWER} service`, 'closed']);
  });

  it.each([
    ['ends at once', 'exit 3', /^it ended with 3$/],
    ['is killed', 'kill -9 $$', /^it ended with SIGKILL$/],
    ['is no program', undefined, /^it cannot be started: /],
  ])('the installed agent goes on where a new version %s', async (_, body, reason) => {
    if (body === undefined) writeFileSync(programFile(folder, NEWER), '');
    else program(NEWER, body);
    onTrial(NEWER);
    await run();
    await expect.poll(() => did).toEqual(['started']);
    expect(failedVersion()).toMatchObject({ version: NEWER, reason: expect.stringMatching(reason) });
    expect(existsSync(programFile(folder, NEWER))).toBe(false);
  });

  it('a new version that has no push accepted in time is ended, and the installed agent goes on', async () => {
    program(NEWER, UNTIL_CLOSED);
    onTrial(NEWER);
    await run({ trialMs: 100 });
    await expect.poll(() => did).toEqual(['started']);
    expect(failedVersion()?.reason).toBe('no push of it was accepted within 0.1 seconds');
  });

  it('where a newer version fails, the one that had stayed goes on, and not the installed one', async () => {
    program(NEWER, UNTIL_CLOSED);
    program(NEWEST, 'exit 1');
    onTrial(NEWEST, NEWER);
    await run();
    await expect.poll(started).toEqual([`${NEWEST} service`, `${NEWER} service`]);
    expect(did).toEqual([]);
    expect(failedVersion()).toMatchObject({ version: NEWEST });
  });

  it('a version that stayed ends by itself for a newer one, which is tried out', async () => {
    program(NEWEST, `${accept(NEWEST)}; ${UNTIL_CLOSED}`);
    program(
      NEWER,
      `printf '{"good":"${NEWER}","trial":{"version":"${NEWEST}","starts":0},"failed":null}' >'${folder}/versions.json'`,
    );
    writeVersions(folder, { good: NEWER, trial: null, failed: null });
    await run();
    await expect.poll(started).toEqual([`${NEWER} service`, `${NEWEST} service`]);
  });

  it('where a version that stayed crashes, the service ends as one that failed, so that Windows starts it again', async () => {
    program(NEWER, 'exit 9');
    writeVersions(folder, { good: NEWER, trial: null, failed: null });
    const { failed } = await run();
    expect((await failed).message).toBe(`version ${NEWER} runs no more: it ended with 9`);
  });

  it('the installed agent runs where a version that stayed is not there any more', async () => {
    writeVersions(folder, { good: NEWER, trial: null, failed: null });
    await run();
    await expect.poll(() => did).toEqual(['started']);
  });

  it('settings with which the agent cannot start are the failure of the service', async () => {
    const problem = new Error('the interval must be a number');
    const parts = { folder, own: OWN, args: [], env: {}, log: keptLog(), now: Date.now };
    await expect(supervise({ ...parts, start: () => Promise.reject(problem) })).rejects.toBe(problem);
  });
});
