/**
 * The inventory: what this machine is made of. It is gathered once, in a process of its own (`survey.ts`); only the time
 * of boot is read again, because it is wrong after the clock was set.
 */
import { execFile } from 'node:child_process';
import { uptime } from 'node:os';
import { promisify } from 'node:util';
import { errorText } from '#protocol/errors.ts';
import { inventory as inventorySchema, type Inventory } from '#protocol/sample.ts';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import type { Described } from '../collectors/collector.ts';
import { onChange } from '../collectors/on-change.ts';
import type { Log } from '../log.ts';
import { itself, SURVEY } from '../service/itself.ts';
import type { UpgradeFacts } from '../upgrade/upgrader.ts';

const run = promisify(execFile);

/** What is found out about a machine; '' and 0: not known. */
export interface Facts {
  readonly os: { distro: string; release: string; kernel: string; arch: string };
  readonly cpu: { manufacturer: string; brand: string; physicalCores: number; cores: number };
  readonly system: { manufacturer: string; model: string; virtual: boolean };
}

/**
 * The text, at most `most` characters; undefined for the texts that systeminformation and vendors use for "not known".
 */
function known(text: string, most: number): string | undefined {
  const trimmed = text.trim().slice(0, most);
  return trimmed === '' || /^(unknown|default string|to be filled.*|-)$/i.test(trimmed) ? undefined : trimmed;
}

/** The fields without those that are undefined. */
function present<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): Partial<T> {
  const kept: Partial<T> = {};
  for (const key in fields) if (fields[key] !== undefined) kept[key] = fields[key];
  return kept;
}

export function inventoryFrom(facts: Facts, memoryBytes: number, bootTime: number): Inventory {
  const positive = (count: number) => (Number.isInteger(count) && count > 0 ? count : undefined);
  return present<Required<Omit<Inventory, keyof Described | keyof UpgradeFacts>>>({
    os_name: known(facts.os.distro, 120),
    os_version: known(facts.os.release, 120),
    kernel: known(facts.os.kernel, 120),
    arch: known(facts.os.arch, 40),
    cpu_model: known(`${facts.cpu.manufacturer} ${facts.cpu.brand}`, 200),
    cpu_cores: positive(facts.cpu.physicalCores),
    cpu_threads: positive(facts.cpu.cores),
    memory_bytes: positive(memoryBytes),
    manufacturer: known(facts.system.manufacturer, 120),
    model: known(facts.system.model, 120),
    virtual: facts.system.virtual,
    boot_time: bootTime,
    agent_version: WATCHFLOOR_VERSION,
  });
}

/** The longest that gathering may take, in milliseconds. */
const TIMEOUT = 60_000;
/** Gathering begins this many milliseconds after the start, so that it does not delay the first samples. */
const START_AFTER = 3000;

/** Gathers the inventory in another process. Rejects when that fails, takes too long, or is aborted by `signal`. */
export async function gatherInventory(signal: AbortSignal): Promise<Inventory> {
  const { file, args } = itself(['--no-warnings']);
  const { stdout } = await run(file, [...args, SURVEY], { timeout: TIMEOUT, signal });
  return inventorySchema.parse(JSON.parse(stdout));
}

/** Rounding alone makes two readings of one boot differ by up to this many milliseconds. */
const BOOT_ROUNDING = 2000;

/** When this machine was booted by its clock as it is now set, in whole seconds of epoch milliseconds. */
export function bootTime(): number {
  return Math.round((Date.now() - uptime() * 1000) / 1000) * 1000;
}

/**
 * The inventory as it is now: `found` itself, or a copy with another time of boot when the machine's clock was stepped
 * since.
 */
export function withBootTime(found: Inventory, boot: number): Inventory {
  const isSame = Math.abs(boot - (found.boot_time ?? -Infinity)) <= BOOT_ROUNDING;
  return isSame ? found : { ...found, boot_time: boot };
}

interface GatheredInventory {
  /** Undefined until it is gathered. Another object whenever something in it has changed. */
  current(): Inventory | undefined;
  stop(): void;
}

/** The inventory with what collectors describe, as another object only when one of the two has changed. */
export function joinDescribed(
  inventory: () => Inventory | undefined,
  described: () => readonly (Described | UpgradeFacts)[],
): () => Inventory | undefined {
  const join = onChange((parts: readonly (Inventory | Described | UpgradeFacts)[]): Inventory =>
    Object.assign({}, ...parts),
  );
  return () => {
    const found = inventory();
    if (found === undefined) return undefined;
    const more = described();
    return more.length === 0 ? found : join([found, ...more]);
  };
}

/** Gathers the inventory in the background. Without it the agent still measures and pushes. */
export function startInventory(log: Log): GatheredInventory {
  let found: Inventory | undefined;
  const stopped = new AbortController();
  const gather = async () => {
    try {
      found = await gatherInventory(stopped.signal);
    } catch (error) {
      if (!stopped.signal.aborted)
        log.warn({ reason: errorText(error) }, 'the inventory of this machine cannot be gathered');
    }
  };
  const timer = setTimeout(() => void gather(), START_AFTER);
  return {
    current() {
      if (found !== undefined) found = withBootTime(found, bootTime());
      return found;
    },
    stop() {
      clearTimeout(timer);
      stopped.abort();
    },
  };
}
