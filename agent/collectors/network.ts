/** Network traffic from /proc/net/dev: each interface that was ever used, and totals that count every byte once. */
import { existsSync } from 'node:fs';
import { instanceField } from '#protocol/fields.ts';
import { keepNames, type Collector, type Fields } from './collector.ts';
import { createRates, tenth, type Rates } from './rates.ts';

interface InterfaceCounters {
  readonly name: string;
  readonly rxBytes: number;
  readonly txBytes: number;
  readonly errors: number;
}

/**
 * Not reported: loopback is no network traffic; containers' veth interfaces come and go by the hundred, and their
 * bridge counts the same bytes.
 */
const LEFT_OUT = /^(lo|veth.*|ifb\d+|dummy\d+)$/;
/** Interfaces (bridges, tunnels, bonds, VLANs) whose bytes pass through another interface too. */
const DOUBLES =
  /^(br|docker|virbr|vnet|tun|tap|wg|bond|team|vlan|cni|flannel|cali|lxc|lxd|podman|macv|ipvl|.+[.:@])/;

/** /proc/net/dev → counters of the interfaces that ever sent or received a byte. */
function parseNetDev(text: string): InterfaceCounters[] {
  const found: InterfaceCounters[] = [];
  for (const line of text.split('\n')) {
    // The name ends at the last colon before the numbers: an alias contains one itself (`eth0:1:`).
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

/**
 * The interfaces whose sum is the machine's traffic: the physical ones; without any, those whose bytes no other
 * interface carries.
 */
export function countedInterfaces(
  names: readonly string[],
  isPhysical: (name: string) => boolean,
): Set<string> {
  const physical = names.filter(isPhysical);
  if (physical.length > 0) return new Set(physical);
  const single = names.filter((name) => !DOUBLES.test(name));
  return new Set(single.length > 0 ? single : names);
}

const namesOf = keepNames((name) => ({
  rx: instanceField('interface', name, 'rx'),
  tx: instanceField('interface', name, 'tx'),
  errors: instanceField('interface', name, 'errors'),
}));

export function networkFields(
  rates: Rates,
  interfaces: readonly InterfaceCounters[],
  counted: ReadonlySet<string>,
): Fields {
  const fields: Fields = {};
  let [totalRx, totalTx, known]: [number, number, boolean] = [0, 0, false];
  for (const { name, rxBytes, txBytes, errors } of interfaces) {
    const names = namesOf(name);
    const rx = rates.perSecond(names.rx, rxBytes);
    const tx = rates.perSecond(names.tx, txBytes);
    const errorRate = rates.perSecond(names.errors, errors);
    if (rx === undefined || tx === undefined) continue;
    fields[names.rx] = Math.round(rx);
    fields[names.tx] = Math.round(tx);
    if (errorRate !== undefined) fields[names.errors] = tenth(errorRate);
    if (!counted.has(name)) continue;
    known = true;
    totalRx += rx;
    totalTx += tx;
  }
  if (known) {
    fields['net_rx'] = Math.round(totalRx);
    fields['net_tx'] = Math.round(totalTx);
  }
  return fields;
}

/** Whether a PCI, USB or virtio device is behind the interface. Bridges, tunnels and veth have none. */
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
