/** Network traffic on Windows: the interfaces that are hardware, and totals of those. */
import type { Collector } from '../collector.ts';
import { networkFields, type InterfaceCounters } from '../network.ts';
import { createRates } from '../rates.ts';
import { INTERFACE_BYTES, type Win32 } from './win32.ts';

/** Bits of `InterfaceAndOperStatusFlags`. */
const HARDWARE = 1;
const FILTER = 2;

/**
 * MIB_IF_ROW2 of each interface → counters of those that are hardware. [G7] The others (tunnels, bridges, switches of
 * virtual machines, filters in the way of a packet) carry the same bytes.
 */
export function parseInterfaces(table: Buffer): InterfaceCounters[] {
  const found: InterfaceCounters[] = [];
  for (let at = 0; at + INTERFACE_BYTES <= table.length; at += INTERFACE_BYTES) {
    const row = table.subarray(at, at + INTERFACE_BYTES);
    const flags = row.readUInt8(1152);
    if ((flags & HARDWARE) === 0 || (flags & FILTER) !== 0) continue;
    const [name = ''] = row.toString('utf16le', 28, 542).split('\0', 1);
    const counter = (place: number) => Number(row.readBigUInt64LE(place));
    found.push({
      name,
      rxBytes: counter(1208),
      txBytes: counter(1280),
      rxPackets: counter(1216) + counter(1224),
      txPackets: counter(1288) + counter(1296),
      errors: counter(1240) + counter(1312),
      drops: counter(1232) + counter(1304),
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
      return counted.length === 0 ? 'absent' : networkFields(rates, counted, () => true);
    },
  };
}
