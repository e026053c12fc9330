/** Where a request comes from, and whether that is allowed. */
import ipaddr from 'ipaddr.js';

/** Addresses and networks, parsed. */
export type Networks = readonly (readonly [ipaddr.IPv4 | ipaddr.IPv6, number])[];

/** `10` and `0x7f.1` are addresses to a C library; to a person they are mistakes. */
function isWritten(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}

function parseNetwork(text: string): Networks[number] {
  const [address = '', bits] = text.split('/');
  if (!isWritten(address) || (bits !== undefined && !ipaddr.isValidCIDR(text)))
    throw new Error(`"${text}" is neither an IP address nor a network such as 10.0.0.0/8`);
  const given = ipaddr.parse(address);
  const width = given.kind() === 'ipv4' ? 32 : 128;
  const prefix = bits === undefined ? width : Number(bits);
  // IPv4 written as IPv6: its own 32 bits are the last of 128.
  if (given instanceof ipaddr.IPv6 && given.isIPv4MappedAddress() && prefix >= 96)
    return [given.toIPv4Address(), prefix - 96];
  return [given, prefix];
}

/** `10.0.0.0/8`, `::1`, … → networks. Throws on the first that is neither an address nor a network. */
export function parseNetworks(texts: readonly string[]): Networks {
  return texts.map(parseNetwork);
}

/** Whether the address lies in one of the networks. An IPv4 address written as IPv6 counts as the IPv4 one. */
export function isIn(networks: Networks, address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return networks.some(([network, bits]) => parsed.kind() === network.kind() && parsed.match(network, bits));
}

/** uWS's long form (`0000:…:0001`, IPv4 inside IPv6) → the usual one. */
export function normalAddress(text: string): string {
  return ipaddr.isValid(text) ? ipaddr.process(text).toString() : text;
}

/**
 * The client behind trusted proxies: the right-most address of X-Forwarded-For that is not itself trusted.
 * Without a trusted peer the header is anybody's claim and is ignored.
 */
export function clientAddress(peer: string, forwardedFor: string, trusted: Networks): string {
  if (forwardedFor === '' || !isIn(trusted, peer)) return peer;
  const hops = forwardedFor.split(',').map((hop) => normalAddress(hop.trim()));
  for (const hop of hops.reverse()) {
    if (!ipaddr.isValid(hop)) return peer;
    if (!isIn(trusted, hop)) return hop;
  }
  return peer;
}
