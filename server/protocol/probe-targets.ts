/** What a probe is aimed at, as people write it: hosts, ports, pages, name servers, statuses. */

/** A host as it is connected to: a name, or an address without brackets. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** A host without the brackets that URLs have around an IPv6 address. */
export const plainHost = (hostname: string) => hostname.replace(/^\[(.*)\]$/, '$1');

/** A host and its port as people write them, an IPv6 address in brackets. */
export const hostPortText = ({ host, port }: HostPort) =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;

/** The name or address as URLs have it (`bücher.example` → `xn--bcher-kva.example`); undefined for what is none. */
export function parseHost(input: string): string | undefined {
  if (!/^[^\s/?#@\\%]{1,253}$/.test(input)) return undefined;
  const isV6 = input.includes(':') || input.startsWith('[');
  try {
    const { hostname, port } = new URL(`ftp://${isV6 ? `[${plainHost(input)}]` : input}`);
    if (port !== '' || hostname === '') return undefined;
    // Only some schemes have their host brought into one form.
    const host = plainHost(new URL(`http://${hostname}`).hostname);
    return /^[a-z0-9._-]+$|:/.test(host) ? host : undefined;
  } catch {
    return undefined;
  }
}

/** `db.example.org:5432`, `[::1]:22`; undefined for what is none. */
export function parseHostPort(input: string): HostPort | undefined {
  const [, hostText, portText] = /^(\[[^\]]+\]|[^:]+):(\d{1,5})$/.exec(input) ?? [];
  const host = hostText === undefined ? undefined : parseHost(hostText);
  const port = Number(portText);
  return host === undefined || port < 1 || port > 65_535 ? undefined : { host, port };
}

/** The address of a page: `http:` or `https:`, without a user and a password; undefined for what is none. */
export function parsePage(input: string): URL | undefined {
  try {
    const url = new URL(input);
    const isPage = url.protocol === 'http:' || url.protocol === 'https:';
    return isPage && url.username === '' && url.password === '' && url.port !== '0' ? url : undefined;
  } catch {
    return undefined;
  }
}

/** An address with or without a port: `192.0.2.53`, `[2001:db8::53]:5353`. */
export function parseResolver(input: string): HostPort | undefined {
  const place = parseHostPort(input) ?? { host: parseHost(input) ?? '', port: 53 };
  return /^[\d.]+$|:/.test(place.host) ? place : undefined;
}

/** A list of statuses: `200-299,401`. */
export const STATUSES = /^\d{3}(?:-\d{3})?(?:,\d{3}(?:-\d{3})?)*$/;

/** Whether a list such as `200-299,401` has the status. */
export function statusMatches(list: string, status: number): boolean {
  return list.split(',').some((part) => {
    const [low, high = low] = part.split('-').map(Number);
    return low !== undefined && high !== undefined && status >= low && status <= high;
  });
}
