/** A certificate of one's own: checked before listening, since uWS only says "failed" later. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fingerprintOf, type TlsFiles } from './authority.ts';

const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

async function readPem(file: string, setting: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${setting}: cannot read ${file}: ${why}`, { cause });
  }
}

/**
 * Reads a chain and its key. The fingerprint is that of the chain's last certificate when it signed itself
 * (a private authority, or a self-signed certificate); null when agents are to use their system's trust.
 */
export async function checkOwnCertificate(
  certFile: string,
  keyFile: string,
  now = Date.now(),
): Promise<TlsFiles> {
  const pem = await readPem(certFile, 'WATCHFLOOR_TLS_CERT');
  const keyPem = await readPem(keyFile, 'WATCHFLOOR_TLS_KEY');
  const blocks = pem.match(BLOCK) ?? [];
  const [leafPem, topPem] = [blocks[0], blocks.at(-1)];
  if (leafPem === undefined || topPem === undefined)
    throw new Error(`WATCHFLOOR_TLS_CERT: ${certFile} holds no PEM certificate`);
  const leaf = new X509Certificate(leafPem);
  if (!leaf.checkPrivateKey(createPrivateKey(keyPem)))
    throw new Error(`WATCHFLOOR_TLS_KEY: ${keyFile} is not the key of ${certFile}`);
  if (Date.parse(leaf.validTo) < now)
    throw new Error(`WATCHFLOOR_TLS_CERT: ${certFile} ended on ${leaf.validTo}`);
  const top = new X509Certificate(topPem);
  const signedItself = top.checkIssued(top) && top.verify(top.publicKey);
  return { certFile, keyFile, fingerprint: signedItself ? fingerprintOf(topPem) : null };
}
