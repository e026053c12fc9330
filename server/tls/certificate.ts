/** The certificate the server speaks TLS with: its own authority's, or one that was given to it. */
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config/config.ts';
import { openAuthority, type TlsFiles } from './authority.ts';
import { checkOwnCertificate } from './own-certificate.ts';

/** Every name and address this machine answers to. */
function ownNames(config: Config): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  // A link-local address needs its zone, which a certificate cannot hold.
  const usable = addresses.filter(({ address, scopeid }) => !address.includes('%') && !scopeid);
  const given =
    config.publicUrl === undefined ? [] : [new URL(config.publicUrl).hostname.replace(/^\[|\]$/g, '')];
  const fixed = ['localhost', '127.0.0.1', '::1', hostname()];
  return [...new Set([...fixed, ...usable.map(({ address }) => address), ...config.tlsNames, ...given])];
}

/** null: TLS is off. Rejects with what to mend. */
export async function openTls(config: Config): Promise<TlsFiles | null> {
  if (config.tls === 'off') return null;
  if (config.tls === 'auto') return openAuthority(join(config.data, 'tls'), ownNames(config));
  return checkOwnCertificate(config.tls.certFile, config.tls.keyFile);
}
