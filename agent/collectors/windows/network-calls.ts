/** Calls that tell of network interfaces and connections. */
import type { NativeLibrary } from '../../service/native-library.ts';
import { succeed } from './system-calls.ts';

export interface NetworkCalls {
  /** MIB_IF_ROW2 of each interface and filter. */
  interfaces(): Buffer;
  /** MIB_TCPSTATS of IPv4 and of IPv6, where the system has them. */
  tcpStatistics(): readonly Buffer[];
  /** MIB_UDPSTATS, likewise. */
  udpStatistics(): readonly Buffer[];
}

export const INTERFACE_BYTES = 1352;
const TCP_BYTES = 60;
const UDP_BYTES = 20;
/** AF_INET and AF_INET6. */
const FAMILIES = [2, 23] as const;
/** [G8] No machine has more interfaces and filters. */
const MOST_INTERFACES = 20_000;

export function openNetwork(koffi: NativeLibrary): NetworkCalls {
  const helper = koffi.load('iphlpapi.dll');
  const getTable: (table: unknown[]) => number = helper.func('uint32 __stdcall GetIfTable2(_Out_ void**)');
  const freeTable: (table: unknown) => void = helper.func('void __stdcall FreeMibTable(void*)');
  type Statistics = (to: Buffer, family: number) => number;
  const tcp: Statistics = helper.func('uint32 __stdcall GetTcpStatisticsEx(void*, uint32)');
  const udp: Statistics = helper.func('uint32 __stdcall GetUdpStatisticsEx(void*, uint32)');
  /** The count, and the padding behind it. */
  const head = 8;
  const ofFamilies = (ask: Statistics, bytes: number) =>
    FAMILIES.flatMap((family) => {
      const to = Buffer.alloc(bytes);
      return ask(to, family) === 0 ? [to] : [];
    });
  return {
    interfaces() {
      const table: unknown[] = [null];
      succeed('GetIfTable2', getTable(table) === 0);
      try {
        const count = new DataView(koffi.view(table[0], 4)).getUint32(0, true);
        const bytes = head + Math.min(count, MOST_INTERFACES) * INTERFACE_BYTES;
        // What the view shows is given back below.
        return Buffer.copyBytesFrom(new Uint8Array(koffi.view(table[0], bytes)), head);
      } finally {
        freeTable(table[0]);
      }
    },
    tcpStatistics: () => ofFamilies(tcp, TCP_BYTES),
    udpStatistics: () => ofFamilies(udp, UDP_BYTES),
  };
}
