/**
 * [G7] Which network interfaces are shown, and which are summed so that every byte is counted once: by what the kernel
 * says of them in /sys/class/net, and by their names only where it says nothing.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * - `device`: a network card (PCI, USB, virtio) is behind it.
 * - `stacked`: its bytes pass through other interfaces of this machine: bridges, bonds, VLANs, ports of a switch whose
 *   processor port is an interface too, and monitors, which see the bytes of others.
 * - `tunnel`: its bytes are wrapped and pass through another interface.
 * - `pair`: one of two connected ends, or a child of an interface, and the other one is in another network namespace.
 *   On a host these are the containers' ends; inside a container it is the container's network card.
 * - `other`: none of these.
 */
export type InterfaceKind = 'device' | 'stacked' | 'tunnel' | 'pair' | 'other';

/** Loopback is no network traffic. Of the other two the kernel says nothing in /sys: they mirror or swallow bytes. */
const NO_NETWORK = /^(lo|ifb\d+|dummy\d+)$/;
/** Names that systems and tools commonly give. */
const PAIR_NAME = /^(veth|cali|lxc(?!br)|epair)/;
const TUNNEL_NAME =
  /^(u?tun|tap|wg|tailscale|zt|ppp|gre|gif|stf|sit|ipsec|ip6tnl|erspan|vxlan|geneve|flannel|ovpn)/;
const STACKED_NAME =
  /^(br|docker|virbr|lxcbr|lxdbr|cni\d|podman|vnet|bond|lagg|team|vlan|macv|ipvl|vEthernet|vmenet|.+[.:@])/;

/** What an interface probably is, by its name. */
export function guessKind(name: string): InterfaceKind {
  if (PAIR_NAME.test(name)) return 'pair';
  if (TUNNEL_NAME.test(name)) return 'tunnel';
  return STACKED_NAME.test(name) ? 'stacked' : 'other';
}

/** Types of link (`ARPHRD_…`) that carry wrapped packets: PPP, tun and WireGuard, IP in IP, SIT, GRE. */
const TUNNEL_TYPES = new Set(['512', '65534', '768', '769', '776', '778', '823']);
/** Types of link that only listen: monitors of Wi-Fi, of netlink, of vsock. */
const MONITOR_TYPES = new Set(['801', '802', '803', '824', '826']);
const ETHERNET = '1';
/** What drivers of tunnels with Ethernet frames call themselves. */
const TUNNEL_DRIVER = /^DEVTYPE=(wireguard|vxlan|geneve|gretap|ppp|l2tpeth|bareudp|gtp|amt)$/m;

/** What the kernel says of an interface; undefined when /sys does not have it. */
function readKind(sysNet: string, name: string): InterfaceKind | undefined {
  const folder = join(sysNet, name);
  const read = (file: string) => readFileSync(join(folder, file), 'utf8').trim();
  try {
    const files = new Set(readdirSync(folder));
    const type = read('type');
    if ([...files].some((file) => file.startsWith('lower_'))) return 'stacked';
    if (files.has('bridge') || files.has('bonding') || MONITOR_TYPES.has(type)) return 'stacked';
    const isLinked = read('iflink') !== read('ifindex');
    // A switch's port on an old kernel names the interface behind it only here.
    if (files.has('device')) return isLinked ? 'stacked' : 'device';
    if (files.has('tun_flags') || TUNNEL_TYPES.has(type) || TUNNEL_DRIVER.test(read('uevent')))
      return 'tunnel';
    return isLinked && type === ETHERNET ? 'pair' : 'other';
  } catch {
    // A container that hides /sys, or an interface that is just gone.
    return undefined;
  }
}

/** What kind an interface is; `sysNet` is /sys/class/net. */
export function interfaceKind(sysNet: string, name: string): InterfaceKind {
  return readKind(sysNet, name) ?? guessKind(name);
}

/** How the interfaces of this machine are treated. */
export interface Interfaces {
  readonly shown: readonly string[];
  isShown(name: string): boolean;
  /** Those with a network card behind them. */
  readonly devices: readonly string[];
  /** Whether the bytes of this interface are part of the machine's totals. */
  isCounted(name: string): boolean;
}

/**
 * Decides by the kinds of all interfaces. With network cards, their sum is the machine's traffic, and the ends that
 * belong to containers are not shown. Without any (in a container), it is the traffic of what is neither stacked nor a
 * tunnel.
 */
export function sortInterfaces(kinds: ReadonlyMap<string, InterfaceKind>): Interfaces {
  const names = [...kinds.keys()].filter((name) => !NO_NETWORK.test(name));
  const devices = names.filter((name) => kinds.get(name) === 'device');
  const isContainers = (name: string) =>
    kinds.get(name) === 'pair' && (devices.length > 0 || guessKind(name) === 'pair');
  const shown = names.filter((name) => !isContainers(name));
  const single = shown.filter((name) => kinds.get(name) === 'pair' || kinds.get(name) === 'other');
  // The kernel does not tell a container's own network card from the ends of containers inside it.
  const outside = single.filter((name) => guessKind(name) === 'other');
  const counted = new Set([devices, outside, single].find(({ length }) => length > 0) ?? shown);
  const isShown = new Set(shown);
  return { shown, devices, isShown: (name) => isShown.has(name), isCounted: (name) => counted.has(name) };
}
