import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { launch } from '../../../agent/upgrade/launcher.ts';
import { programFile, readVersions, writeVersions } from '../../../agent/upgrade/versions.ts';
import { ownFolder } from '../../state/folder.ts';

const NEWER = '99.0.0';
let folder: string;
beforeEach(() => {
  folder = join(ownFolder(), 'upgrade');
  mkdirSync(folder);
});

/** A fetched version that is to be tried out: a script with this body. */
function fetched(body: string, version = NEWER): void {
  writeFileSync(programFile(folder, version), `#!/bin/sh\necho "$*" >>'${folder}/started'\n${body}\n`);
  chmodSync(programFile(folder, version), 0o700);
  writeVersions(folder, { good: null, trial: { version, starts: 0 }, failed: null });
}
const started = () => readFileSync(join(folder, 'started'), 'utf8').trim().split('\n');
const run = (trialMs?: number) => launch({ folder, args: ['--interval', '1'], env: process.env, trialMs });

describe('the installed program', () => {
  it.each([
    ['ends at once', 'exit 3', /^it ended with 3 before a push was accepted$/],
    ['is killed', 'kill -9 $$', /^it ended with SIGKILL before/],
  ])('the installed program goes on itself where the new version %s', async (_, body, reason) => {
    fetched(body);
    expect(await run()).toBe(false);
    expect(started()).toEqual(['--interval 1']);
    expect(readVersions(folder)).toMatchObject({
      good: null,
      trial: null,
      failed: { version: NEWER, reason: expect.stringMatching(reason) },
    });
    expect(existsSync(programFile(folder, NEWER))).toBe(false);
    // The next start does not try it again.
    expect(await run()).toBe(false);
    expect(started()).toHaveLength(1);
  });

  it('the installed program goes on itself where the new version hangs, and ends that', async () => {
    fetched(`echo $$ >'${folder}/pid'; exec sleep 600`);
    expect(await run(400)).toBe(false);
    expect(readVersions(folder).failed?.reason).toMatch(/no push of it was accepted within 0\.4 seconds/);
    const pid = Number(readFileSync(join(folder, 'pid'), 'utf8'));
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
  });

  it('the installed program goes on itself where the new version is no program', async () => {
    fetched('');
    writeFileSync(programFile(folder, NEWER), 'no program');
    chmodSync(programFile(folder, NEWER), 0o600);
    expect(await run()).toBe(false);
    expect(readVersions(folder).failed?.reason).toMatch(/it cannot be started/);
  });

  it('the installed program goes on itself where a version that stayed can no longer be run', async () => {
    writeVersions(folder, { good: NEWER, trial: null, failed: null });
    expect(await run()).toBe(false);
  });

  it('the installed program runs no fetched version that is older than itself', async () => {
    fetched('exit 0', '0.0.1');
    expect(await run()).toBe(false);
    expect(existsSync(join(folder, 'started'))).toBe(false);
    expect(existsSync(programFile(folder, '0.0.1'))).toBe(false);
  });
});
