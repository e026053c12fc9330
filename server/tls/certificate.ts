/** The server's TLS certificate: one of its own authority, or the one named in the settings. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { errorText } from '#protocol/errors.ts';
import type { Config } from '../config/config.ts';
import { openAuthority, type TlsFiles } from './authority.ts';
import { certificatesIn, checkOwnCertificate, hostProblem } from './own-certificate.ts';

export interface Certificate {
  readonly files: TlsFiles;
  /**
   * Looks at the files again, and renews what the server made itself and will end soon. `changed`: whether the files
   * hold another certificate than before; `problem`: why agents or browsers refuse this server, or the files cannot
   * be used, in words for an administrator.
   */
  look(now?: Date): Promise<{ readonly changed: boolean; readonly problem: string | null }>;
}

/** The host of the public URL, IPv6 without brackets; undefined where none is set. */
function publicHost({ publicUrl }: Config): string | undefined {
  return publicUrl === undefined ? undefined : new URL(publicUrl).hostname.replace(/^\[|\]$/g, '');
}

/** Every name and address this machine can be reached by, for the certificate. */
function namesOfMachine(config: Config): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  // A link-local address only works with its zone, which a certificate cannot contain.
  const usable = addresses.filter(({ address, scopeid }) => !address.includes('%') && !scopeid);
  const publicName = publicHost(config);
  const fixed = ['localhost', '127.0.0.1', '::1', hostname()];
  return [
    ...new Set([
      ...fixed,
      ...usable.map(({ address }) => address),
      ...config.tlsNames,
      ...(publicName === undefined ? [] : [publicName]),
    ]),
  ];
}

/** What is wrong with the dates of a chain; null when agents and browsers whose clock is right accept it now. */
function datesProblem(pem: string, { certFile }: TlsFiles, now: Date): string | null {
  for (const block of certificatesIn(pem)) {
    const { subject, validFrom, validTo, ca } = new X509Certificate(block);
    const isEarly = Date.parse(validFrom) > now.getTime();
    if (!isEarly && Date.parse(validTo) > now.getTime()) continue;
    // The day: a problem whose text changes with each look would never be seen twice.
    const today = now.toISOString().slice(0, 'YYYY-MM-DD'.length);
    const what = `The certificate ${subject.replaceAll('\n', ', ')} in ${certFile} is valid from ${validFrom} to ${validTo}, and this machine's clock says ${today}`;
    const remedy = ca
      ? 'delete authority.crt, authority.key, server.crt and server.key beside it, restart the server, and enroll every machine again'
      : 'replace the certificate';
    return `${what}: agents and browsers refuse this server. Set the clock if it is wrong; otherwise ${remedy}.`;
  }
  return null;
}

/**
 * Opens the certificate; null when TLS is off. Rejects with an Error that says what to correct.
 * @param isPinned whether machines may have joined, which then trust the server's authority and no other
 */
export async function openCertificate(config: Config, isPinned: () => boolean): Promise<Certificate | null> {
  const { tls } = config;
  if (tls === 'off') return null;
  const open = (now: Date) =>
    tls === 'auto'
      ? openAuthority(join(config.data, 'tls'), namesOfMachine(config), { now, isPinned: isPinned() })
      : checkOwnCertificate(tls.certFile, tls.keyFile, now.getTime());
  const read = async ({ certFile, keyFile }: TlsFiles) =>
    (await Promise.all([certFile, keyFile].map((file) => readFile(file, 'utf8')))).join('');

  /** A proxy before the server has a certificate of its own for the public URL. */
  const publicProblem = (pem: string, { certFile }: TlsFiles) => {
    const host = publicHost(config);
    const isServedHere = tls !== 'auto' && config.trustedProxies.length === 0;
    return host === undefined || !isServedHere ? null : hostProblem(pem, host, certFile);
  };

  let files = await open(new Date());
  let served = await read(files);
  return {
    get files() {
      return files;
    },
    async look(now = new Date()) {
      try {
        const found = await open(now);
        const text = await read(found);
        const changed = text !== served;
        files = found;
        served = text;
        return { changed, problem: datesProblem(text, found, now) ?? publicProblem(text, found) };
      } catch (error) {
        // The files are being replaced, or they are wrong.
        return {
          changed: false,
          problem: `${errorText(error)}. The server goes on with the certificate that it had before.`,
        };
      }
    },
  };
}
