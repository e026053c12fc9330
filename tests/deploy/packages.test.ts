import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { afterAll, describe, expect, it } from 'vitest';
import { inventory } from '#protocol/sample.ts';
import { debianVersion } from '#protocol/packages.ts';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { SURVEY } from '../../agent/service/itself.ts';
import { inAscii, writeBundle } from '../../deploy/packages/bundle.ts';
import { maintainerScripts } from '../../deploy/packages/debian.ts';
import { packagedUnit } from '../../deploy/packages/linux-files.ts';
import { signMachO } from '../../deploy/packages/mach-o.ts';
import { publicKeyText, signatureText, signingKey } from '../../deploy/packages/minisign.ts';
import { specification } from '../../deploy/packages/rpm.ts';
import { runTool } from '../../deploy/packages/tool.ts';

const root = join(import.meta.dirname, '..', '..');
const scratch = mkdtempSync(join(tmpdir(), 'watchfloor-packages-'));
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

const unit = () =>
  packagedUnit(readFileSync(join(root, 'deploy', 'systemd', 'watchfloor-agent.service'), 'utf8'));

it('the agent as one file runs where none of its packages are', async () => {
  const file = join(scratch, 'agent.cjs');
  await writeBundle(file, { version: WATCHFLOOR_VERSION, releaseKey: 'RW' });
  const say = (arg: string) =>
    execFileSync(process.execPath, [file, arg], { cwd: scratch, encoding: 'utf8', stdio: 'pipe' });
  expect(say('--version')).toBe(`${WATCHFLOOR_VERSION}\n`);
  expect(readFileSync(file)).not.toSatisfy((text: Buffer) => text.some((byte) => byte > 127));
  // The inventory is gathered by another process of the same program.
  expect(inventory.parse(JSON.parse(say(SURVEY))).agent_version).toBe(WATCHFLOOR_VERSION);
});

it('a program in ASCII alone says the same as before', () => {
  const code = 'const é = /^[│😀]$/u; [`→ ${"ö…"} 😀`, "\ufeff", é.test("😀"), é.test("a")].join("|") // –';
  expect(inAscii(code)).toMatch(/^[\0-\x7f]*$/);
  expect(runInNewContext(inAscii(code))).toBe(runInNewContext(code));
});

describe('signatures of packages', () => {
  const seed = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, 7)]);
  const key = createPrivateKey({ key: seed, format: 'der', type: 'pkcs8' });

  it('a signature is the one that minisign 0.10 accepted for the same file, comment and key', () => {
    expect(publicKeyText(key)).toBe(
      'untrusted comment: minisign public key E64CABF3122C81FE\nRWT+gSwS86tM5upKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs\n',
    );
    expect(signatureText(key, Buffer.from('one line\n'), 'watchfloor 1.2.3').split('\n')).toEqual([
      'untrusted comment: signature of a Watchfloor release',
      'RUT+gSwS86tM5rTBk8JoFgWJir5i0hltJNRfM2f2jtTGlV6lrOsgmCn2yK5eks4TRkh4KVdUL0CD3A8OwmF8bEqUmZLGwPQ7HQE=',
      'trusted comment: watchfloor 1.2.3',
      'ZxH+5htGF61UicU2/f3lCP2YneSbSDsE/S9fob9W0n4+vpmPqjOVisw8j5nUXiU9Wn6A3rWjYpnf6CxdAqcTAw==',
      '',
    ]);
  });

  it('the key is made once, is its owner’s alone, and signs what comes later', () => {
    const file = join(scratch, 'keys', 'signing-key.pem');
    const made = publicKeyText(signingKey(file));
    expect(publicKeyText(signingKey(file))).toBe(made);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });
});

describe('the Debian package', () => {
  it('its service runs the packaged program, and keeps the limits of the one that runs from a clone', () => {
    expect(unit()).toContain('\nExecStart=/usr/bin/watchfloor-agent\n');
    expect(unit()).not.toContain('/opt/');
    for (const line of ['DynamicUser=yes', 'ProtectSystem=strict', 'Restart=always'])
      expect(unit()).toContain(`\n${line}\n`);
  });

  it('a version that leads to another one is older than that, as Debian orders them', () => {
    expect(debianVersion('1.2.0-rc.1')).toBe('1.2.0~rc.1');
    expect(debianVersion('1.2.0')).toBe('1.2.0');
  });

  it.each(Object.entries(maintainerScripts()))(
    'the shell finds no fault in its script %s, which names its shell',
    (name, script) => {
      expect(script.split('\n', 1)).toEqual(['#!/bin/sh']);
      const { status, stderr } = spawnSync('sh', ['-n'], { encoding: 'utf8', input: script });
      expect({ name, status, stderr }).toEqual({ name, status: 0, stderr: '' });
    },
  );

  it.each([
    ['prerm', 'upgrade'],
    ['postinst', 'abort-upgrade'],
  ])('its script %s does nothing when dpkg says %s', (name, word) => {
    const script = maintainerScripts()[name] ?? '';
    // Whatever it would run is not to be found: it would fail if it came so far.
    const run = spawnSync('/bin/sh', ['-s', word], {
      encoding: 'utf8',
      input: script.replace('-d /run/systemd/system', '-n x'),
      env: { PATH: '/nowhere' },
    });
    expect(run.status).toBe(0);
    expect(run.stderr).toBe('');
  });
});

