/** Network traffic on Windows: the interfaces that are hardware, and totals of those. */
import type { Collector } from '../collector.ts';
import { networkFields, type InterfaceCounters } from '../network.ts';
import { createRates, MOST_BYTES } from '../rates.ts';
import { untilNul, wide } from '../bytes.ts';
import { INTERFACE_BYTES } from './network-calls.ts';
import type { Win32 } from './win32.ts';

/** Bits of `InterfaceAndOperStatusFlags`. */
const HARDWARE = 1;
const FILTER = 2;

/** Cards of virtual machines name a speed that does not limit them. */
const UNLIMITED = /hyper-v|virtio|vmxnet|xen|virtual/i;
/** Some cards count late, and then two seconds' bytes in one. */
const ROOM = 2;

interface Interface extends InterfaceCounters {
  /** The most bytes that it moves in a second, each way. */
  readonly mostBytes: number;
}

/** Bits per second, and what the card is called → the most bytes. A link that is down has no speed, or the highest number. */
function mostOf(bits: number, card: string): number {
  const bytes = (bits / 8) * ROOM;
  return bytes > 0 && bytes < MOST_BYTES && !UNLIMITED.test(card) ? bytes : MOST_BYTES;
}

/**
 * MIB_IF_ROW2 of each interface → counters of those that are hardware. [G7] The others (tunnels, bridges, switches of
 * virtual machines, filters in the way of a packet) carry the same bytes.
 */
export function parseInterfaces(table: Buffer): Interface[] {
  const found: Interface[] = [];
  for (let at = 0; at + INTERFACE_BYTES <= table.length; at += INTERFACE_BYTES) {
    const row = table.subarray(at, at + INTERFACE_BYTES);
    const flags = row.readUInt8(1152);
    if ((flags & HARDWARE) === 0 || (flags & FILTER) !== 0) continue;
    const name = untilNul(row.toString('utf16le', 28, 542));
    const card = untilNul(row.toString('utf16le', 542, 1056));
    const counter = (place: number) => wide(row, place);
    found.push({
      name,
      rxBytes: counter(1208),
      txBytes: counter(1280),
      rxPackets: counter(1216) + counter(1224),
      txPackets: counter(1288) + counter(1296),
      errors: counter(1240) + counter(1312),
      drops: counter(1232) + counter(1304),
      mostBytes: mostOf(Math.max(counter(1192), counter(1200)), card),
    });
  }
  return found;
}

export function createNetwork({ interfaces }: Pick<Win32, 'interfaces'>): Collector {
  const rates = createRates();
  const used = new Set<string>();
  return {
    collect({ at }) {
      const found = parseInterfaces(interfaces());
      for (const { name, rxBytes, txBytes } of found) if (rxBytes > 0 || txBytes > 0) used.add(name);
      rates.begin(at);
      const counted = found.filter(({ name }) => used.has(name));
      const most = new Map(counted.map(({ name, mostBytes }) => [name, mostBytes]));
      return counted.length === 0
        ? 'absent'
        : networkFields(
            rates,
            counted,
            () => true,
            (name) => most.get(name) ?? MOST_BYTES,
          );
    },
  };
}
