/** Network traffic from /proc/net/dev: each interface that was ever used, and totals that count every byte once. */
import { instanceField } from '#protocol/fields.ts';
import type { Collector, Fields } from './collector.ts';
import { keepNames } from './instance-names.ts';
import { interfaceKind, sortInterfaces, type InterfaceKind, type Interfaces } from './interfaces.ts';
import { createLinks, type Links } from './links.ts';
import { createRates, createTotals, isKnown, isLying, MOST_BYTES, short, type Rates } from './rates.ts';

export interface InterfaceCounters {
  readonly name: string;
  readonly rxBytes: number;
  readonly txBytes: number;
  readonly rxPackets: number;
  readonly txPackets: number;
  readonly errors: number;
  /** Packets that were received or were to be sent, and found no room. */
  readonly drops: number;
}

/** /proc/net/dev → the name of each interface, and the text of its counters. */
function parseNetDev(text: string): (readonly [name: string, counters: string])[] {
  const found: [string, string][] = [];
  for (const line of text.split('\n')) {
    // The name ends at the last colon before the numbers: an alias contains one itself (`eth0:1:`).
    const [, name = '', counters] = /^\s*(\S+):\s*(\d.*)$/.exec(line) ?? [];
    if (counters !== undefined) found.push([name, counters]);
  }
  return found;
}

function parseCounters(name: string, text: string): InterfaceCounters {
  const columns = text.split(/\s+/).map(Number);
  const [rxBytes = 0, rxPackets = 0, rxErrors = 0, rxDrops = 0] = columns;
  const [txBytes = 0, txPackets = 0, txErrors = 0, txDrops = 0] = columns.slice(8);
  const errors = rxErrors + txErrors;
  return { name, rxBytes, txBytes, rxPackets, txPackets, errors, drops: rxDrops + txDrops };
}

const namesOf = keepNames((name) => ({
  rx: instanceField('interface', name, 'rx'),
  tx: instanceField('interface', name, 'tx'),
  rxPackets: instanceField('interface', name, 'rx_packets'),
  txPackets: instanceField('interface', name, 'tx_packets'),
  errors: instanceField('interface', name, 'errors'),
  drops: instanceField('interface', name, 'drops'),
}));

/** [G8] The most packets that an interface moves in a second: the smallest ones on the fastest link. */
const MOST_PACKETS = 1e10;

function addPackets(fields: Fields, rates: Rates, one: InterfaceCounters): void {
  const names = namesOf(one.name);
  const add = (field: string, packets: number) => {
    const rate = rates.perSecond(field, packets, MOST_PACKETS);
    if (isKnown(rate)) fields[field] = short(rate);
  };
  add(names.rxPackets, one.rxPackets);
  add(names.txPackets, one.txPackets);
  add(names.errors, one.errors);
  add(names.drops, one.drops);
}

/**
 * The fields of each interface, and the totals of those that `isCounted`.
 * @param mostBytes the most bytes that an interface moves in a second, each way
 */
export function networkFields(
  rates: Rates,
  interfaces: readonly InterfaceCounters[],
  isCounted: (name: string) => boolean,
  mostBytes: (name: string) => number = () => MOST_BYTES,
): Fields {
  const fields: Fields = {};
  const totals = createTotals();
  for (const one of interfaces) {
    const { name, rxBytes, txBytes } = one;
    const names = namesOf(name);
    const most = mostBytes(name);
    const rx = rates.perSecond(names.rx, rxBytes, most);
    const tx = rates.perSecond(names.tx, txBytes, most);
    // Counters that are not read in a round are forgotten.
    addPackets(isLying(rx, tx) ? {} : fields, rates, one);
    if (rx === undefined || tx === undefined) continue;
    if (isCounted(name)) totals.add(rx, tx);
    if (isLying(rx, tx)) continue;
    fields[names.rx] = Math.round(rx);
    fields[names.tx] = Math.round(tx);
  }
  const sums = totals.sums();
  if (sums !== undefined) {
    fields['net_rx'] = sums.one;
    fields['net_tx'] = sums.other;
  }
  return fields;
}

/** How often all of /sys is read again, in milliseconds: a bond may get another member, a link another speed. */
const LOOK_EVERY = 60_000;

/** Sorts the interfaces that are present by what the kernel says of them. */
function createSorting(sysNet: string): (present: readonly string[], at: number) => Interfaces {
  let kinds = new Map<string, InterfaceKind>();
  let names = '';
  let lookedAt = -Infinity;
  let sorted = sortInterfaces(kinds);
  return (present, at) => {
    const joined = present.join();
    const isDue = at - lookedAt >= LOOK_EVERY;
    if (joined === names && !isDue) return sorted;
    if (isDue) {
      kinds = new Map();
      lookedAt = at;
    }
    names = joined;
    kinds = new Map(present.map((name) => [name, kinds.get(name) ?? interfaceKind(sysNet, name)]));
    sorted = sortInterfaces(kinds);
    return sorted;
  };
}

export function createNetwork(sysNet = '/sys/class/net', links: Links = createLinks(sysNet)): Collector {
  const rates = createRates();
  const sort = createSorting(sysNet);
  const used = new Set<string>();
  let sorted = sort([], 0);
  let asked = '';
  let askedAt = -Infinity;
  let isLying = false;

  const askLinks = (at: number) => {
    asked = sorted.devices.join();
    askedAt = at;
    void links.ask(sorted.devices);
  };
  const isCounted = (name: string) => sorted.isCounted(name) && links.of(name)?.isFunction !== true;
  const mostBytes = (name: string) => links.of(name)?.mostBytes ?? MOST_BYTES;

  return {
    collect({ at, read }) {
      const text = read('/proc/net/dev');
      if (text === undefined) return 'absent';
      const found = parseNetDev(text);
      const before = sorted;
      sorted = sort(
        found.map(([name]) => name),
        at,
      );
      if (at - askedAt >= LOOK_EVERY || (sorted !== before && sorted.devices.join() !== asked)) askLinks(at);
      if (sorted !== before) for (const name of used) if (!sorted.isShown(name)) used.delete(name);
      const interfaces: InterfaceCounters[] = [];
      for (const [name, counters] of found) {
        if (!sorted.isShown(name)) continue;
        const one = parseCounters(name, counters);
        if (one.rxBytes > 0 || one.txBytes > 0) used.add(name);
        // An interface in use whose counters show 0 lies, or was reset.
        if (used.has(name)) interfaces.push(one);
      }
      rates.begin(at);
      if (interfaces.length === 0) return 'absent';
      const fields = networkFields(rates, interfaces, isCounted, mostBytes);
      const wasLying = isLying;
      isLying = sorted.devices.some((name) => used.has(name) && fields[namesOf(name).rx] === undefined);
      // Too much for the link's speed is a lie, or the link became faster since it was asked.
      if (isLying && !wasLying) askLinks(at);
      return fields;
    },
  };
}
