/**
 * Which addresses a channel may connect to. A channel's address is entered by a person, and its redirects and DNS
 * answers are chosen by the far side, so without a check they could aim the server's requests at its own network.
 */
import ipaddr from 'ipaddr.js';

/** `private`: loopback and private networks, where the channel has to allow it. `never`: no channel may go there. */
export type Reach = 'public' | 'private' | 'never';

/** Addresses in other ranges under which clouds hand out credentials to whoever asks. */
const METADATA = new Set(['100.100.100.200', '168.63.129.16', 'fd00:ec2::254', 'fd20:ce::254']);
const PRIVATE = new Set(['loopback', 'private', 'carrierGradeNat', 'uniqueLocal']);
/** IPv6 addresses whose last 32 bits are an IPv4 address: mapped ones, and those of NAT64 and SIIT. */
const TRANSLATED = new Set(['ipv4Mapped', 'rfc6052', 'rfc6145']);
/** The only part of IPv6 in which public addresses are given out. */
const GLOBAL_UNICAST: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];

/** The IPv4 address at this byte of an IPv6 address. */
const ipv4At = (address: ipaddr.IPv6, byte: number): ipaddr.IPv4 =>
  new ipaddr.IPv4(address.toByteArray().slice(byte, byte + 4));

/**
 * The IPv4 address to which a gateway or the system passes on what is sent to an IPv6 address: one that is mapped
 * (`::ffff:127.0.0.1`), translated (NAT64), tunnelled (6to4) or written in the old compatible form (`::127.0.0.1`).
 */
function embeddedIpv4(address: ipaddr.IPv6): ipaddr.IPv4 | undefined {
  const range = address.range();
  if (range === '6to4') return ipv4At(address, 2);
  const isCompatible = range === 'unicast' && address.parts.slice(0, 6).every((part) => part === 0);
  return isCompatible || TRANSLATED.has(range) ? ipv4At(address, 12) : undefined;
}

function reachOfParsed(address: ipaddr.IPv4 | ipaddr.IPv6): Reach {
  const embedded = address instanceof ipaddr.IPv6 ? embeddedIpv4(address) : undefined;
  if (embedded !== undefined) return reachOfParsed(embedded);
  if (METADATA.has(address.toString())) return 'never';
  const range = address.range();
  if (PRIVATE.has(range)) return 'private';
  if (range !== 'unicast') return 'never';
  return address instanceof ipaddr.IPv4 || address.match(GLOBAL_UNICAST) ? 'public' : 'never';
}

/** How far a channel may reach for an address, in any spelling; `never` where it is none. */
export function reachOf(address: string): Reach {
  return ipaddr.isValid(address) ? reachOfParsed(ipaddr.parse(address)) : 'never';
}
