/** What a machine is made of, asked once in the background: systeminformation starts processes for it. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inventory as inventorySchema, type Inventory } from '#protocol/sample.ts';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';

const run = promisify(execFile);

interface Facts {
  readonly os: { distro: string; release: string; kernel: string; arch: string };
  readonly cpu: { manufacturer: string; brand: string; physicalCores: number; cores: number };
  readonly system: { manufacturer: string; model: string; virtual: boolean };
}

/** The library writes what it does not know as an empty text or `unknown`. */
function known(text: string, most: number): string | undefined {
  const trimmed = text.trim().slice(0, most);
  return trimmed === '' || /^(unknown|default string|to be filled.*|-)$/i.test(trimmed) ? undefined : trimmed;
}

/** Drops what is undefined. */
function present<T extends object>(fields: { [K in keyof T]: T[K] | undefined }): Partial<T> {
  const kept: Partial<T> = {};
  for (const key in fields) if (fields[key] !== undefined) kept[key] = fields[key];
  return kept;
}

export function inventoryFrom(facts: Facts, memoryBytes: number, bootTime: number): Inventory {
  const positive = (count: number) => (Number.isInteger(count) && count > 0 ? count : undefined);
  return present<Required<Inventory>>({
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

/** Longer than any machine takes to say what it is made of. */
const PATIENCE = 60_000;

/**
 * Asks the system, in a process that ends with the answer. Rejects where it does not answer; `signal` ends the
 * asking too.
 */
export async function gatherInventory(signal: AbortSignal): Promise<Inventory> {
  const survey = join(import.meta.dirname, 'survey.ts');
  const { stdout } = await run(process.execPath, ['--no-warnings', survey], { timeout: PATIENCE, signal });
  return inventorySchema.parse(JSON.parse(stdout));
}
