/**
 * Finds the addresses of hosts for probes. Names are asked of the name servers directly: the system's own function would
 * hold a thread for as long as a name server is silent, and the agent has few of them. It is used only for names that
 * name servers do not know (`nas`, `printer.local`), for one at a time.
 */
import { Resolver, lookup } from 'node:dns/promises';
import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { errorCode } from '#protocol/errors.ts';
import type { Attempt } from './attempt.ts';

type Family = 'any' | '4' | '6';

const HOSTS = process.platform === 'win32' ? String.raw`C:\Windows\System32\drivers\etc\hosts` : '/etc/hosts';
/** A larger file is a list of what to block, which nobody probes. */
const HOSTS_BYTES = 256 * 1024;

/** `127.0.0.1 localhost lo` → name to addresses. */
export function parseHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = (line.split('#')[0] ?? '').trim().split(/\s+/);
    if (isIP(address) === 0) continue;
    for (const name of names.map((one) => one.toLowerCase()))
      found.set(name, [...(found.get(name) ?? []), address]);
  }
  return found;
}

function createHosts(path: string): () => Promise<ReadonlyMap<string, readonly string[]>> {
  let known: ReadonlyMap<string, readonly string[]> = new Map();
  let changed = '';
  return async () => {
    try {
      const { mtimeMs, size } = await stat(path);
      const seen = `${mtimeMs} ${size}`;
      if (seen !== changed) {
        known = size > HOSTS_BYTES ? new Map() : parseHosts(await readFile(path, 'utf8'));
        changed = seen;
      }
    } catch {
      // Without such a file, or the right to read it, names are asked of the name servers.
      known = new Map();
    }
    return known;
  };
}

const fits = (address: string, family: Family) => family === 'any' || isIP(address) === Number(family);
const v4First = (addresses: readonly string[]) => addresses.toSorted((a, b) => isIP(a) - isIP(b));

/** Why a name has no address, in words. */
function lookupWords(host: string, error: unknown): string {
  switch (errorCode(error)) {
    case 'ENOTFOUND':
      return `there is no name ${host}`;
    case 'ENODATA':
      return `${host} has no address`;
    case 'ESERVFAIL':
      return `the name server cannot answer for ${host}`;
    case 'EREFUSED':
      return `the name server refuses to answer for ${host}`;
    case 'ECONNREFUSED':
      return `no name server answers for ${host}`;
    case 'EAI_AGAIN':
    case 'ETIMEOUT':
      return `no name server answered in time for ${host}`;
    default:
      return `${host} cannot be looked up: ${errorCode(error) || String(error)}`;
  }
}

interface AddressParts {
  readonly hosts?: string;
  /** The name servers, as `192.0.2.53:53`; default: the system's. */
  readonly servers?: readonly string[];
}

export function createAddresses({ hosts: path = HOSTS, servers }: AddressParts = {}) {
  const hosts = createHosts(path);
  /** The system's own function is asked one name after the other. */
  let turn: Promise<unknown> = Promise.resolve();

  async function askServers(host: string, family: Family, signal: AbortSignal): Promise<readonly string[]> {
    const resolver = new Resolver({ timeout: 2000, tries: 3 });
    if (servers !== undefined) resolver.setServers([...servers]);
    const cancel = () => resolver.cancel();
    signal.addEventListener('abort', cancel);
    try {
      const asked = await Promise.allSettled([
        ...(family === '6' ? [] : [resolver.resolve4(host)]),
        ...(family === '4' ? [] : [resolver.resolve6(host)]),
      ]);
      const addresses = asked.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
      const failed = asked.find((one) => one.status === 'rejected');
      if (addresses.length === 0 && failed !== undefined) throw failed.reason;
      return addresses;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  function askSystem(host: string, family: Family, signal: AbortSignal): Promise<readonly string[]> {
    const mine = turn.then(async () => {
      signal.throwIfAborted();
      const found = await lookup(host, { all: true, family: family === 'any' ? 0 : Number(family) });
      return v4First(found.map(({ address }) => address));
    });
    turn = mine.catch(() => undefined);
    return mine;
  }

  /** The addresses of a host, those of IPv4 first. Rejects where it has none. */
  return async (host: string, family: Family, signal: AbortSignal): Promise<readonly string[]> => {
    const none = (error: unknown) => new Error(lookupWords(host, error), { cause: error });
    if (isIP(host) !== 0) {
      if (fits(host, family)) return [host];
      throw new Error(`${host} is no address of IPv${family}`);
    }
    const listed = ((await hosts()).get(host.toLowerCase()) ?? []).filter((address) => fits(address, family));
    if (listed.length > 0) return v4First(listed);
    if (/(^|\.)localhost\.?$/i.test(host))
      return family === '6' ? ['::1'] : family === '4' ? ['127.0.0.1'] : ['127.0.0.1', '::1'];
    const isForSystem = !host.replace(/\.$/, '').includes('.') || /\.local\.?$/i.test(host);
    if (isForSystem)
      return askSystem(host, family, signal).catch((error: unknown) => {
        throw none(error);
      });
    try {
      return v4First(await askServers(host, family, signal));
    } catch (error) {
      throw none(error);
    }
  };
}

export type FindAddresses = ReturnType<typeof createAddresses>;

/** As a try takes it. */
export const addressesFor =
  (find: FindAddresses, signal: AbortSignal): Attempt['addressesOf'] =>
  (host, family) =>
    find(host, family, signal);
