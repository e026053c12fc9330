/**
 * [S1] The server's own certificate authority, for when it was given no certificate. Agents trust exactly this
 * authority by its fingerprint. P-256 keys; the authority is good for ten years, a server certificate for one,
 * and is made anew at a start when it is about to end or the machine's names have changed.
 */
import 'reflect-metadata';
import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import writeFileAtomic from 'write-file-atomic';
import { fingerprintOf } from './fingerprint.ts';
import { errorCode } from '#protocol/errors.ts';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;
const AUTHORITY_DAYS = 3650;
const SERVER_DAYS = 397;
const RENEW_BEFORE_DAYS = 60;

export interface TlsFiles {
  readonly certFile: string;
  readonly keyFile: string;
  /** Lower-case hex SHA-256 of the authority's DER; null with a certificate of one's own that needs no pin. */
  readonly fingerprint: string | null;
}

interface KeyedCertificate {
  readonly pem: string;
  readonly keyPem: string;
}

async function toPem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

function serialNumber(): string {
  // The first bit clear: a serial number is a positive integer.
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

async function makeServerCertificate(
  authority: KeyedCertificate,
  names: readonly string[],
  now: Date,
): Promise<KeyedCertificate> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
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

async function readOrNothing(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

async function readAuthority(certFile: string, keyFile: string): Promise<KeyedCertificate | undefined> {
  const [pem, keyPem] = await Promise.all([readOrNothing(certFile), readOrNothing(keyFile)]);
  if (pem !== undefined && keyPem !== undefined) return { pem, keyPem };
  if (pem === undefined && keyPem === undefined) return undefined;
  // A new authority in its place would turn every agent away.
  const [lost, left] = pem === undefined ? [certFile, keyFile] : [keyFile, certFile];
  throw new Error(
    `${lost} is missing. Restore it from a backup; to start with a new authority, which every agent has to be enrolled with again, delete ${left}.`,
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

function stillServes(
  { pem, keyPem }: KeyedCertificate,
  file: string,
  authorityPem: string,
  names: readonly string[],
  now: Date,
): boolean {
  const certificate = firstCertificate(pem, file);
  const authority = firstCertificate(authorityPem, file);
  if (!certificate.verify(authority.publicKey) || !isKeyOf(certificate, keyPem)) return false;
  if (Date.parse(certificate.validTo) - now.getTime() < RENEW_BEFORE_DAYS * DAY_MS) return false;
  return names.every((name) =>
    altName(name).type === 'ip'
      ? certificate.checkIP(name) !== undefined
      : certificate.checkHost(name, { subject: 'never' }) !== undefined,
  );
}

/**
 * Makes or reads the authority and the server's certificate in `dir` (0700; keys 0600).
 * `names`: every host name and address the server answers to. The certificate file holds the whole chain.
 */
export async function openAuthority(
  dir: string,
  names: readonly string[],
  now = new Date(),
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
  if (!authority) {
    authority = await makeAuthority(now);
    await writeFileAtomic(caKeyFile, authority.keyPem, { mode: 0o600 });
    await writeFileAtomic(caFile, authority.pem, { mode: 0o644 });
  }
  firstCertificate(authority.pem, caFile);

  const [pem, keyPem] = await Promise.all([readOrNothing(certFile), readOrNothing(keyFile)]);
  const current = pem !== undefined && keyPem !== undefined ? { pem, keyPem } : undefined;
  if (!current || !stillServes(current, certFile, authority.pem, names, now)) {
    const made = await makeServerCertificate(authority, names, now);
    await writeFileAtomic(keyFile, made.keyPem, { mode: 0o600 });
    await writeFileAtomic(certFile, `${made.pem.trim()}\n${authority.pem.trim()}\n`, { mode: 0o644 });
  }
  return { certFile, keyFile, fingerprint: fingerprintOf(authority.pem) };
}
