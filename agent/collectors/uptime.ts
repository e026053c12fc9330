/** Seconds since boot from /proc/uptime. */
import type { Collector, Fields } from './collector.ts';

export function parseUptime(text: string): Fields | 'absent' {
  const seconds = Math.floor(Number.parseFloat(text));
  return Number.isFinite(seconds) && seconds >= 0 ? { uptime_s: seconds } : 'absent';
}

export function createUptime(): Collector {
  return {
    collect({ read }) {
      const text = read('/proc/uptime');
      return text === undefined ? 'absent' : parseUptime(text);
    },
  };
}
