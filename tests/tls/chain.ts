/** A chain of three certificates, for tests: a server's own, the one that issued it, and that one's root. */
import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

/** Each as PEM; `key` is that of the leaf. */
export async function makeChain() {
  x509.cryptoProvider.set(webcrypto);
  const keys = () => webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const [own, middle, root] = await Promise.all([keys(), keys(), keys()]);
  const make = (
    name: string,
    { publicKey }: webcrypto.CryptoKeyPair,
    issuer: string,
    by: webcrypto.CryptoKeyPair,
  ) =>
    x509.X509CertificateGenerator.create({
      subject: `CN=${name}`,
      issuer: `CN=${issuer}`,
      notBefore: new Date(Date.now() - DAY_MS),
      notAfter: new Date(Date.now() + DAY_MS),
      signingAlgorithm: ALGORITHM,
      publicKey,
      signingKey: by.privateKey,
      extensions: [new x509.BasicConstraintsExtension(name !== 'own')],
    });
  const pem = async (...parts: Parameters<typeof make>) => (await make(...parts)).toString('pem');
  const key = x509.PemConverter.encode(
    await webcrypto.subtle.exportKey('pkcs8', own.privateKey),
    'PRIVATE KEY',
  );
  return {
    key,
    leaf: await pem('own', own, 'middle', middle),
    middle: await pem('middle', middle, 'root', root),
    root: await pem('root', root, 'root', root),
  };
}
