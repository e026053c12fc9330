/** Processor time from /proc/stat: total, by kind, and per core; and what else that file counts (`kernel.ts`). */
import { instanceField } from '#protocol/fields.ts';
import type { Collector, Fields } from './collector.ts';
import { keepNames } from './instance-names.ts';
import { addKernelFields } from './kernel.ts';
import { createRates, percent, tenth } from './rates.ts';

/** Ticks since boot. `user` includes nice (and guests, which the kernel counts in it), `system` includes interrupts. */
export interface CpuTimes {
  readonly user: number;
  readonly system: number;
  readonly idle: number;
  readonly iowait: number;
  readonly steal: number;
}

/** /proc/stat → times by name: `cpu` for all cores together, then `cpu0`, `cpu1`, … for each core that is online. */
export function parseCpuTimes(text: string): Map<string, CpuTimes> {
  const times = new Map<string, CpuTimes>();
  for (let start = 0; text.startsWith('cpu', start);) {
    const newline = text.indexOf('\n', start);
    const end = newline < 0 ? text.length : newline;
    const [name = '', ...ticks] = text.slice(start, end).split(/ +/);
    const tick = (column: number) => Number(ticks[column] ?? 0);
    times.set(name, {
      user: tick(0) + tick(1),
      system: tick(2) + tick(5) + tick(6),
      idle: tick(3),
      iowait: tick(4),
      steal: tick(7),
    });
    start = end + 1;
  }
  return times;
}

/**
 * Ticks spent between two readings, by kind. An idle core's time may move from iowait to idle and back, so one of them
 * may fall, which counts as 0; their sum is right.
 */
function spent(before: CpuTimes, now: CpuTimes) {
  const grown = (kind: keyof CpuTimes) => now[kind] - before[kind];
  const user = grown('user');
  const system = grown('system');
  const steal = grown('steal');
  const iowait = grown('iowait');
  const busy = user + system + steal;
  return { user, system, steal, iowait, busy, total: busy + grown('idle') + iowait };
}

/** Ticks in a second of /proc/stat, on every kind of processor. */
const TICKS = 100;
/**
 * [G8] The readings are believed while they hold between a tenth and one and a half times the ticks of the time between
 * them: they are not taken at exactly the sample's time, and a core may come or go in between.
 */
const LEAST_SHARE = 0.1;
const MOST_SHARE = 1.5;

/** Whether `cores` cores can have spent these ticks in a time in which one core has `ticks`. */
function isPossible(part: ReturnType<typeof spent>, ticks: number, cores: number): boolean {
  if (part.user < 0 || part.system < 0 || part.steal < 0) return false;
  return part.total >= ticks * LEAST_SHARE && Math.max(part.total, part.busy) <= ticks * MOST_SHARE * cores;
}

/** `cpu0` → `core:0:cpu`. */
const coreField = keepNames((name) => instanceField('core', name.slice('cpu'.length), 'cpu'));

/**
 * Two readings → fields. A core without a usable earlier reading, or with ticks that cannot be, is left out.
 * @param ticks how many ticks a core has in the time between the readings
 */
export function cpuFields(
  before: ReadonlyMap<string, CpuTimes>,
  now: ReadonlyMap<string, CpuTimes>,
  ticks: number,
): Fields {
  const fields: Fields = {};
  // Both have one entry for all cores together.
  const cores = Math.max(1, before.size - 1, now.size - 1);
  for (const [name, times] of now) {
    const earlier = before.get(name);
    if (earlier === undefined) continue;
    const part = spent(earlier, times);
    if (!isPossible(part, ticks, name === 'cpu' ? cores : 1)) continue;
    const share = (ticks: number) => tenth(percent(ticks, part.total));
    if (name !== 'cpu') {
      fields[coreField(name)] = share(part.busy);
      continue;
    }
    fields['cpu'] = share(part.busy);
    fields['cpu_user'] = share(part.user);
    fields['cpu_system'] = share(part.system);
    // More waiting than there was time is idle time that only now counts as waiting.
    if (part.iowait <= part.total) fields['cpu_iowait'] = share(part.iowait);
    fields['cpu_steal'] = share(part.steal);
  }
  return fields;
}

export function createCpu(): Collector {
  let before = new Map<string, CpuTimes>();
  let readAt = 0;
  const rates = createRates();
  return {
    collect({ at, read }) {
      const text = read('/proc/stat');
      if (text === undefined) return 'absent';
      const now = parseCpuTimes(text);
      const fields = cpuFields(before, now, ((at - readAt) * TICKS) / 1000);
      before = now;
      readAt = at;
      rates.begin(at);
      addKernelFields(fields, rates, text);
      return fields;
    },
  };
}
