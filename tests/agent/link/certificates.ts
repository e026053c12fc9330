/** Makes authorities and server certificates for tests. */
import 'reflect-metadata';
import { createHash, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY = 86_400_000;

export interface Authority {
  readonly pem: string;
  /** SHA-256 of the certificate's DER form, in hex. */
  readonly fingerprint: string;
  /**
   * Signs a server certificate; it is valid from a day before `at` (epoch milliseconds) to a day after.
   * @param names the host names that it is for
   */
  issue(at?: number, names?: readonly string[]): Promise<{ cert: string; key: string }>;
}

async function keys() {
  return webcrypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
}

async function keyPem(key: webcrypto.CryptoKey): Promise<string> {
  return x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY');
}

let serial = 1;

/** The authority is valid from a day before `made` (epoch milliseconds) to a day after. */
export async function makeAuthority(name: string, made = Date.now()): Promise<Authority> {
  x509.cryptoProvider.set(webcrypto);
  const own = await keys();
  const during = { notBefore: new Date(made - DAY), notAfter: new Date(made + DAY) };
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: String(serial++).padStart(2, '0'),
    name: `CN=${name}`,
    ...during,
    keys: own,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign, true),
    ],
  });
  return {
    pem: `${root.toString('pem')}\n`,
    fingerprint: createHash('sha256').update(Buffer.from(root.rawData)).digest('hex'),
    async issue(at = Date.now(), names = ['another.name.example']) {
      const leafKeys = await keys();
      const leaf = await x509.X509CertificateGenerator.create({
        serialNumber: String(serial++).padStart(2, '0'),
        subject: 'CN=server',
        issuer: root.subject,
        notBefore: new Date(at - DAY),
        notAfter: new Date(at + DAY),
        publicKey: leafKeys.publicKey,
        signingKey: own.privateKey,
        signingAlgorithm: ALGORITHM,
        extensions: [
          new x509.SubjectAlternativeNameExtension(names.map((value) => ({ type: 'dns', value }))),
        ],
      });
      return { cert: `${leaf.toString('pem')}\n`, key: await keyPem(leafKeys.privateKey) };
    },
  };
}

/** An authority, and what a server needs to serve with a certificate that the authority signed. */
export async function makeServerTls(): Promise<{ authority: Authority; tls: { cert: string; key: string } }> {
  const authority = await makeAuthority('Watchfloor authority');
  const { cert, key } = await authority.issue();
  return { authority, tls: { cert: cert + authority.pem, key } };
}
