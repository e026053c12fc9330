/** The host and origin of a request: one reading for HTTP requests and for the live connection. */
import { isLoopback } from '#protocol/enrollment.ts';
import { isIn, type Networks } from './address.ts';

/** A name, an IPv4 address or an IPv6 address in brackets, with or without a port. */
const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d{1,5})?$/i;

/** [S6] Whether the text is a host as it stands in a URL, without anything that could be read as more than that. */
export function isHost(text: string): boolean {
  return HOST.test(text);
}

/**
 * The host and port in the browser's address bar.
 * @param peer the address of the connection; only a trusted proxy is believed what it forwards
 * @param forwardedHost the X-Forwarded-Host header, '' when absent; each proxy adds the host that it was asked for
 */
export function browserHost(
  { peer, host, forwardedHost }: { peer: string; host: string; forwardedHost: string },
  trustedProxies: Networks,
): string {
  if (forwardedHost === '' || !isIn(trustedProxies, peer)) return host;
  return forwardedHost.split(',').at(-1)?.trim() ?? host;
}

/**
 * Whether the request comes from the server's own pages, or from a client that is not a browser. The pages have
 * `https`, as their cookie needs it, but on loopback, where browsers accept it without.
 * @param origin the Origin header; '' when absent, as for clients that are not browsers
 * @param host the host and port in the browser's address bar
 */
export function isSameOrigin(origin: string, host: string): boolean {
  if (origin === '') return true;
  if (!URL.canParse(origin) || !isHost(host)) return false;
  const { protocol, host: originHost, hostname } = new URL(origin);
  if (protocol !== 'https:' && !(protocol === 'http:' && isLoopback(hostname))) return false;
  // Parsed with the same scheme, both have its port only where it is not the usual one.
  return URL.canParse(`${protocol}//${host}`) && new URL(`${protocol}//${host}`).host === originHost;
}
