/** Processor time from /proc/stat: total, by kind, and per core. */
import { instanceField } from '#protocol/fields.ts';
import { keepNames, type Collector, type Fields } from './collector.ts';
import { percent, tenth } from './rates.ts';

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

/** Ticks spent between two readings, by kind. The kernel may let iowait and idle fall a little; that counts as 0. */
function spent(before: CpuTimes, now: CpuTimes) {
  const grown = (kind: keyof CpuTimes) => Math.max(0, now[kind] - before[kind]);
  const parts = {
    user: grown('user'),
    system: grown('system'),
    idle: grown('idle'),
    iowait: grown('iowait'),
    steal: grown('steal'),
  };
  const busy = parts.user + parts.system + parts.steal;
  return { ...parts, busy, total: busy + parts.idle + parts.iowait };
}

/** Whether the counters started again from 0: their sum never falls in any other case. */
function isReset(before: CpuTimes, now: CpuTimes): boolean {
  return now.user + now.system + now.idle < before.user + before.system + before.idle;
}

/** `cpu0` → `core:0:cpu`. */
const coreField = keepNames((name) => instanceField('core', name.slice('cpu'.length), 'cpu'));

/** Two readings → fields. A core without a usable earlier reading is left out. */
export function cpuFields(before: ReadonlyMap<string, CpuTimes>, now: ReadonlyMap<string, CpuTimes>): Fields {
  const fields: Fields = {};
  for (const [name, times] of now) {
    const earlier = before.get(name);
    if (earlier === undefined || isReset(earlier, times)) continue;
    const part = spent(earlier, times);
    if (!(part.total > 0)) continue;
    const share = (ticks: number) => tenth(percent(ticks, part.total));
    if (name !== 'cpu') {
      fields[coreField(name)] = share(part.busy);
      continue;
    }
    fields['cpu'] = share(part.busy);
    fields['cpu_user'] = share(part.user);
    fields['cpu_system'] = share(part.system);
    fields['cpu_iowait'] = share(part.iowait);
    fields['cpu_steal'] = share(part.steal);
  }
  return fields;
}

export function createCpu(): Collector {
  let before = new Map<string, CpuTimes>();
  return {
    collect({ read }) {
      const text = read('/proc/stat');
      if (text === undefined) return 'absent';
      const now = parseCpuTimes(text);
      const fields = cpuFields(before, now);
      before = now;
      return fields;
    },
  };
}
