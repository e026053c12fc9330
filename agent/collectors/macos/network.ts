/** Network traffic of macOS, by counters of 64 bits: each interface that was ever used, and totals of the network cards. */
import { wide } from '../bytes.ts';
import type { Collector } from '../collector.ts';
import { guessKind, sortInterfaces, type InterfaceKind } from '../interfaces.ts';
import { networkFields, type InterfaceCounters } from '../network.ts';
import { createRates } from '../rates.ts';
import type { MacOs } from './macos.ts';

/** `if_msghdr2` of <net/if.h>, the `if_data64` in it, and the `sockaddr_dl` of <net/if_dl.h> behind it. */
const INFO = 0x12;
const HEAD_BYTES = 160;
const DATA = 32;
const AT = {
  ...{ type: DATA, rxPackets: DATA + 24, rxErrors: DATA + 32, txPackets: DATA + 40, txErrors: DATA + 48 },
  ...{ rxBytes: DATA + 64, txBytes: DATA + 72, rxDrops: DATA + 96, txDrops: 24 },
} as const;
const NAME = { length: HEAD_BYTES + 5, start: HEAD_BYTES + 8 } as const;
/** Types of <net/if_types.h>. */
const [ETHERNET, LOOPBACK] = [6, 24];
const STACKED = [209, 135, 136];

export interface MacInterface extends InterfaceCounters {
  readonly kind: InterfaceKind;
}

/** [G7] What the kernel says it is. Apple's own links between devices are Ethernet, too, and have other names than cards. */
function kindOf(type: number, name: string): InterfaceKind {
  if (STACKED.includes(type)) return 'stacked';
  return type === ETHERNET && /^en\d+$/.test(name) ? 'device' : guessKind(name);
}

/** What sysctl gives → the interfaces, without loopback. */
export function parseInterfaces(list: Buffer): MacInterface[] {
  const found: MacInterface[] = [];
  for (let start = 0; start + 4 <= list.length;) {
    const length = list.readUInt16LE(start);
    if (length < 4) break;
    const message = list.subarray(start, start + length);
    start += length;
    if (message.readUInt8(3) !== INFO || message.length < NAME.start) continue;
    const type = message.readUInt8(AT.type);
    const end = Math.min(message.length, NAME.start + message.readUInt8(NAME.length));
    const name = message.toString('utf8', NAME.start, end);
    if (type === LOOPBACK || name === '') continue;
    found.push({
      ...{ name, kind: kindOf(type, name) },
      ...{ rxBytes: wide(message, AT.rxBytes), txBytes: wide(message, AT.txBytes) },
      ...{ rxPackets: wide(message, AT.rxPackets), txPackets: wide(message, AT.txPackets) },
      errors: wide(message, AT.rxErrors) + wide(message, AT.txErrors),
      drops: wide(message, AT.rxDrops) + message.readUInt32LE(AT.txDrops),
    });
  }
  return found;
}

export function createNetwork({ interfaces }: Pick<MacOs, 'interfaces'>): Collector {
  const rates = createRates();
  return {
    collect({ at }) {
      const list = interfaces();
      if (list === undefined) return 'absent';
      const found = parseInterfaces(list);
      const sorted = sortInterfaces(new Map(found.map(({ name, kind }) => [name, kind])));
      const shown = found.filter(
        ({ name, rxBytes, txBytes }) => sorted.isShown(name) && rxBytes + txBytes > 0,
      );
      rates.begin(at);
      return shown.length === 0 ? 'absent' : networkFields(rates, shown, sorted.isCounted);
    },
  };
}
