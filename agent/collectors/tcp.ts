/**
 * Connections from what the kernel counts anyway: /proc/net/sockstat, /proc/net/snmp and /proc/net/netstat. The list of
 * all sockets (/proc/net/tcp) is never read, because it costs as much as there are connections.
 */
import type { Collector, Fields } from './collector.ts';
import { createColumns, numberAfter } from './proc-text.ts';
import { addRates, createRates } from './rates.ts';

type Column = (name: string) => number | undefined;

/** /proc/net/sockstat → connections that wait for late packets after they ended. */
export function parseTimeWait(text: string): number | undefined {
  const start = text.indexOf(' tw ');
  return start < 0 ? undefined : numberAfter(text.slice(start + 1), 'tw ');
}

/** The counters of these fields that the kernel has. */
function countersOf(
  wanted: readonly (readonly [field: string, of: Column, name: string])[],
): Record<string, number> {
  const counters: Record<string, number> = {};
  for (const [field, of, name] of wanted) {
    const value = of(name);
    if (value !== undefined) counters[field] = value;
  }
  return counters;
}

export function createTcp(): Collector {
  const rates = createRates();
  const [tcpOf, udpOf, moreOf] = [createColumns('Tcp:'), createColumns('Udp:'), createColumns('TcpExt:')];
  return {
    collect({ at, read }) {
      const snmp = read('/proc/net/snmp');
      if (snmp === undefined) return 'absent';
      const [tcp, udp, more] = [tcpOf(snmp), udpOf(snmp), moreOf(read('/proc/net/netstat') ?? '')];
      const fields: Fields = {};
      const established = tcp('CurrEstab');
      if (established !== undefined) fields['tcp_established'] = established;
      const timeWait = parseTimeWait(read('/proc/net/sockstat') ?? '');
      if (timeWait !== undefined) fields['tcp_time_wait'] = timeWait;
      const sendErrors = udp('SndbufErrors') ?? 0;
      const counters = countersOf([
        ['tcp_opened', tcp, 'ActiveOpens'],
        ['tcp_accepted', tcp, 'PassiveOpens'],
        ['tcp_retransmits', tcp, 'RetransSegs'],
        ['tcp_resets', tcp, 'OutRsts'],
        ['tcp_listen_overflows', more, 'ListenOverflows'],
        ['udp_errors', udp, 'InErrors'],
      ]);
      // Received ones count wrong checksums and full buffers.
      if (counters['udp_errors'] !== undefined) counters['udp_errors'] += sendErrors;
      rates.begin(at);
      addRates(fields, rates, counters);
      return fields;
    },
  };
}
