/**
 * The enrollment string: everything an agent needs to join a server.
 *
 *     watchfloor://<key>@<host>:<port>/<path>?ca=<sha256 of the authority certificate's DER, hex>
 *
 * Without `ca`, the server's certificate must come from a root that the agent's machine trusts. `tls=off`
 * means plain HTTP and is accepted only with a loopback host. A path stands where a reverse proxy has the server below one. An IPv6 host is written in brackets.
 */
import { z } from 'zod';
import { plainHost } from './probe-targets.ts';

/** [F4] What a person does about several machines that are one device, as their data folders are copies of one. */
export const SEPARATE =
  'On the page of this device in Watchfloor, make one of them a machine of its own; or run "watchfloor-agent join ' +
  '--as-new" on it, with a new enrollment string';

export interface Enrollment {
  /** The enrollment key: a secret. */
  readonly key: string;
  /** A host name or an address; IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** SHA-256 of the authority's DER, 64 lower-case hex digits; null: the agent trusts the system's roots. */
  readonly ca: string | null;
  readonly tls: boolean;
  /** What stands before the server's own paths: `/watchfloor`; absent: nothing. */
  readonly path?: string | undefined;
}

/** The server's default port, which is also meant by an enrollment string without a port. */
export const DEFAULT_PORT = 8443;

/** Says what is wrong with an enrollment string and what to do. The message never contains the key. */
export class EnrollmentError extends Error {
  override readonly name = 'EnrollmentError';
}

const SHAPE = 'watchfloor://<key>@<host>:<port>?ca=<fingerprint>';
const COPY_AGAIN = 'Copy the whole string again from Settings, Enrollment keys.';
const fingerprint = z.string().regex(/^[0-9a-f]{64}$/);

const BYTE = String.raw`(25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)`;
const LOOPBACK_V4 = new RegExp(String.raw`^127(\.${BYTE}){3}$`);

/** 127.0.0.0/8 as an IPv6 address, the way a URL writes it: `[::ffff:7f00:1]`. */
const MAPPED_LOOPBACK = /^\[::ffff:7f[0-9a-f]{2}:/;

/**
 * Whether `host` is `localhost` or a loopback address. An IPv4 address written as IPv6 (`::ffff:127.0.0.1`)
 * counts, as the system treats it as the IPv4 address. An IPv6 address may be written in brackets.
 */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '');
  if (bare === 'localhost' || LOOPBACK_V4.test(bare)) return true;
  if (!bare.includes(':') || !URL.canParse(`http://[${bare}]`)) return false;
  const { hostname } = new URL(`http://[${bare}]`);
  return hostname === '[::1]' || MAPPED_LOOPBACK.test(hostname);
}

function fail(problem: string): never {
  throw new EnrollmentError(`the enrollment string ${problem}`);
}

/** The interface that a link-local address is reached by, which a URL cannot hold: `[fe80::1%eth0]`. */
const ZONE = /(?<=@\[[0-9A-Fa-f:.]+)%(?:25)?([A-Za-z0-9._-]{1,40})(?=\])/;

function parseUrl(text: string): URL {
  if (!text.startsWith('watchfloor://')) fail(`does not begin with "watchfloor://". It looks like ${SHAPE}.`);
  try {
    return new URL(text.replace(ZONE, ''));
  } catch {
    return fail(`cannot be read: its host or port is wrong. It looks like ${SHAPE}.`);
  }
}

function parseKey(url: URL): string {
  if (url.username === '') fail(`has no key before the "@". ${COPY_AGAIN}`);
  if (url.password !== '') fail(`has a ":" in its key. ${COPY_AGAIN}`);
  try {
    return decodeURIComponent(url.username);
  } catch {
    return fail(`has a broken "%" sequence in its key. ${COPY_AGAIN}`);
  }
}

function parseCa(parameters: URLSearchParams): string | null {
  const ca = parameters.get('ca');
  if (ca === null) return null;
  const parsed = fingerprint.safeParse(ca.replaceAll(':', '').toLowerCase());
  if (!parsed.success)
    fail(
      `has a "ca" of ${ca.length} characters that is not 64 hex digits: it was cut or changed. ${COPY_AGAIN}`,
    );
  return parsed.data;
}

function parseTls(parameters: URLSearchParams, host: string): boolean {
  const tls = parameters.get('tls') ?? 'on';
  if (tls !== 'on' && tls !== 'off') fail(`has "tls=${tls}"; only "tls=off" is known, or no "tls" at all.`);
  if (tls === 'on') return true;
  if (!isLoopback(host))
    fail(
      `has "tls=off" for ${host}: plain HTTP is for 127.0.0.1, ::1 and localhost only. Enable TLS on the server.`,
    );
  if (parameters.has('ca'))
    fail('has both "ca" and "tls=off": without TLS there is no certificate to check.');
  return false;
}

/**
 * What may stand before the server's paths: it needs no quoting in a shell, a URL or a page. `/ui` at its end is the web
 * app's own, copied from a browser.
 */
export const BASE_PATH = /^(\/(?!\.{1,2}(\/|$)|ui$)[A-Za-z0-9._~-]+)+$/;

function parsePath(url: URL): { path?: string } {
  const path = url.pathname.replace(/\/$/, '');
  if (path === '') return {};
  if (!BASE_PATH.test(path))
    fail(
      `has the path ${url.pathname}, which cannot be right: a path has letters, digits, "-", "_", "." and "~", and ` +
        'does not end in /ui.',
    );
  return { path };
}

/** The host as DNS knows it: `wächter.example` becomes `xn--wchter-bua.example`. */
function hostOf({ hostname }: URL): string {
  if (!hostname.includes('%')) return plainHost(hostname).toLowerCase();
  // A scheme that is no web's: the name is only quoted.
  const named = `https://${hostname}`;
  return URL.canParse(named) ? new URL(named).hostname : fail(`has the host ${hostname}, which is no name.`);
}

/** Splits an enrollment string into its parts. @throws EnrollmentError saying what is wrong and what to do */
export function parseEnrollment(text: string): Enrollment {
  const url = parseUrl(text.trim());
  const [, zone] = ZONE.exec(text) ?? [];
  const host = hostOf(url) + (zone === undefined ? '' : `%${zone}`);
  if (host === '') fail(`names no host. It looks like ${SHAPE}.`);
  for (const name of url.searchParams.keys())
    if (name !== 'ca' && name !== 'tls') fail(`has a parameter "${name}" that this version does not know.`);
  const port = url.port === '' ? DEFAULT_PORT : Number(url.port);
  if (port === 0) fail('has port 0.');
  const key = parseKey(url);
  const { searchParams } = url;
  return { key, host, port, ca: parseCa(searchParams), tls: parseTls(searchParams, host), ...parsePath(url) };
}

/** Makes the enrollment string of the parts; it leaves out a `ca` of null and a `tls` of true. */
export function formatEnrollment({ key, host, port, ca, tls, path = '' }: Enrollment): string {
  const address = host.includes(':') ? `[${host.replace('%', '%25')}]` : host;
  const query = !tls ? '?tls=off' : ca !== null ? `?ca=${ca}` : '';
  return `watchfloor://${encodeURIComponent(key)}@${address}:${port}${path}${query}`;
}
