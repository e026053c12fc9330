/**
 * Which kind of network an address belongs to, as far as it matters to what an agent may probe. An address that carries
 * another one (as `::ffff:10.0.0.1` does) is judged by that one, since connections go there.
 */
import { BlockList, isIP, isIPv6 } from 'node:net';

/**
 * `public`: anywhere on the internet. `private`: networks of one's own. `local`: this machine. `special`: what machines
 * of a link and of a cloud tell one another, secrets among it. `never`: no single machine.
 */
export type Network = 'public' | 'private' | 'local' | 'special' | 'never';

/** A network as `10.0.0.0/8`, or one address. */
export interface Block {
  readonly address: string;
  readonly bits: number;
}

export const familyOf = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4');

/** `10.0.0.0/8`, `::1` → the block; undefined for what is none. */
export function parseBlock(text: string): Block | undefined {
  const [address = '', bitsText, more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more !== undefined || address.includes('%')) return undefined;
  const most = family === 4 ? 32 : 128;
  if (bitsText === undefined) return { address, bits: most };
  return /^\d{1,3}$/.test(bitsText) && Number(bitsText) <= most
    ? { address, bits: Number(bitsText) }
    : undefined;
}

function listOf(...blocks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of blocks) {
    const block = parseBlock(text);
    if (block !== undefined) list.addSubnet(block.address, block.bits, familyOf(block.address));
  }
  return list;
}

const has = (list: BlockList, address: string) => list.check(address, familyOf(address));

export function inBlock({ address, bits }: Block, candidate: string): boolean {
  if (familyOf(address) !== familyOf(candidate)) return false;
  const list = new BlockList();
  list.addSubnet(address, bits, familyOf(address));
  return has(list, candidate);
}

const NEVER = listOf('0.0.0.0/8', '224.0.0.0/4', '240.0.0.0/4', '::/128', 'ff00::/8');
/** Links, and where clouds hand out the secrets of a machine: AWS, Google, Azure, Alibaba, Oracle. */
const SPECIAL = listOf(
  ...['169.254.0.0/16', 'fe80::/10', 'fd00:ec2::/32', 'fd20:ce::/32'],
  ...['168.63.129.16', '100.100.100.200', '192.0.0.0/24'],
);
const LOCAL = listOf('127.0.0.0/8', '::1');
const PRIVATE = listOf(
  ...['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10'],
  ...['192.0.2.0/24', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['2001::/32', '2001:db8::/32'],
);
/** The part of IPv6 that is in use on the internet. */
const GLOBAL_V6 = listOf('2000::/3');
const MAPPED = listOf('::ffff:0:0/96', '::/96', '64:ff9b::/96');
const SIX_TO_FOUR = listOf('2002::/16');

/** The eight groups of an IPv6 address. */
function groupsOf(address: string): number[] {
  // In one form: lower case, one `::`, and no dots.
  const text = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [head = '', tail] = text.split('::');
  const numbers = (part: string) => (part === '' ? [] : part.split(':').map((group) => parseInt(group, 16)));
  const [first, last] = [numbers(head), numbers(tail ?? '')];
  const zeros = tail === undefined ? 0 : 8 - first.length - last.length;
  return [...first, ...Array.from({ length: zeros }, () => 0), ...last];
}

const dotted = (high = 0, low = 0) => [high >> 8, high & 255, low >> 8, low & 255].join('.');

/** The IPv4 address that an IPv6 address carries; any other address as it is. */
export function innerAddress(address: string): string {
  if (!isIPv6(address) || address === '::1' || address === '::') return address;
  // The list would find a mapped address in a block of IPv4 as well.
  const groups = groupsOf(address);
  const plain = groups.map((group) => group.toString(16)).join(':');
  if (has(MAPPED, plain)) return dotted(groups[6], groups[7]);
  if (has(SIX_TO_FOUR, plain)) return dotted(groups[1], groups[2]);
  return address;
}

/** The network of an address that is no name. */
export function networkOf(address: string): Network {
  const inner = innerAddress(address);
  if (has(NEVER, inner)) return 'never';
  if (has(SPECIAL, inner)) return 'special';
  if (has(LOCAL, inner)) return 'local';
  if (has(PRIVATE, inner)) return 'private';
  return isIPv6(inner) && !has(GLOBAL_V6, inner) ? 'private' : 'public';
}
