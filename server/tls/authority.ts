/**
 * [S1] The certificate authority that the server makes when it is given no certificate. Agents trust exactly
 * this authority by its fingerprint. Keys are P-256. The authority is valid for ten years, a server
 * certificate for one; one that ends within 60 days or lacks one of the machine's names is replaced, at the start
 * and while the server runs. The server's key stays the same: curl pins it in the line that installs an agent. It is
 * replaced by deleting its file.
 */
import 'reflect-metadata';
import { createPrivateKey, createPublicKey, webcrypto, X509Certificate } from 'node:crypto';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import writeFileAtomic from 'write-file-atomic';
import { readIfThere } from '../state/data-folder.ts';
import { fingerprintOf } from './fingerprint.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3650;
const SERVER_DAYS = 397;
const RENEW_BEFORE_DAYS = 60;

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /**
   * SHA-256 of the DER of the authority that agents pin, lower-case hex; null when they use their system's
   * roots.
   */
  readonly fingerprint: string | null;
}

interface KeyedCertificate {
  /** The certificate as PEM. */
  readonly pem: string;
  readonly keyPem: string;
}

async function toPem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

function serialNumber(): string {
  // The first bit is cleared, as a serial number must be a positive integer.
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return Buffer.from(bytes).toString('hex');
}

async function makeAuthority(now: Date): Promise<KeyedCertificate> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(),
    name: 'CN=Watchfloor authority',
    notBefore: new Date(now.getTime() - DAY_MS),
    notAfter: new Date(now.getTime() + AUTHORITY_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { pem: certificate.toString('pem'), keyPem: await toPem(keys.privateKey) };
}

function altName(name: string): { type: 'ip' | 'dns'; value: string } {
  return { type: /^[\d.]+$|:/.test(name) ? 'ip' : 'dns', value: name };
}

/** The P-256 key of a PEM, both halves; undefined for anything else. */
async function readKeys(keyPem: string | undefined): Promise<webcrypto.CryptoKeyPair | undefined> {
  if (keyPem === undefined) return undefined;
  try {
    const key = createPrivateKey(keyPem);
    if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') return undefined;
    const privateKey = key.toCryptoKey(ALGORITHM, true, ['sign']);
    const publicKey = createPublicKey(key).toCryptoKey(ALGORITHM, true, ['verify']);
    return { privateKey, publicKey };
  } catch (error) {
    if (error instanceof Error) return undefined;
    throw error;
  }
}

/** @param keyPem the key that the server has already: it is kept, as lines that install agents pin it */
async function makeServerCertificate(
  authority: KeyedCertificate,
  names: readonly string[],
  now: Date,
  keyPem: string | undefined,
): Promise<KeyedCertificate> {
  const keys =
    (await readKeys(keyPem)) ?? (await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']));
  const issuer = new x509.X509Certificate(authority.pem);
  const signingKey = await webcrypto.subtle.importKey(
    'pkcs8',
    x509.PemConverter.decodeFirst(authority.keyPem),
    ALGORITHM,
    false,
    ['sign'],
  );
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(),
    subject: 'CN=Watchfloor',
    issuer: issuer.subject,
    notBefore: new Date(now.getTime() - DAY_MS),
    notAfter: new Date(now.getTime() + SERVER_DAYS * DAY_MS),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(names.map(altName)),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return { pem: certificate.toString('pem'), keyPem: await toPem(keys.privateKey) };
}

async function readAuthority(certFile: string, keyFile: string): Promise<KeyedCertificate | undefined> {
  const [pem, keyPem] = (await Promise.all([certFile, keyFile].map(readIfThere))).map((file) =>
    file?.toString('utf8'),
  );
  if (pem !== undefined && keyPem !== undefined) return { pem, keyPem };
  if (pem === undefined && keyPem === undefined) return undefined;
  // A new authority in its place would have another fingerprint, so every agent would refuse the server.
  const [lostFile, otherFile] = pem === undefined ? [certFile, keyFile] : [keyFile, certFile];
  throw new Error(
    `${lostFile} is missing. Restore it from a backup; to start with a new authority, which every agent has to be enrolled with again, delete ${otherFile}.`,
  );
}

function isKeyOf(certificate: X509Certificate, keyPem: string): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(keyPem));
  } catch (error) {
    if (error instanceof Error) return false;
    throw error;
  }
}

