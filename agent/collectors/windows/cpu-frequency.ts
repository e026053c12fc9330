/** The frequency of the processors of Windows. */
import type { Collector, Fields } from '../collector.ts';
import { POWER_BYTES } from './system-calls.ts';
import type { Win32 } from './win32.ts';

const CURRENT = 8;
const MEGAHERTZ = 1e6;
/** [G8] No core is faster, in MHz. */
const MOST = 20_000;

/** PROCESSOR_POWER_INFORMATION of each core → the mean of those that tell. */
export function frequencyFields(cores: Buffer): Fields | 'absent' {
  const known: number[] = [];
  for (let at = 0; at + POWER_BYTES <= cores.length; at += POWER_BYTES) {
    const megahertz = cores.readUInt32LE(at + CURRENT);
    if (megahertz > 0 && megahertz <= MOST) known.push(megahertz);
  }
  if (known.length === 0) return 'absent';
  const mean = known.reduce((sum, one) => sum + one, 0) / known.length;
  return { cpu_hertz: Math.round(mean * MEGAHERTZ) };
}

export function createCpuFrequency({ processorPower }: Pick<Win32, 'processorPower'>): Collector {
  return {
    collect() {
      const cores = processorPower();
      return cores === undefined ? 'absent' : frequencyFields(cores);
    },
  };
}
