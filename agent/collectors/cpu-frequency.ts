/** How fast the processors run at present, from cpufreq in /sys. Virtual machines mostly have none. */
import { join } from 'node:path';
import type { Collector } from './collector.ts';
import { namesIn } from './system-files.ts';

/** So many groups of cores are asked at most: reading one wakes it, and a server may have hundreds. */
const MOST_ASKED = 16;
/** How often the groups are looked for, in milliseconds. */
const SEARCH_EVERY = 60_000;
const KILOHERTZ = 1000;

function findPolicies(folder: string): readonly string[] {
  const names = (namesIn(folder) ?? []).filter((name) => name.startsWith('policy'));
  const each = Math.ceil(names.length / MOST_ASKED);
  return names.filter((_, place) => place % each === 0).map((name) => join(folder, name, 'scaling_cur_freq'));
}

/** The mean of frequencies as the kernel writes them, in kHz → hertz, to a thousandth; undefined without any. */
export function meanHertz(texts: readonly (string | undefined)[]): number | undefined {
  const known = texts.map((text) => Number.parseInt(text ?? '', 10)).filter((kilohertz) => kilohertz > 0);
  if (known.length === 0) return undefined;
  const mean = known.reduce((sum, one) => sum + one, 0) / known.length;
  return Number(mean.toPrecision(3)) * KILOHERTZ;
}

export function createCpuFrequency(folder = '/sys/devices/system/cpu/cpufreq'): Collector {
  let files: readonly string[] = [];
  let searchedAt = -Infinity;
  return {
    async collect({ at, readAside }) {
      if (at - searchedAt >= SEARCH_EVERY) {
        files = findPolicies(folder);
        searchedAt = at;
      }
      const texts: (string | undefined)[] = [];
      // One after the other: a driver that hangs holds one thread.
      for (const file of files) texts.push(await readAside(file));
      const hertz = meanHertz(texts);
      return hertz === undefined ? 'absent' : { cpu_hertz: hertz };
    },
  };
}
