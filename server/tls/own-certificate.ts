/**
 * Checks the certificate and key named in the settings before the server listens: uWS's own error names no
 * cause.
 */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { errorText } from '#protocol/errors.ts';
import type { TlsFiles } from './authority.ts';
import { fingerprintOf } from './fingerprint.ts';

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** The certificates in a PEM text, each as PEM, in order. */
export function certificatesIn(pem: string): readonly string[] {
  return pem.match(BLOCK) ?? [];
}

async function readPem(file: string, setting: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const why = errorText(cause);
    throw new Error(`${setting}: cannot read ${file}: ${why}`, { cause });
  }
}

function readCertificate(pem: string, file: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new Error(`WATCHFLOOR_TLS_CERT: ${file} is damaged: it holds a certificate that cannot be read`, {
      cause,
    });
  }
}

function readKey(pem: string, file: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new Error(`WATCHFLOOR_TLS_KEY: ${file} is not a PEM private key without a passphrase`, { cause });
  }
}

/** The certificate and those that issued it, one after the other, as far as they are among `all`. */
function withIssuers(first: X509Certificate, all: readonly X509Certificate[]): readonly X509Certificate[] {
  const chain = [first];
  for (let last = first; ;) {
    const issuer = all.find(
      (one) => !chain.includes(one) && last.checkIssued(one) && last.verify(one.publicKey),
    );
    if (issuer === undefined) return chain;
    chain.push(issuer);
    last = issuer;
  }
}

const subjectOf = ({ subject }: X509Certificate) => subject.replaceAll('\n', ', ');

/**
 * Why agents and browsers that ask for this host refuse the certificate; null where they accept it.
 * @param host a name or an address; IPv6 without brackets
 */
export function hostProblem(pem: string, host: string, certFile: string): string | null {
  const leaf = new X509Certificate(certificatesIn(pem)[0] ?? '');
  // Browsers do not look for a name in the subject.
  const isNamed = isIP(host) === 0 ? leaf.checkHost(host, { subject: 'never' }) : leaf.checkIP(host);
  if (isNamed !== undefined) return null;
  return `The certificate in ${certFile} is not for ${host}, the host of WATCHFLOOR_PUBLIC_URL, but for ${leaf.subjectAltName ?? 'no host at all'}: agents and browsers refuse this server there. Use a certificate that names the host, or correct WATCHFLOOR_PUBLIC_URL.`;
}

/**
 * Reads and checks a certificate chain and its key. The fingerprint is that of the chain's last certificate
 * when it is self-signed (a private authority, or the server's certificate itself); else null: agents use
 * their system's roots.
 * @throws Error naming the setting and the file that is wrong
 */
export async function checkOwnCertificate(
  certFile: string,
  keyFile: string,
  now = Date.now(),
): Promise<TlsFiles> {
  const pem = await readPem(certFile, 'WATCHFLOOR_TLS_CERT');
  const keyPem = await readPem(keyFile, 'WATCHFLOOR_TLS_KEY');
  const all = certificatesIn(pem).map((one) => readCertificate(one, certFile));
  if (all.length === 0) throw new Error(`WATCHFLOOR_TLS_CERT: ${certFile} holds no PEM certificate`);
  const key = readKey(keyPem, keyFile);
  // The server's own has issued none of the others.
  const leaf = all.find(
    (one) => one.checkPrivateKey(key) && !all.some((other) => other !== one && other.checkIssued(one)),
  );
  if (leaf === undefined) throw new Error(`WATCHFLOOR_TLS_KEY: ${keyFile} is not the key of ${certFile}`);
  const chain = withIssuers(leaf, all);
  if (chain.some((one, i) => one !== all[i]))
    throw new Error(
      `WATCHFLOOR_TLS_CERT: ${certFile} holds its certificates in the wrong order. The server's own comes first, then the issuer of each: ${chain.map(subjectOf).join(', then ')}`,
    );
  if (Date.parse(leaf.validTo) < now)
    throw new Error(`WATCHFLOOR_TLS_CERT: ${certFile} ended on ${leaf.validTo}`);
  const top = chain.at(-1) ?? leaf;
  const isSelfSigned = top.checkIssued(top) && top.verify(top.publicKey);
  return { certFile, keyFile, fingerprint: isSelfSigned ? fingerprintOf(top.toString()) : null };
}
