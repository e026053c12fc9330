import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { loadConfig } from '../../server/config/config.ts';
import { openAuthority } from '../../server/tls/authority.ts';
import { openCertificate } from '../../server/tls/certificate.ts';
import { fingerprintOf, pinOf } from '../../server/tls/fingerprint.ts';
import { certificatesIn, checkOwnCertificate } from '../../server/tls/own-certificate.ts';
import { ownFolder } from '../state/folder.ts';
import { makeChain } from './chain.ts';

const NAMES = ['localhost', '127.0.0.1', '::1', 'watch.example.com'];
const DAY = 86_400_000;
let dir: string;
beforeEach(() => {
  dir = join(ownFolder(), 'tls');
});
const file = (name: string) => join(dir, name);
const text = (name: string) => readFileSync(file(name), 'utf8');
const leaf = () => new X509Certificate(text('server.crt'));

describe('the authority', () => {
  test('[S1] the authority signs a certificate for every name and address, valid for a year', async () => {
    const { fingerprint } = await openAuthority(dir, NAMES);
    const authority = new X509Certificate(text('authority.crt'));
    expect(fingerprint).toBe(authority.fingerprint256.replaceAll(':', '').toLowerCase());
    expect(authority.ca).toBe(true);
    expect(leaf().ca).toBe(false);
    expect(leaf().verify(authority.publicKey)).toBe(true);
    expect(leaf().checkHost('watch.example.com')).toBe('watch.example.com');
    expect(leaf().checkHost('other.example.com')).toBeUndefined();
    expect(leaf().checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(leaf().checkIP('::1')).toBe('::1');
    expect(Date.parse(leaf().validTo) - Date.now()).toBeLessThan(398 * DAY);
    expect(text('server.crt').match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
  });

  test('[S1] only the owner can read the keys of the authority and the server', async () => {
    await openAuthority(dir, NAMES);
    const modes = ['authority.key', 'server.key'].map((name) => statSync(file(name)).mode & 0o777);
    expect([...modes, statSync(dir).mode & 0o777]).toEqual([0o600, 0o600, 0o700]);
  });

  test('[S1] opening the authority again changes neither it nor the server certificate', async () => {
    const first = await openAuthority(dir, NAMES);
    const before = text('server.crt');
    expect(await openAuthority(dir, NAMES.slice(1))).toEqual(first);
    expect(text('server.crt')).toBe(before);
  });

  test.each([
    ['a further name', [...NAMES, 'new.example.com'], 0],
    ['a further address', [...NAMES, '10.1.2.3'], 0],
    ['the last 59 days of the old one', NAMES, 338 * DAY],
  ])('[S1] the same authority signs a new server certificate for %s', async (_, names, laterMs) => {
    const { fingerprint } = await openAuthority(dir, NAMES);
    const before = leaf().serialNumber;
    const pin = pinOf(text('server.crt'));
    const again = await openAuthority(dir, names, { now: new Date(Date.now() + laterMs) });
    expect(again.fingerprint).toBe(fingerprint);
    expect(leaf().serialNumber).not.toBe(before);
    expect(leaf().checkHost('watch.example.com')).toBeDefined();
    // The lines that install agents pin the key, so it is kept.
    expect(pinOf(text('server.crt'))).toBe(pin);
    await expect(checkOwnCertificate(file('server.crt'), file('server.key'))).resolves.toBeDefined();
  });

  test.each([
    ['2012', new Date('2012-01-01')],
    ['2069', new Date('2069-01-01')],
  ])(
    '[S1] an authority made with the clock in %s is replaced as long as no machine has joined',
    async (_, then) => {
      const before = await openAuthority(dir, NAMES, { now: then, isPinned: false });
      const kept = await openAuthority(dir, NAMES, { isPinned: true });
      expect(kept.fingerprint).toBe(before.fingerprint);
      const after = await openAuthority(dir, NAMES, { isPinned: false });
      expect(after.fingerprint).not.toBe(before.fingerprint);
      expect(leaf().verify(new X509Certificate(text('authority.crt')).publicKey)).toBe(true);
      expect(Date.parse(leaf().validFrom)).toBeLessThan(Date.now());
      // What was replaced is kept.
      expect(readdirSync(dir).filter((name) => name.includes('.invalid-'))).toHaveLength(2);
      // The next start keeps the new one.
      expect((await openAuthority(dir, NAMES, { isPinned: false })).fingerprint).toBe(after.fingerprint);
    },
  );

  test('[S1] a server certificate that is not valid yet is replaced', async () => {
    await openAuthority(dir, NAMES);
    const { fingerprint } = await openAuthority(dir, [...NAMES, 'later'], {
      now: new Date(Date.now() + 200 * DAY),
    });
    expect(Date.parse(leaf().validFrom)).toBeGreaterThan(Date.now());
    expect((await openAuthority(dir, NAMES)).fingerprint).toBe(fingerprint);
    expect(Date.parse(leaf().validFrom)).toBeLessThan(Date.now());
  });

  test('[S1] a server key and certificate that do not fit, as after a crash, are both replaced', async () => {
    const { fingerprint } = await openAuthority(dir, NAMES);
    writeFileSync(file('server.key'), text('authority.key'));
    expect((await openAuthority(dir, NAMES)).fingerprint).toBe(fingerprint);
    await expect(checkOwnCertificate(file('server.crt'), file('server.key'))).resolves.toBeDefined();
  });

  test('[S1] the error about a damaged authority certificate says what to do', async () => {
    await openAuthority(dir, NAMES);
    writeFileSync(file('authority.crt'), 'rubbish');
    await expect(openAuthority(dir, NAMES)).rejects.toThrow(
      /authority\.crt is not a PEM certificate\. Restore it/,
    );
  });

  test.each(['authority.key', 'authority.crt'])(
    '[S1] an authority that lacks only %s is not replaced, as every agent would refuse a new one',
    async (name) => {
      await openAuthority(dir, NAMES);
      rmSync(file(name));
      await expect(openAuthority(dir, NAMES)).rejects.toThrow(new RegExp(`${name} is missing.*[Rr]estore`));
    },
  );
});

describe('certificates from the settings', () => {
  const check = (cert: string, key: string, now?: number) => checkOwnCertificate(file(cert), file(key), now);
  beforeEach(async () => {
    await openAuthority(dir, NAMES);
  });

  test('[S1] agents pin the private authority in the chain of a certificate from the settings', async () => {
    const { fingerprint } = await check('server.crt', 'server.key');
    const authority = new X509Certificate(text('authority.crt'));
    expect(fingerprint).toBe(authority.fingerprint256.replaceAll(':', '').toLowerCase());
  });

  test('[S1] a certificate without a root in its chain has no fingerprint to pin', async () => {
    writeFileSync(
      file('leaf.crt'),
      `${text('server.crt').split('-----END CERTIFICATE-----')[0]}-----END CERTIFICATE-----\n`,
    );
    expect((await check('leaf.crt', 'server.key')).fingerprint).toBeNull();
  });

  test('[S1] the error about a chain in the wrong order names the right one', async () => {
    const [server = '', authority = ''] = certificatesIn(text('server.crt'));
    writeFileSync(file('turned.crt'), `${authority}\n${server}\n`);
    await expect(check('turned.crt', 'server.key')).rejects.toThrow(
      /WATCHFLOOR_TLS_CERT: .*turned\.crt holds its certificates in the wrong order.*: CN=Watchfloor.*, then CN=Watchfloor authority$/,
    );
  });

  test('[S1] a chain whose issuers are in the wrong order is refused, and one with a further root is not', async () => {
    const { leaf: own, key, middle, root } = await makeChain();
    writeFileSync(file('own.key'), key);
    const written = (name: string, ...pems: string[]) => {
      writeFileSync(file(name), pems.join('\n'));
      return check(name, 'own.key');
    };
    const { fingerprint } = await written('right.crt', own, middle, root);
    expect(fingerprint).toBe(fingerprintOf(root));
    await expect(written('turned.crt', own, root, middle)).rejects.toThrow(
      /wrong order.*: CN=own, then CN=middle, then CN=root$/,
    );
    await expect(written('more.crt', own, middle, root, text('authority.crt'))).resolves.toMatchObject({
      fingerprint,
    });
    await expect(written('short.crt', own, middle)).resolves.toMatchObject({ fingerprint: null });
  });

  test.each([
    [
      'the host of the public URL',
      {},
      'https://other.example.com:8443',
      /not for other\.example\.com.*watch\.example\.com/,
    ],
    ['an address as its host', {}, 'https://10.9.9.9', /not for 10\.9\.9\.9/],
    ['nothing', {}, 'https://watch.example.com', null],
    ['nothing, with an address', {}, 'https://[::1]:8443', null],
    [
      'nothing that counts behind a proxy',
      { WATCHFLOOR_TRUSTED_PROXIES: '10.0.0.1' },
      'https://other.example.com',
      null,
    ],
  ])('[S1] a certificate that lacks %s', async (_, settings, publicUrl, problem) => {
    const command = await loadConfig([], {
      WATCHFLOOR_DATA: dir,
      WATCHFLOOR_TLS_CERT: file('server.crt'),
      WATCHFLOOR_TLS_KEY: file('server.key'),
      WATCHFLOOR_PUBLIC_URL: publicUrl,
      ...settings,
    });
    if (command.kind !== 'run') throw new Error('the settings ask for help');
    const looked = await (await openCertificate(command.config, () => false))?.look();
    if (problem === null) expect(looked?.problem).toBeNull();
    else expect(looked?.problem).toMatch(problem);
  });

  test.each([
    ['a missing certificate', 'none.crt', 'server.key', /WATCHFLOOR_TLS_CERT: cannot read .*none\.crt/],
    ['a missing key', 'server.crt', 'none.key', /WATCHFLOOR_TLS_KEY: cannot read .*none\.key/],
    [
      'an exchange of certificate and key',
      'server.key',
      'server.crt',
      /WATCHFLOOR_TLS_CERT: .* holds no PEM certificate/,
    ],
    [
      'the key of another certificate',
      'server.crt',
      'authority.key',
      /WATCHFLOOR_TLS_KEY: .* is not the key of/,
    ],
    [
      'a key file that holds no key',
      'server.crt',
      'rubbish.key',
      /WATCHFLOOR_TLS_KEY: .*rubbish\.key is not a PEM private key/,
    ],
    ['a cut certificate', 'cut.crt', 'server.key', /WATCHFLOOR_TLS_CERT: .*cut\.crt is damaged/],
  ])('[S1] the error about %s names the setting and the file', async (_, cert, key, message) => {
    writeFileSync(file('rubbish.key'), 'rubbish');
    writeFileSync(file('cut.crt'), '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n');
    await expect(check(cert, key)).rejects.toThrow(message);
  });

  test('[S1] the error about an expired certificate says when it ended', async () => {
    await expect(check('server.crt', 'server.key', Date.now() + 400 * DAY)).rejects.toThrow(
      /server\.crt ended on/,
    );
  });
});

describe('the certificate while the server runs', () => {
  test('[S1] one that is not valid any more is told in the same words at each look of a day', async () => {
    const command = await loadConfig(['--data', ownFolder()], {});
    if (command.kind !== 'run') throw new Error('no config');
    const certificate = await openCertificate(command.config, () => true);
    const noon = Date.UTC(2069, 0, 1, 12);
    const looks = [await certificate?.look(new Date(noon)), await certificate?.look(new Date(noon + 10_000))];
    const [first, second] = looks.map((look) => look?.problem);
    expect(first).toMatch(/clock says 2069-01-01: agents and browsers refuse this server/);
    expect(second).toBe(first);
  });
});
