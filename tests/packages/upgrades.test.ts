import { beforeEach, describe, expect, it } from 'vitest';
import type { UpgradeSettings } from '#protocol/packages.ts';
import type { ReadyPackage } from '../../server/packages/package-folder.ts';
import { createUpgrades, type UpgradableDevice } from '../../server/packages/upgrades.ts';

const MINUTE = 60_000;
let now: number;
let settings: UpgradeSettings;
let devices: UpgradableDevice[];
let packages: ReadyPackage[];
let offline: Set<string>;
beforeEach(() => {
  now = 1_800_000_000_000;
  settings = { on: true, tags: [], per_minute: 2, saved_at: 0 };
  devices = Array.from({ length: 5 }, (_, i) => device(`m${i}`));
  packages = [executable('1.1.0')];
  offline = new Set();
});

function device(id: string, inventory: UpgradableDevice['inventory'] = {}, tags: readonly string[] = []) {
  return { id, tags, inventory: { agent_version: '1.0.0', upgrades_as: 'linux-x64', ...inventory } };
}
function executable(version: string, change: Partial<ReadyPackage> = {}): ReadyPackage {
  const facts = { version, system: 'linux', arch: 'x64', kind: 'executable', state: 'ready' } as const;
  return { ...facts, name: version, bytes: 1, modified_at: 0, sha256: '', ...change };
}
const open = (own = '1.1.0') =>
  createUpgrades({
    devices: () => devices,
    isOnline: (id) => !offline.has(id),
    signed: () => packages,
    settings: () => settings,
    own,
    now: () => now,
  });
/** The ids of the machines whose turn it is, after a look. */
function turns(upgrades: ReturnType<typeof open>): string[] {
  upgrades.look();
  return devices.filter(({ id }) => upgrades.turnOf(id) !== undefined).map(({ id }) => id);
}

describe('whose turn it is to upgrade its agent', () => {
  it('as many machines as the pace allows get a turn within a minute, and the others later', () => {
    const upgrades = open();
    expect(turns(upgrades)).toEqual(['m0', 'm1']);
    expect(upgrades.turnOf('m0')).toEqual({ version: '1.1.0' });
    now += MINUTE - 1;
    expect(turns(upgrades)).toEqual(['m0', 'm1']);
    now += 1;
    expect(turns(upgrades)).toEqual(['m0', 'm1', 'm2', 'm3']);
  });

  it('nobody gets a turn while upgrades are off, and turns end when they are switched off', () => {
    const upgrades = open();
    settings = { ...settings, on: false };
    expect(turns(upgrades)).toEqual([]);
    settings = { ...settings, on: true };
    expect(turns(upgrades)).toEqual(['m0', 'm1']);
    settings = { ...settings, on: false };
    expect(turns(upgrades)).toEqual([]);
  });

  it('with tags, only machines that have one of them get a turn', () => {
    settings = { ...settings, tags: ['web', 'canary'] };
    devices = [device('a'), device('b', {}, ['canary', 'x']), device('c', {}, ['db'])];
    expect(turns(open())).toEqual(['b']);
  });

  it.each([
    ['has the version already', { agent_version: '1.1.0' }],
    ['is newer', { agent_version: '1.2.0' }],
    ['runs from a clone', { upgrades_as: undefined }],
    ['has another processor', { upgrades_as: 'linux-arm64' }],
  ])('a machine whose agent %s gets no turn', (_, inventory) => {
    devices = [device('a', inventory)];
    expect(turns(open())).toEqual([]);
  });

  it('a machine that is offline gets no turn, and takes none from another', () => {
    offline.add('m0');
    expect(turns(open())).toEqual(['m1', 'm2']);
  });

  it('no agent is asked to be newer than the server, nor to take anything but an executable', () => {
    packages = [executable('1.2.0'), executable('1.1.0', { kind: 'deb' }), executable('1.0.5')];
    const upgrades = open('1.1.0');
    turns(upgrades);
    expect(upgrades.turnOf('m0')).toEqual({ version: '1.0.5' });
    packages = [executable('1.2.0')];
    expect(turns(upgrades)).toEqual([]);
  });

  it('a turn ends when the machine has the version', () => {
    const upgrades = open();
    turns(upgrades);
    devices = devices.map((one) => (one.id === 'm0' ? device('m0', { agent_version: '1.1.0' }) : one));
    expect(turns(upgrades)).toEqual(['m1']);
    expect(upgrades.view(device('m0', { agent_version: '1.1.0' }))).toMatchObject({
      state: 'none',
      to: null,
    });
  });

  it('a turn without a result ends, and the machine waits for another one', () => {
    devices = [device('a')];
    const upgrades = open();
    expect(turns(upgrades)).toEqual(['a']);
    now += 20 * MINUTE;
    expect(turns(upgrades)).toEqual([]);
    now += 61 * MINUTE;
    expect(turns(upgrades)).toEqual(['a']);
  });

  it('a machine that took the version back is named, and tried again only when a person saves, or a day later', () => {
    const failed = { upgrade_failed: '1.1.0', upgrade_problem: 'it ended', upgrade_failed_at: now };
    devices = [device('a', failed)];
    const upgrades = open();
    expect(turns(upgrades)).toEqual([]);
    expect(upgrades.view(device('a', failed))).toMatchObject({ state: 'failed', problem: 'it ended' });
    settings = { ...settings, saved_at: now + 1 };
    expect(turns(upgrades)).toEqual(['a']);
    settings = { ...settings, saved_at: 0 };
    expect(turns(upgrades)).toEqual([]);
    now += 25 * 60 * MINUTE;
    expect(turns(upgrades)).toEqual(['a']);
  });
});
