/** Processor time on Windows: total, by kind, and per core; interrupts and switches between threads. */
import type { Collector, Fields } from '../collector.ts';
import { cpuFields, type CpuTimes } from '../cpu.ts';
import { addRates, createRates } from '../rates.ts';
import { CORE_BYTES } from './system-calls.ts';
import type { Win32 } from './win32.ts';

/** Units of 100 ns in a millisecond. */
const UNITS = 10_000;

/**
 * SYSTEM_PROCESSOR_PERFORMANCE_INFORMATION of each core → times in 100 ns by name: `cpu` for all together, `cpu0`, `cpu1`, …
 */
export function parseCoreTimes(bytes: Buffer): Map<string, CpuTimes> {
  const times = new Map<string, CpuTimes>();
  const all = { user: 0, system: 0, idle: 0, iowait: 0, steal: 0 };
  times.set('cpu', all);
  for (let at = 0, core = 0; at + CORE_BYTES <= bytes.length; at += CORE_BYTES, core++) {
    const time = (place: number) => Number(bytes.readBigInt64LE(at + place));
    const idle = time(0);
    // The kernel's time has the idle time in it.
    const one = { user: time(16), system: Math.max(0, time(8) - idle), idle, iowait: 0, steal: 0 };
    times.set(`cpu${core}`, one);
    all.user += one.user;
    all.system += one.system;
    all.idle += one.idle;
  }
  return times;
}

const [INTERRUPTS, SWITCHES] = [40, 296] as const;

/** By field: how often it happened since the start. A counter that is 0 then does not count. */
export function kernelCounters(cores: Buffer, system: Buffer): Record<string, number> {
  let interrupts = 0;
  for (let at = 0; at + CORE_BYTES <= cores.length; at += CORE_BYTES)
    interrupts += cores.readUInt32LE(at + INTERRUPTS);
  const switches = system.readUInt32LE(SWITCHES);
  return { ...(interrupts > 0 && { interrupts }), ...(switches > 0 && { context_switches: switches }) };
}

export function createCpu(win32: Pick<Win32, 'coreTimes' | 'systemPerformance'>): Collector {
  const rates = createRates();
  let before = new Map<string, CpuTimes>();
  let readAt = 0;
  return {
    collect({ at }) {
      const cores = win32.coreTimes();
      const now = parseCoreTimes(cores);
      const fields: Fields = cpuFields(before, now, (at - readAt) * UNITS);
      before = now;
      readAt = at;
      // Windows does not tell these apart from idle and from busy.
      delete fields['cpu_iowait'];
      delete fields['cpu_steal'];
      rates.begin(at);
      addRates(fields, rates, kernelCounters(cores, win32.systemPerformance()));
      return fields;
    },
  };
}
