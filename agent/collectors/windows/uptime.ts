/** How long Windows runs. */
import type { Collector } from '../collector.ts';
import type { Win32 } from './win32.ts';

export function createUptime({ uptimeMs }: Pick<Win32, 'uptimeMs'>): Collector {
  return { collect: () => ({ uptime_s: Math.floor(uptimeMs() / 1000) }) };
}
