/** Where a request comes from, and whether that is allowed. */
import ipaddr from 'ipaddr.js';

/** Addresses and networks, parsed. */
export type Networks = readonly (readonly [ipaddr.IPv4 | ipaddr.IPv6, number])[];

/** `10.0.0.0/8`, `::1`, … → networks. Throws on the first that is neither an address nor a network. */
export function parseNetworks(texts: readonly string[]): Networks {
  return texts.map((text) => {
    if (ipaddr.isValidCIDR(text)) return ipaddr.parseCIDR(text);
    if (!ipaddr.isValid(text))
      throw new Error(`"${text}" is neither an IP address nor a network such as 10.0.0.0/8`);
    const address = ipaddr.process(text);
    return [address, address.kind() === 'ipv4' ? 32 : 128];
  });
}

/** Whether the address lies in one of the networks. An IPv4 address written as IPv6 counts as the IPv4 one. */
export function isIn(networks: Networks, address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return networks.some(([network, bits]) => parsed.kind() === network.kind() && parsed.match(network, bits));
}

/** Loopback addresses and names that always mean loopback. */
export function isLoopback(host: string): boolean {
  const bare = host.replace(/^\[|\]$/g, '');
  if (bare === 'localhost') return true;
  return ipaddr.isValid(bare) && ipaddr.process(bare).range() === 'loopback';
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
