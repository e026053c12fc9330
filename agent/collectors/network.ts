/** Network traffic from /proc/net/dev: every interface that was used, and a total that counts no byte twice. */
import { existsSync } from 'node:fs';
import { createRates, type Rates } from './rates.ts';
import type { Collector, Fields, Instances } from './collector.ts';

export interface InterfaceCounters {
  readonly name: string;
  readonly rxBytes: number;
  readonly txBytes: number;
  readonly errors: number;
}

/** Loopback is no traffic; container ends (veth) come and go by the hundred and are seen on their bridge. */
const LEFT_OUT = /^(lo|veth.*|ifb\d+|dummy\d+)$/;
/** What carries bytes that another interface carries as well. */
const DOUBLES =
  /^(br|docker|virbr|vnet|tun|tap|wg|bond|team|vlan|cni|flannel|cali|lxc|lxd|podman|macv|ipvl|.+[.:@])/;

/** /proc/net/dev → counters of the interfaces that ever moved a byte. */
export function parseNetDev(text: string): InterfaceCounters[] {
  const found: InterfaceCounters[] = [];
  for (const line of text.split('\n')) {
    // The colon after the name; an alias has one of its own (`eth0:1:`).
    const [, name = '', rest] = /^\s*(\S+):\s*(\d.*)$/.exec(line) ?? [];
    if (rest === undefined || LEFT_OUT.test(name)) continue;
    const columns = rest.split(/\s+/).map(Number);
    const [rxBytes = 0, , rxErrors = 0] = columns;
    const [txBytes = 0, , txErrors = 0] = columns.slice(8);
    if (rxBytes === 0 && txBytes === 0) continue;
    found.push({ name, rxBytes, txBytes, errors: rxErrors + txErrors });
  }
  return found;
}

/** The interfaces whose sum is the machine's traffic: the physical ones; without any, those that double none. */
export function countedInterfaces(
  names: readonly string[],
  isPhysical: (name: string) => boolean,
): Set<string> {
  const physical = names.filter(isPhysical);
  if (physical.length > 0) return new Set(physical);
  const single = names.filter((name) => !DOUBLES.test(name));
  return new Set(single.length > 0 ? single : names);
}

export function networkFields(
  rates: Rates,
  interfaces: readonly InterfaceCounters[],
  counted: ReadonlySet<string>,
): Fields {
  const instances: Instances = {};
  let [totalRx, totalTx, known]: [number, number, boolean] = [0, 0, false];
  for (const { name, rxBytes, txBytes, errors } of interfaces) {
    const rx = rates.perSecond(`${name} rx`, rxBytes);
    const tx = rates.perSecond(`${name} tx`, txBytes);
    const wrong = rates.perSecond(`${name} errors`, errors);
    if (rx === undefined || tx === undefined) continue;
    const fields: Record<string, number> = { rx: Math.round(rx), tx: Math.round(tx) };
    if (wrong !== undefined) fields['errors'] = Math.round(wrong * 10) / 10;
    instances[name] = fields;
    if (!counted.has(name)) continue;
    known = true;
    totalRx += rx;
    totalTx += tx;
  }
  const fields: Fields = { interface: instances };
  if (known) {
    fields['net_rx'] = Math.round(totalRx);
    fields['net_tx'] = Math.round(totalTx);
  }
  return fields;
}

/** A device behind it: PCI, USB, virtio. Bridges, tunnels and container ends have none. */
function hasDevice(name: string): boolean {
  return existsSync(`/sys/class/net/${name}/device`);
}

export function createNetwork(isPhysical: (name: string) => boolean = hasDevice): Collector {
  const rates = createRates();
  let names = '';
  let counted = new Set<string>();
  return {
    collect({ at, read }) {
      const text = read('/proc/net/dev');
      if (text === undefined) return 'absent';
      const interfaces = parseNetDev(text);
      rates.begin(at);
      if (interfaces.length === 0) return 'absent';
      const present = interfaces.map(({ name }) => name);
      if (present.join() !== names) {
        names = present.join();
        counted = countedInterfaces(present, isPhysical);
      }
      return networkFields(rates, interfaces, counted);
    },
  };
}
