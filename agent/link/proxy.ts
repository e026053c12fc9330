/**
 * The HTTP proxy that leads to the server, from the variables HTTPS_PROXY and NO_PROXY, in small letters or capital
 * ones, as curl reads them. Node opens the tunnel (CONNECT); the server's certificate is checked through it as without
 * a proxy.
 */
import { BlockList, isIP } from 'node:net';
import { isLoopback } from '#protocol/enrollment.ts';
import type { Place } from './transport.ts';

export interface Proxy {
  /** `http://user:password@host:port`. A secret when it has a password. */
  readonly url: string;
  /** NO_PROXY: where no proxy is used, separated by commas. */
  readonly exceptions: string;
}

/** The proxy of an environment; undefined without one. Adds a warning about one that cannot be used. */
export function readProxy(
  env: Readonly<Record<string, string | undefined>>,
  warnings: string[],
): Proxy | undefined {
  const value = env['https_proxy'] || env['HTTPS_PROXY'] || '';
  if (value === '') return undefined;
  const url = value.includes('://') ? value : `http://${value}`;
  if (URL.canParse(url) && ['http:', 'https:'].includes(new URL(url).protocol))
    return { url, exceptions: env['no_proxy'] || env['NO_PROXY'] || '' };
  warnings.push(
    'HTTPS_PROXY is no "http://host:port" and is ignored: the agent connects to its server without a proxy',
  );
  return undefined;
}

function isInNetwork(host: string, entry: string): boolean {
  const [address = '', bits = ''] = entry.split('/');
  const family = isIP(address);
  if (
    family === 0 ||
    isIP(host) !== family ||
    !/^\d+$/.test(bits) ||
    Number(bits) > (family === 4 ? 32 : 128)
  )
    return false;
  const list = new BlockList();
  const type = family === 4 ? 'ipv4' : 'ipv6';
  list.addSubnet(address, Number(bits), type);
  return list.check(host, type);
}

/** Whether an entry of NO_PROXY names the place: `*`, a domain with all below it, an address, or a network. */
function names(entry: string, { host, port }: Place): boolean {
  if (entry === '*' || entry === host || isInNetwork(host, entry)) return true;
  const [, name = '', onlyPort] =
    /^\[?(.+?)\]?(?::(\d+))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry) ?? [];
  if (onlyPort !== undefined && Number(onlyPort) !== port) return false;
  const domain = name.replace(/^\*?\./, '');
  return host === domain || (isIP(host) === 0 && host.endsWith(`.${domain}`));
}

/** The URL of the proxy to reach the place through; undefined when it is reached directly, as this machine always is. */
export function proxyFor(proxy: Proxy | undefined, place: Place): string | undefined {
  if (proxy === undefined || isLoopback(place.host)) return undefined;
  const entries = proxy.exceptions.split(',').map((entry) => entry.trim().toLowerCase());
  return entries.some((entry) => entry !== '' && names(entry, place)) ? undefined : proxy.url;
}
