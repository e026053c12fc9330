/** Made-up samples of a small server for sizes and charts, where a day or a year is needed; the same in every run. */
import type { Sample } from '#protocol/sample.ts';

/** A generator of numbers in [0, 1), the same each run. */
export function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A small server as an agent sees it: 30 fields, shares of processor time to a decimal, bytes in pages, bursts. `start`: the time of the first sample. */
export function machine(random: () => number, start: number): (t: number) => Sample {
  let busy = 12;
  let used = 3_200_000_000;
  let load = 0.4;
  const total = 16_618_242_048;
  const decimals = (value: number, power: number) => Math.round(value * power) / power;
  const burst = (often: number, size: number) => (random() < often ? Math.round(random() * size) : 0);
  return (t) => {
    busy = Math.min(
      95,
      Math.max(1, busy + (random() - 0.5) * 4 + (random() < 0.01 ? 30 * random() : 0) - (busy - 12) * 0.05),
    );
    used = Math.min(total, Math.max(1e9, used + Math.round((random() - 0.5) * 200) * 4096));
    load += (busy / 25 - load) * 0.02;
    const cores = Array.from({ length: 4 }, () => Math.min(100, Math.max(0, busy + (random() - 0.5) * 10)));
    const values: Record<string, number> = {
      cpu: decimals(busy, 10),
      cpu_user: decimals(busy * 0.7, 10),
      cpu_system: decimals(busy * 0.25, 10),
      cpu_iowait: burst(0.2, 3),
      cpu_steal: 0,
      load1: decimals(load, 100),
      load5: decimals(load * 0.9, 100),
      load15: decimals(load * 0.8, 100),
      ram: decimals((used / total) * 100, 100),
      mem_used_bytes: used,
      mem_available_bytes: total - used,
      mem_cached_bytes: 5_100_000_000 + burst(0.1, 50) * 4096,
      mem_total_bytes: total,
      swap: 0,
      disk: 41.3,
      disk_read: burst(0.05, 40) * 4096,
      disk_write: burst(0.4, 60) * 4096,
      net_rx: 2_000 + Math.round(random() * 4_000) + burst(0.05, 500_000),
      net_tx: 1_500 + Math.round(random() * 3_000) + burst(0.05, 300_000),
      processes: 181 + burst(0.1, 3),
      processes_running: 1 + burst(0.3, 3),
      uptime_s: Math.floor((t - start) / 1000) + 500_000,
      'mount:/:used': 41.3,
      'mount:/:used_bytes': 40_000_000_000 + Math.floor((t - start) / 60_000) * 4096,
      'interface:eth0:rx': 2_000 + Math.round(random() * 4_000),
      'interface:eth0:tx': 1_500 + Math.round(random() * 3_000),
    };
    cores.forEach((value, i) => (values[`core:${i}:cpu`] = decimals(value, 10)));
    return { t, values };
  };
}
