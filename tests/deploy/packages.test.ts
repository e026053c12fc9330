import { execFileSync, spawnSync } from 'node:child_process';
import { createPrivateKey } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { inventory } from '#protocol/sample.ts';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { SURVEY } from '../../agent/service/itself.ts';
import { writeBundle } from '../../deploy/packages/bundle.ts';
import { debianVersion, packagedUnit } from '../../deploy/packages/debian.ts';
import { publicKeyText, signatureText, signingKey } from '../../deploy/packages/minisign.ts';
import { runTool } from '../../deploy/packages/tool.ts';

const root = join(import.meta.dirname, '..', '..');
const packages = join(root, 'deploy', 'packages');
const scratch = mkdtempSync(join(tmpdir(), 'watchfloor-packages-'));
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

const unit = () =>
  packagedUnit(readFileSync(join(root, 'deploy', 'systemd', 'watchfloor-agent.service'), 'utf8'));

it('the agent as one file runs where none of its packages are', async () => {
  const file = join(scratch, 'agent.cjs');
  await writeBundle(file);
  const say = (arg: string) =>
    execFileSync(process.execPath, [file, arg], { cwd: scratch, encoding: 'utf8', stdio: 'pipe' });
  expect(say('--version')).toBe(`${WATCHFLOOR_VERSION}\n`);
  // The inventory is gathered by another process of the same program.
  expect(inventory.parse(JSON.parse(say(SURVEY))).agent_version).toBe(WATCHFLOOR_VERSION);
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

  it.each(['postinst', 'prerm', 'postrm'])('the shell finds no fault in its script %s', (name) => {
    const { status, stderr } = spawnSync('sh', ['-n', join(packages, 'debian', name)], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

it('a tool that is missing is named, with what to install', () => {
  const asked = { command: 'no-such-tool', args: [], from: 'some-package' };
  expect(() => runTool(asked)).toThrow(
    'no-such-tool is not installed: on Debian, apt-get install some-package',
  );
});
