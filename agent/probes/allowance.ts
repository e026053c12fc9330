/**
 * What this agent may probe, by its own setting, whatever its server asks for: whoever gets hold of the server must not
 * look around in the networks of all its machines. It is judged by the very address that is connected to.
 *
 *     public                     any address on the internet (the default)
 *     local, private             this machine; networks of one's own, such as 10.0.0.0/8
 *     10.0.0.0/24, [fd00::/8]    a network, or one address
 *     db.example.org, *.lan      a host by its name, whatever address it has
 *     10.0.0.5:5432, *.lan:443   the same with a port, or with ports as 8000-8100
 *     all, off                   all of these; nothing
 *
 * What is `special` (links, the metadata of clouds) is allowed only by its own address, and what is `never` not at all.
 */
import { hostPortText, parseHost } from '#protocol/probe-targets.ts';
import { inBlock, innerAddress, networkOf, parseBlock, type Block, type Network } from './networks.ts';

export const DEFAULT_ALLOWANCE = 'public';
const WORDS = ['public', 'private', 'local', 'all', 'off'] as const;
/** The longest setting; it is part of what the agent tells the server. */
const MOST_CHARS = 500;

/** What a probe is about to connect to. */
export interface Destination {
  /** As the probe names it. */
  readonly host: string;
  /** What that is: the address that is connected to. */
  readonly address: string;
  /** Undefined for a ping. */
  readonly port: number | undefined;
}

interface Ports {
  readonly low: number;
  readonly high: number;
}

type Entry =
  | { readonly kind: 'word'; readonly word: (typeof WORDS)[number] }
  | { readonly kind: 'block'; readonly block: Block; readonly ports: Ports | undefined }
  | { readonly kind: 'host'; readonly host: string; readonly ports: Ports | undefined };

/** The port or ports at the end of an entry, and what stands before them; undefined where they are wrong. */
function splitPorts(text: string): { readonly rest: string; readonly ports: Ports | undefined } | undefined {
  const [, inside, after = ''] = /^\[([^\]]+)\](.*)$/.exec(text) ?? [];
  const [, name = text, tail = ''] = inside === undefined ? (/^([^:]+)(:[^:]*)$/.exec(text) ?? []) : [];
  const [rest, portText] = inside === undefined ? [name, tail] : [inside, after];
  if (portText === '') return { rest, ports: undefined };
  const [, lowText, highText = lowText] = /^:(\d{1,5})(?:-(\d{1,5}))?$/.exec(portText) ?? [];
  const [low, high] = [Number(lowText), Number(highText)];
  return low >= 1 && low <= high && high <= 65_535 ? { rest, ports: { low, high } } : undefined;
}

/** One entry of the setting; undefined for what is none. */
function parseEntry(text: string): Entry | undefined {
  const word = WORDS.find((one) => one === text.toLowerCase());
  if (word !== undefined) return { kind: 'word', word };
  // An IPv6 address or network without brackets has no port.
  const bare = parseBlock(text);
  if (bare !== undefined) return { kind: 'block', block: bare, ports: undefined };
  const split = splitPorts(text);
  if (split === undefined) return undefined;
  const { rest, ports } = split;
  const block = parseBlock(rest);
  if (block !== undefined) return { kind: 'block', block, ports };
  const isPattern = rest.startsWith('*.');
  const host = rest.includes('/') ? undefined : parseHost(isPattern ? rest.slice(2) : rest);
  return host === undefined ? undefined : { kind: 'host', host: isPattern ? `*.${host}` : host, ports };
}

const entriesOf = (setting: string) =>
  setting
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** What is wrong with the setting; undefined where nothing is. */
export function allowanceProblem(setting: string): string | undefined {
  if (setting.length > MOST_CHARS) return `must have at most ${MOST_CHARS} characters`;
  const parts = entriesOf(setting);
  if (parts.length === 0) return `must be ${WORDS.join(', ')}, or a list of hosts and networks`;
  const wrong = parts.find((part) => parseEntry(part) === undefined);
  if (wrong !== undefined)
    return `“${wrong}” is none of ${WORDS.join(', ')}, and no host or network such as 10.0.0.5:5432, 10.0.0.0/24 or *.lan:443`;
  return parts.length > 1 && parts.some((part) => part.toLowerCase() === 'off')
    ? '“off” stands alone'
    : undefined;
}

const portFits = (ports: Ports | undefined, port: number | undefined) =>
  ports === undefined || (port !== undefined && port >= ports.low && port <= ports.high);

function hostFits(pattern: string, host: string): boolean {
  const name = (parseHost(host) ?? host).replace(/\.$/, '');
  return pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) : name === pattern;
}

function entryAllows(entry: Entry, { host, address, port }: Destination, network: Network): boolean {
  switch (entry.kind) {
    case 'word':
      return network !== 'special' && (entry.word === 'all' || entry.word === network);
    case 'host':
      return network !== 'special' && hostFits(entry.host, host) && portFits(entry.ports, port);
    case 'block': {
      // A network that only happens to hold the special address does not name it.
      const isNamed = network !== 'special' || networkOf(entry.block.address) === 'special';
      return isNamed && inBlock(entry.block, innerAddress(address)) && portFits(entry.ports, port);
    }
  }
}

export interface Allowance {
  /** The setting. */
  readonly setting: string;
  readonly isOff: boolean;
  allows(destination: Destination): boolean;
  /**
   * Why a destination is not allowed, and the line for the settings that would allow it; '' where none would. Not to be
   * asked where it is off, which is seen before anything is looked up.
   */
  refusal(destination: Destination): { readonly reason: string; readonly remedy: string };
}

const withPort = (host: string, port: number | undefined) =>
  port === undefined ? host : hostPortText({ host, port });

export function placeWords({ host, address, port }: Destination): string {
  const place = withPort(host, port);
  return host === address ? place : `${place} (${address})`;
}

/** @param setting one of which `allowanceProblem` finds nothing wrong */
export function createAllowance(setting: string): Allowance {
  const parts = entriesOf(setting);
  const entries = parts.map(parseEntry).filter((entry) => entry !== undefined);
  const isOff = parts.some((part) => part.toLowerCase() === 'off');
  return {
    setting,
    isOff,
    allows(destination) {
      const network = networkOf(destination.address);
      if (network === 'never' || isOff) return false;
      return entries.some((entry) => entryAllows(entry, destination, network));
    },
    refusal(destination) {
      const network = networkOf(destination.address);
      const place = placeWords(destination);
      if (network === 'never') return { reason: `${place} is no machine that can be probed`, remedy: '' };
      const reason = `this agent may not probe ${place}: its setting is “${setting}”`;
      const named = network === 'special' ? destination.address : destination.host;
      const remedy = `WATCHFLOOR_PROBES=${[...parts, withPort(named, destination.port)].join(',')}`;
      return { reason, remedy: remedy.length <= MOST_CHARS ? remedy : '' };
    },
  };
}
