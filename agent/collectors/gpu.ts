/**
 * Graphics processors: AMD's from /sys, NVIDIA's from one nvidia-smi that runs as long as the agent and writes a line for
 * each of them every five seconds. It is started only where the kernel's driver is there.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { instanceField } from '#protocol/fields.ts';
import type { Collector, Context, Fields } from './collector.ts';
import { keepNames } from './instance-names.ts';
import { hundredth, percent, tenth } from './rates.ts';
import { namesIn } from './system-files.ts';

const namesOf = keepNames((name) => {
  const of = (field: string) => instanceField('gpu', name, field);
  return {
    busy: of('busy'),
    memory: of('mem'),
    memoryUsed: of('mem_used_bytes'),
    celsius: of('celsius'),
    watts: of('watts'),
  };
});

export interface GpuReading {
  readonly name: string;
  /** Percent. */
  readonly busy: number | undefined;
  readonly memoryUsed: number | undefined;
  readonly memoryTotal: number | undefined;
  readonly celsius?: number | undefined;
  readonly watts?: number | undefined;
}

/** [G8] What is no number, or cannot be, is left out. */
export function gpuFields({ name, busy, memoryUsed, memoryTotal, celsius, watts }: GpuReading): Fields {
  const names = namesOf(name);
  const fields: Fields = {};
  const add = (field: string, value: number | undefined, most: number) => {
    if (value !== undefined && value >= 0 && value <= most) fields[field] = tenth(value);
  };
  add(names.busy, busy, 100);
  add(names.memoryUsed, memoryUsed, 1e15);
  if (memoryUsed !== undefined && memoryTotal !== undefined && memoryTotal > 0)
    fields[names.memory] = hundredth(percent(memoryUsed, memoryTotal));
  add(names.celsius, celsius, 125);
  add(names.watts, watts, 5000);
  return fields;
}

// --- NVIDIA ----------------------------------------------------------------------------------------------------------

const QUERY = 'index,name,utilization.gpu,memory.used,memory.total,temperature.gpu,power.draw';
const MEBIBYTE = 1024 * 1024;

/**
 * A line of nvidia-smi in the order of QUERY; undefined for another line.
 *
 *     0, NVIDIA GeForce RTX 3090, 37, 4211, 24576, 61, 214.35
 */
export function parseNvidiaLine(line: string): GpuReading | undefined {
  const [index = '', model = '', busy, used, total, celsius, watts] = line
    .split(',')
    .map((part) => part.trim());
  if (!/^\d+$/.test(index) || watts === undefined) return undefined;
  // `[N/A]`, where a model does not tell.
  const number = (text: string | undefined) => (Number.isFinite(Number(text)) ? Number(text) : undefined);
  const bytes = (text: string | undefined) => {
    const mebibytes = number(text);
    return mebibytes === undefined ? undefined : mebibytes * MEBIBYTE;
  };
  return {
    name: `${index} ${model.replace(/^NVIDIA /, '')}`,
    busy: number(busy),
    memoryUsed: bytes(used),
    memoryTotal: bytes(total),
    celsius: number(celsius),
    watts: number(watts),
  };
}

/** A reading that is older, in milliseconds, is not repeated. */
const FRESH_FOR = 15_000;
/** nvidia-smi that ended is started again after this time. */
const TRY_AGAIN = 600_000;

interface Nvidia {
  readings(at: number): readonly GpuReading[];
  stop(): void;
}

function watchNvidia(driver: string, command: string): Nvidia {
  const known = new Map<string, { reading: GpuReading; at: number }>();
  let child: ChildProcess | undefined;
  let startedAt = -Infinity;
  let now = -Infinity;
  let rest = '';

  const take = (text: string) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop()?.slice(-1000) ?? '';
    for (const line of lines) {
      const reading = parseNvidiaLine(line);
      if (reading !== undefined) known.set(reading.name, { reading, at: now });
    }
  };
  const start = () => {
    const args = [`--query-gpu=${QUERY}`, '--format=csv,noheader,nounits', '--loop=5'];
    const started = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] });
    child = started;
    started.stdout.setEncoding('utf8');
    started.stdout.on('data', take);
    const ended = () => {
      if (child === started) child = undefined;
    };
    // It is not installed, or it ended: the driver may not be usable for this user.
    started.on('error', ended);
    started.on('exit', ended);
  };

  return {
    readings(at) {
      now = at;
      if (child === undefined && at - startedAt >= TRY_AGAIN && existsSync(driver)) {
        startedAt = at;
        start();
      }
      return [...known.values()].filter((one) => at - one.at < FRESH_FOR).map(({ reading }) => reading);
    },
    stop() {
      startedAt = Infinity;
      child?.kill();
    },
  };
}

// --- AMD -------------------------------------------------------------------------------------------------------------

const SEARCH_EVERY = 60_000;

/** The devices of cards that tell how busy they are: those of the driver amdgpu. */
function findCards(drm: string): readonly string[] {
  return (namesIn(drm) ?? [])
    .filter((name) => /^card\d+$/.test(name))
    .filter((name) => existsSync(join(drm, name, 'device', 'gpu_busy_percent')));
}

async function readCard(drm: string, card: string, { readAside }: Context): Promise<GpuReading> {
  const number = async (file: string) => {
    const text = await readAside(join(drm, card, 'device', file));
    const value = Number.parseInt(text ?? '', 10);
    return Number.isNaN(value) ? undefined : value;
  };
  return {
    name: card,
    busy: await number('gpu_busy_percent'),
    memoryUsed: await number('mem_info_vram_used'),
    memoryTotal: await number('mem_info_vram_total'),
  };
}

/** Temperature and power of AMD's are those of their chip in hwmon, which `sensors` measures. */
export function createGpu(
  drm = '/sys/class/drm',
  { driver, command } = { driver: '/proc/driver/nvidia/version', command: 'nvidia-smi' },
): Collector {
  const nvidia = watchNvidia(driver, command);
  let cards: readonly string[] = [];
  let searchedAt = -Infinity;
  return {
    async collect(context) {
      if (context.at - searchedAt >= SEARCH_EVERY) {
        cards = findCards(drm);
        searchedAt = context.at;
      }
      const fields: Fields = {};
      for (const reading of nvidia.readings(context.at)) Object.assign(fields, gpuFields(reading));
      for (const card of cards) Object.assign(fields, gpuFields(await readCard(drm, card, context)));
      return Object.keys(fields).length > 0 ? fields : 'absent';
    },
    stop: nvidia.stop,
  };
}
