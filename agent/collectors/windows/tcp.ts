/** Connections on Windows, from what it counts anyway; its list of all sockets is never asked for. */
import type { Collector, Fields } from '../collector.ts';
import { addRates, createRates } from '../rates.ts';
import type { Win32 } from './win32.ts';

/** Places in MIB_TCPSTATS and MIB_UDPSTATS. */
const TCP = { tcp_opened: 16, tcp_accepted: 20, tcp_retransmits: 44, tcp_resets: 52 } as const;
const ESTABLISHED = 32;
const UDP_ERRORS = 8;

const sum = (all: readonly Buffer[], place: number) =>
  all.reduce((total, one) => total + one.readUInt32LE(place), 0);

/** MIB_TCPSTATS and MIB_UDPSTATS of IPv4 and IPv6 → counters by field. */
function connectionCounters(
  tcp: readonly Buffer[],
  udp: readonly Buffer[],
): Readonly<Record<string, number>> {
  const counters = Object.entries(TCP).map(([field, place]) => [field, sum(tcp, place)] as const);
  return { ...Object.fromEntries(counters), ...(udp.length > 0 && { udp_errors: sum(udp, UDP_ERRORS) }) };
}

/** [G8] Some systems count both together, and tell the same twice. */
function withoutTwins(all: readonly Buffer[]): readonly Buffer[] {
  const [first, second] = all;
  return first !== undefined && second?.equals(first) === true ? [first] : all;
}

export function createTcp(win32: Pick<Win32, 'tcpStatistics' | 'udpStatistics'>): Collector {
  const rates = createRates();
  return {
    collect({ at }) {
      const tcp = withoutTwins(win32.tcpStatistics());
      if (tcp.length === 0) return 'absent';
      const fields: Fields = { tcp_established: sum(tcp, ESTABLISHED) };
      rates.begin(at);
      addRates(fields, rates, connectionCounters(tcp, withoutTwins(win32.udpStatistics())));
      return fields;
    },
  };
}
