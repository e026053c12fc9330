/** Opens the server's TLS certificate: one of its own authority, or the one named in the settings. */
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { openAuthority, type TlsFiles } from './authority.ts';
import { checkOwnCertificate } from './own-certificate.ts';

/** Every name and address this machine can be reached by, for the certificate. */
function namesOfMachine(config: Config): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  // A link-local address only works with its zone, which a certificate cannot contain.
  const usable = addresses.filter(({ address, scopeid }) => !address.includes('%') && !scopeid);
  const publicName =
    config.publicUrl === undefined ? [] : [new URL(config.publicUrl).hostname.replace(/^\[|\]$/g, '')];
  const fixed = ['localhost', '127.0.0.1', '::1', hostname()];
  return [...new Set([...fixed, ...usable.map(({ address }) => address), ...config.tlsNames, ...publicName])];
}

/** Returns null when TLS is off. Rejects with an Error that says what to correct. */
export async function openTls(config: Config): Promise<TlsFiles | null> {
  if (config.tls === 'off') return null;
  if (config.tls === 'auto') return openAuthority(join(config.data, 'tls'), namesOfMachine(config));
  return checkOwnCertificate(config.tls.certFile, config.tls.keyFile);
}
