/**
 * Checks the certificate and key named in the settings before the server listens: uWS's own error names no
 * cause.
 */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
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
  const chain = certificatesIn(pem);
  const leafPem = chain[0];
  const topPem = chain.at(-1);
  if (leafPem === undefined || topPem === undefined)
    throw new Error(`WATCHFLOOR_TLS_CERT: ${certFile} holds no PEM certificate`);
  const leaf = readCertificate(leafPem, certFile);
  if (!leaf.checkPrivateKey(readKey(keyPem, keyFile)))
    throw new Error(`WATCHFLOOR_TLS_KEY: ${keyFile} is not the key of ${certFile}`);
  if (Date.parse(leaf.validTo) < now)
    throw new Error(`WATCHFLOOR_TLS_CERT: ${certFile} ended on ${leaf.validTo}`);
  const top = readCertificate(topPem, certFile);
  const isSelfSigned = top.checkIssued(top) && top.verify(top.publicKey);
  return { certFile, keyFile, fingerprint: isSelfSigned ? fingerprintOf(topPem) : null };
}
