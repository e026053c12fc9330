/** IP addresses: parses networks, tests membership, and finds the client's address behind trusted proxies. */
import ipaddr from 'ipaddr.js';

/** The host that means every address of the machine, IPv6 and IPv4. */
export const ALL_ADDRESSES = '::';

/** Parsed networks, each as its address and prefix length in bits. A single address has the full prefix. */
export type Networks = readonly (readonly [ipaddr.IPv4 | ipaddr.IPv6, number])[];

/**
 * Whether `text` is an address as people write it. `10` and `0x7f.1` are not, though C libraries accept them.
 */
function isCommonNotation(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}

function parseNetwork(text: string): Networks[number] {
  const [address = '', bits] = text.split('/');
  if (!isCommonNotation(address) || (bits !== undefined && !ipaddr.isValidCIDR(text)))
    throw new Error(`"${text}" is neither an IP address nor a network such as 10.0.0.0/8`);
  const parsed = ipaddr.parse(address);
  const width = parsed.kind() === 'ipv4' ? 32 : 128;
  const prefix = bits === undefined ? width : Number(bits);
  // In an IPv4 address written as IPv6, the IPv4 address is the last 32 of the 128 bits.
  if (parsed instanceof ipaddr.IPv6 && parsed.isIPv4MappedAddress() && prefix >= 96)
    return [parsed.toIPv4Address(), prefix - 96];
  return [parsed, prefix];
}

/**
 * Parses addresses and networks such as `::1` and `10.0.0.0/8`.
 * @throws Error naming the first text that is neither
 */
export function parseNetworks(texts: readonly string[]): Networks {
  return texts.map(parseNetwork);
}

/** Whether the address is in one of the networks. An IPv4 address written as IPv6 is treated as IPv4. */
export function isIn(networks: Networks, address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return networks.some(([network, bits]) => parsed.kind() === network.kind() && parsed.match(network, bits));
}

/**
 * The network by which an address is counted, as text. A subscriber has at least an IPv6 /64 and can use each of its
 * addresses, so an IPv6 address counts as its first `ipv6Bits` bits; an IPv4 address, also one written as IPv6, as
 * itself.
 */
export function networkOf(address: string, ipv6Bits = 64): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv4') return parsed.toString();
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${parsed.toString()}/${ipv6Bits}`).toString()}/${ipv6Bits}`;
}

/** Turns uWS's long form of an address (`0000:…:0001`, IPv4 inside IPv6) into the usual short one. */
export function normalAddress(text: string): string {
  return ipaddr.isValid(text) ? ipaddr.process(text).toString() : text;
}

/**
 * The client's address behind trusted proxies: the right-most address of X-Forwarded-For that is not a
 * trusted proxy.
 * @param peer the address of the connection; unless it is trusted, anybody may have written the header, so
 * the header is ignored
 * @param forwardedFor the header's value, '' when absent
 */
export function clientAddress(peer: string, forwardedFor: string, trustedProxies: Networks): string {
  if (forwardedFor === '' || !isIn(trustedProxies, peer)) return peer;
  const hops = forwardedFor.split(',').map((hop) => normalAddress(hop.trim()));
  for (const hop of hops.reverse()) {
    if (!ipaddr.isValid(hop)) return peer;
    if (!isIn(trustedProxies, hop)) return hop;
  }
  return peer;
}
