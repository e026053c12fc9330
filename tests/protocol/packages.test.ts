import { describe, expect, it } from 'vitest';
import {
  compareVersions,
  newestOf,
  packageFacts,
  packageName,
  parseChecksums,
  type PackageFacts,
} from '#protocol/packages.ts';

const facts = (version: string, rest: Omit<PackageFacts, 'version'>) => ({ version, ...rest });

describe('names of packages', () => {
  it.each([
    [
      'watchfloor-agent-0.1.0-linux-x64',
      facts('0.1.0', { system: 'linux', arch: 'x64', kind: 'executable' }),
    ],
    [
      'watchfloor-agent-1.2.0-rc.1-macos-arm64',
      facts('1.2.0-rc.1', { system: 'macos', arch: 'arm64', kind: 'executable' }),
    ],
    [
      'watchfloor-agent-0.1.0-windows-x64.exe',
      facts('0.1.0', { system: 'windows', arch: 'x64', kind: 'executable' }),
    ],
    [
      'watchfloor-agent-0.1.0-windows-x64.zip',
      facts('0.1.0', { system: 'windows', arch: 'x64', kind: 'zip' }),
    ],
    ['watchfloor-agent_0.1.0_amd64.deb', facts('0.1.0', { system: 'linux', arch: 'x64', kind: 'deb' })],
    [
      'watchfloor-agent_1.2.0~rc.1_arm64.deb',
      facts('1.2.0-rc.1', { system: 'linux', arch: 'arm64', kind: 'deb' }),
    ],
    ['watchfloor-agent-0.1.0-1.aarch64.rpm', facts('0.1.0', { system: 'linux', arch: 'arm64', kind: 'rpm' })],
  ])('the name %s says what the package is for, and is made of that again', (name, expected) => {
    expect(packageFacts(name)).toEqual(expected);
    expect(packageName(expected)).toBe(name);
  });

  it.each([
    'SHA256SUMS',
    'watchfloor-agent-0.1.0-linux-x64.exe',
    'watchfloor-agent-0.1.0-windows-x64',
    'watchfloor-agent-0.1.0-linux-x64.new',
    'watchfloor-agent_0.1.0_riscv64.deb',
    "watchfloor-agent-0.1.0-linux-x64';id;'",
    '../watchfloor-agent-0.1.0-linux-x64',
  ])('[S6] the file %s is no package', (name) => {
    expect(packageFacts(name)).toBeUndefined();
  });
});

describe('the list of checksums', () => {
  const sum = 'a1'.repeat(32);
  it('a list is read as sha256sum writes it', () => {
    expect([...parseChecksums(`${sum}  one\n${sum} *two\n`)]).toEqual([
      ['one', sum],
      ['two', sum],
    ]);
  });

  it.each([`${sum}  ../one\n`, `${sum.slice(1)}  one\n`, `${sum}\n`, 'rubbish\n'])(
    'a list with the line %j is refused, with the number of the line',
    (line) => {
      expect(() => parseChecksums(`${sum}  fine\n${line}`)).toThrow(/line 2 of SHA256SUMS/);
    },
  );
});

describe('versions', () => {
  it('versions are ordered as semver says, what leads to a version before it', () => {
    const ordered = ['0.1.0', '0.2.0-rc.2', '0.2.0-rc.10', '0.2.0', '0.10.0', '1.0.0-1', '1.0.0-a', '1.0.0'];
    expect([...ordered].reverse().toSorted(compareVersions)).toEqual(ordered);
    expect(compareVersions('1.0.0', '1.0.0')).toBe(0);
  });

  it('the newest package of the wanted system, processor and kind is found', () => {
    const packages = ['0.9.0', '0.10.0', '0.10.0-rc.1'].map((version) =>
      facts(version, { system: 'linux', arch: 'x64', kind: 'deb' }),
    );
    const wanted = { system: 'linux', arch: 'x64', kind: 'deb' } as const;
    expect(newestOf(packages, wanted)?.version).toBe('0.10.0');
    expect(newestOf(packages, { ...wanted, arch: 'arm64' })).toBeUndefined();
  });
});