function firstCertificate(pem: string, file: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new Error(`${file} is not a PEM certificate. Restore it, or delete it to have a new one made.`, {
      cause,
    });
  }
}

/** Whether the server certificate is signed by the authority and of this key. */
function isOf({ pem, keyPem }: KeyedCertificate, certFile: string, authorityPem: string): boolean {
  const certificate = firstCertificate(pem, certFile);
  return (
    certificate.verify(firstCertificate(authorityPem, certFile).publicKey) && isKeyOf(certificate, keyPem)
  );
}

/** Whether the server certificate is signed by the authority, long enough valid, and covers all names. */
function isStillUsable(
  current: KeyedCertificate,
  certFile: string,
  authorityPem: string,
  names: readonly string[],
  now: Date,
): boolean {
  const certificate = firstCertificate(current.pem, certFile);
  if (!isOf(current, certFile, authorityPem)) return false;
  if (Date.parse(certificate.validFrom) > now.getTime()) return false;
  if (Date.parse(certificate.validTo) - now.getTime() < RENEW_BEFORE_DAYS * DAY_MS) return false;
  return names.every((name) =>
    altName(name).type === 'ip'
      ? certificate.checkIP(name) !== undefined
      : certificate.checkHost(name, { subject: 'never' }) !== undefined,
  );
}

function isValidAt({ validFrom, validTo }: X509Certificate, now: Date): boolean {
  return Date.parse(validFrom) <= now.getTime() && now.getTime() < Date.parse(validTo);
}

export interface AuthorityOptions {
  readonly now?: Date;
  /**
   * Whether machines may have joined. They trust this authority and no other, so it is never replaced then, not
   * even when it is not valid at `now`.
   */
  readonly isPinned?: boolean;
}

/**
 * Reads the authority and the server's certificate in `dir`, or makes them (folder 0700, keys 0600). The
 * certificate file holds the whole chain.
 * @param names every host name and address the server can be reached by
 * @throws Error when a file is damaged or one of the authority's files is missing; the message says what to
 * do
 */
export async function openAuthority(
  dir: string,
  names: readonly string[],
  { now = new Date(), isPinned = true }: AuthorityOptions = {},
): Promise<TlsFiles> {
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const file = (name: string) => join(dir, name);
  const [caFile, caKeyFile, certFile, keyFile] = [
    file('authority.crt'),
    file('authority.key'),
    file('server.crt'),
    file('server.key'),
  ];

  let authority = await readAuthority(caFile, caKeyFile);
  if (authority && !isPinned && !isValidAt(firstCertificate(authority.pem, caFile), now)) {
    // The clock was wrong when it was made. No agent trusts it yet, so another one takes its place.
    for (const path of [caKeyFile, caFile]) await rename(path, `${path}.invalid-${now.getTime()}`);
    authority = undefined;
  }
  if (!authority) {
    authority = await makeAuthority(now);
    await writeFileAtomic(caKeyFile, authority.keyPem, { mode: 0o600 });
    await writeFileAtomic(caFile, authority.pem, { mode: 0o644 });
  }
  firstCertificate(authority.pem, caFile);

  const [pem, keyPem] = (await Promise.all([certFile, keyFile].map(readIfThere))).map((file) =>
    file?.toString('utf8'),
  );
  const current = pem !== undefined && keyPem !== undefined ? { pem, keyPem } : undefined;
  if (!current || !isStillUsable(current, certFile, authority.pem, names, now)) {
    const isOurs = current !== undefined && isOf(current, certFile, authority.pem);
    const renewed = await makeServerCertificate(authority, names, now, isOurs ? keyPem : undefined);
    await writeFileAtomic(keyFile, renewed.keyPem, { mode: 0o600 });
    await writeFileAtomic(certFile, `${renewed.pem.trim()}\n${authority.pem.trim()}\n`, { mode: 0o644 });
  }
  return { certFile, keyFile, fingerprint: fingerprintOf(authority.pem) };
}