describe('the RPM package', () => {
  it('its specification lists the files with their modes, and keeps the executable as it is', () => {
    const text = specification('1.2.0-rc.1', ['/usr/bin/watchfloor-agent', '/usr/share/doc/copyright']);
    expect(text).toContain('Version: 1.2.0~rc.1\n');
    expect(text).toContain('%attr(0755, root, root) /usr/bin/watchfloor-agent\n');
    expect(text).toContain('%attr(0644, root, root) /usr/share/doc/copyright\n');
    expect(text).toContain('%global __os_install_post %{nil}\n');
  });

  it('its service is stopped by the last removal only, not by an upgrade', () => {
    const [, removal = ''] = specification('1.0.0', []).split('%preun\n');
    expect(removal.startsWith('[ "$1" = 0 ] || exit 0\n')).toBe(true);
  });
});

describe('executables for macOS', () => {
  /** The smallest file with the segments that a signature names: a header, `__TEXT` with one section, `__LINKEDIT`. */
  function machO(room = 64): Buffer {
    const commands = 72 + 80 + 72;
    const file = Buffer.alloc(0x5000, 7);
    file.fill(0, 0, 32 + commands + room);
    const words = (at: number, ...values: number[]) => {
      for (const [index, value] of values.entries()) file.writeUInt32LE(value, at + index * 4);
    };
    words(0, 0xfeedfacf, 0x0100000c, 0, 2, 2, commands, 0x85);
    const segment = (at: number, name: string, bytes: number, place: number[], sections: number) => {
      words(at, 0x19, bytes);
      file.write(name, at + 8, 'latin1');
      const [address = 0, size = 0, offset = 0, length = 0] = place;
      for (const [index, value] of [address, size, offset, length].entries())
        file.writeBigUInt64LE(BigInt(value), at + 24 + index * 8);
      words(at + 56, 5, 5, sections);
    };
    segment(32, '__TEXT', 152, [0x100000000, 0x4000, 0, 0x4000], 1);
    file.write('__text', 104, 'latin1');
    file.write('__TEXT', 120, 'latin1');
    words(104 + 48, 32 + commands + room);
    segment(184, '__LINKEDIT', 72, [0x100004000, 0x4000, 0x4000, 0x1000], 0);
    return file;
  }

  it('a signed one has a hash of each of its pages, in the place that its last command names', () => {
    const signed = signMachO(machO(), 'agent');
    const command = 256;
    expect(signed.readUInt32LE(16)).toBe(3);
    expect(signed.readUInt32LE(command)).toBe(0x1d);
    const [start, size] = [signed.readUInt32LE(command + 8), signed.readUInt32LE(command + 12)];
    expect([start, start + size]).toEqual([0x5000, signed.length]);
    // The directory of hashes, as <kern/cs_blobs.h> lays it out.
    const directory = start + signed.readUInt32BE(start + 16);
    expect(signed.readUInt32BE(directory)).toBe(0xfade0c02);
    const hashes = directory + signed.readUInt32BE(directory + 16);
    expect(signed.readUInt32BE(directory + 28)).toBe(5);
    for (let page = 0; page < 5; page++)
      expect(signed.subarray(hashes + page * 32, hashes + page * 32 + 32)).toEqual(
        createHash('sha256')
          .update(signed.subarray(page * 4096, page * 4096 + 4096))
          .digest(),
      );
    expect(signed.toString('latin1', directory + 88, directory + 93)).toBe('agent');
    // What is mapped ends with the signature.
    expect(Number(signed.readBigUInt64LE(184 + 40)) + Number(signed.readBigUInt64LE(184 + 48))).toBe(
      signed.length,
    );
  });

  it.each([
    ['that is signed', () => signMachO(machO(), 'agent'), 'this executable is signed already'],
    ['without room for a command', () => machO(8), 'this executable has no room to name its signature'],
    [
      'of another system',
      () => Buffer.from('MZ, and more'.repeat(9)),
      'this is no 64-bit executable of macOS',
    ],
  ])('one %s is refused', (_, file, message) => {
    expect(() => signMachO(file(), 'agent')).toThrow(message);
  });
});

it('a tool that is missing is named, with what to install', () => {
  const asked = { command: 'no-such-tool', args: [], from: 'some-package' };
  expect(() => runTool(asked)).toThrow(
    'no-such-tool is not installed: on Debian, apt-get install some-package',
  );
});
