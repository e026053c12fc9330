import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { createUpgrader } from '../../../agent/upgrade/upgrader.ts';
import { readVersions } from '../../../agent/upgrade/versions.ts';
import { publicKeyText } from '../../../deploy/packages/minisign.ts';
import { newKey, sealPackages, sha256, writePackages } from '../../packages/made-up-packages.ts';
import { ownFolder } from '../../state/folder.ts';
import { keptLog } from '../quiet.ts';

const NAME = 'watchfloor-agent-1.1.0-linux-x64';
const key = newKey();
const program = (version: string) => `#!/bin/sh\necho ${version}\n`;

let served: string;
let data: string;
let now: number;
let restarts: number;
let asked: string[];
beforeEach(() => {
  served = join(ownFolder(), 'packages');
  data = ownFolder();
  now = 1_800_000_000_000;
  restarts = 0;
  asked = [];
});

/** An upgrader of version 1.0.0 whose server hands out the folder `served`. */
function upgrader(change: { readonly own?: string; readonly fail?: string } = {}) {
  return createUpgrader({
    folder: join(data, 'upgrade'),
    key: publicKeyText(key),
    own: change.own ?? '1.0.0',
    system: 'linux',
    arch: 'x64',
    async fetch(name) {
      asked.push(name);
      if (change.fail === name) throw new Error('the server answers 503');
      const content = readFileSync(join(served, name));
      return (async function* () {
        yield content.subarray(0, 7);
        yield content.subarray(7);
      })();
    },
    restart: () => restarts++,
    log: keptLog(),
    now: () => now,
  });
}
const state = () => readVersions(join(data, 'upgrade'));
const fetched = () =>
  existsSync(join(data, 'upgrade'))
    ? readdirSync(join(data, 'upgrade')).filter((name) => name.startsWith('watchfloor-agent'))
    : [];

async function offer(version: string, parts = upgrader()) {
  parts.offered(version);
  await parts.idle();
  return parts;
}

describe('[G6] an agent that is told that it is its turn', () => {
  it('[G6] an agent fetches the version that its key signed, checks that it runs, and restarts', async () => {
    writePackages(served, { [NAME]: program('1.1.0') }, key);
    const parts = await offer('1.1.0');
    expect(restarts).toBe(1);
    expect(state()).toMatchObject({ trial: { version: '1.1.0', starts: 0 }, failed: null });
    expect(fetched()).toEqual(['watchfloor-agent-1.1.0']);
    expect(parts.facts()).toEqual({ upgrades_as: 'linux-x64' });
    // The last push before the restart brings the offer again.
    await offer('1.1.0', parts);
    expect([restarts, asked.length]).toEqual([1, 3]);
  });

  it('[G6] an agent throws away what another key signed, though the server hands that key out beside it', async () => {
    writePackages(served, { [NAME]: program('1.1.0') }, newKey());
    const parts = await offer('1.1.0');
    expect([restarts, fetched()]).toEqual([0, []]);
    // Not one byte of the program was fetched.
    expect(asked).toEqual(['SHA256SUMS', 'SHA256SUMS.minisig']);
    expect(parts.facts()).toMatchObject({
      upgrade_failed: '1.1.0',
      upgrade_problem: expect.stringMatching(/signature of its packages does not hold: it is by the key/),
    });
  });

  it('[G6] an agent throws away a list that was changed after it was signed', async () => {
    writePackages(served, { [NAME]: program('1.1.0') }, key);
    writeFileSync(join(served, 'SHA256SUMS'), `${sha256('evil')}  ${NAME}\n`);
    writeFileSync(join(served, NAME), 'evil');
    const parts = await offer('1.1.0');
    expect([restarts, fetched()]).toEqual([0, []]);
    expect(parts.facts().upgrade_problem).toMatch(/of another content/);
  });

  it.each([
    ['another content than the signed one', '#!/bin/sh\necho evil >&2\n', /instead of the signed/],
    ['less than the signed content', program('1.1.0').slice(0, 12), /instead of the signed/],
  ])('[G6] an agent throws away a program with %s, and does not run it', async (_, content, problem) => {
    writePackages(served, { [NAME]: program('1.1.0') }, key);
    writeFileSync(join(served, NAME), content);
    const parts = await offer('1.1.0');
    expect([restarts, fetched()]).toEqual([0, []]);
    expect(parts.facts().upgrade_problem).toMatch(problem);
  });

  it.each([
    ['does not run on this machine', 'no program', /does not run on this machine/],
    ['is another version than its name says', program('1.0.0'), /says that it is 1\.0\.0/],
  ])('a signed program that %s is not tried out', async (_, content, problem) => {
    writePackages(served, { [NAME]: content }, key);
    const parts = await offer('1.1.0');
    expect([restarts, fetched()]).toEqual([0, []]);
    expect(parts.facts().upgrade_problem).toMatch(problem);
  });

  it.each(['1.0.0', '0.9.0', '1.0.0-rc.1'])(
    '[G6] an agent of version 1.0.0 takes no %s, whoever signed it',
    async (version) => {
      writePackages(served, { [`watchfloor-agent-${version}-linux-x64`]: program(version) }, key);
      await offer(version);
      expect([restarts, asked]).toEqual([0, []]);
    },
  );

  it('a version that failed is not fetched again at once, and is told after a restart of the agent', async () => {
    writePackages(served, { [NAME]: 'no program' }, key);
    await offer('1.1.0');
    now += 9 * 60_000;
    const again = await offer('1.1.0');
    expect(asked.filter((name) => name === NAME)).toHaveLength(1);
    expect(again.facts()).toMatchObject({ upgrade_failed: '1.1.0', upgrade_failed_at: 1_800_000_000_000 });
    now += 2 * 60_000;
    sealPackages(served, { [NAME]: program('1.1.0') }, key);
    writeFileSync(join(served, NAME), program('1.1.0'));
    await offer('1.1.0');
    expect(restarts).toBe(1);
  });

  it.each(['SHA256SUMS', 'SHA256SUMS.minisig', NAME])(
    'a server that does not hand out %s costs nothing but a later attempt',
    async (name) => {
      writePackages(served, { [NAME]: program('1.1.0') }, key);
      const parts = await offer('1.1.0', upgrader({ fail: name }));
      expect([restarts, fetched(), state().failed]).toEqual([0, [], null]);
      asked = [];
      await offer('1.1.0', parts);
      expect(asked).toEqual([]);
      now += 61_000;
      await offer('1.1.0', parts);
      expect(asked).toContain('SHA256SUMS');
    },
  );

  it('a version on trial stays with the first push that is accepted', async () => {
    writePackages(served, { [NAME]: program('1.1.0') }, key);
    await offer('1.1.0');
    const next = upgrader({ own: '1.1.0' });
    next.accepted();
    expect(state()).toEqual({ good: '1.1.0', trial: null, failed: null });
  });
});
