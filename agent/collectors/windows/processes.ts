/** The processes of Windows: a list of all every five seconds, and of those that are reported whose they are. */
import { availableParallelism } from 'node:os';
import { loadNativeLibrary } from '../../service/native-library.ts';
import type { Facts } from '../top-processes/facts.ts';
import { createListedTable, type ListedProcess } from '../top-processes/listed-table.ts';
import type { ProcessSource, Ticks } from '../top-processes/source.ts';
import type { Process } from '../top-processes/table.ts';
import { parseCoreTimes } from './cpu.ts';
import { openProcesses, type ProcessCalls } from './process-calls.ts';
import { parseProcessList, UNITS_PER_TICK } from './process-list.ts';
import { openServices, type ServiceCalls } from './service-calls.ts';
import { parseServices } from './services.ts';
import { openSystem, type SystemCalls } from './system-calls.ts';
import { watchUserNames } from './user-names.ts';

const [NAME_CHARS, COMMAND_CHARS] = [64, 512] as const;
/** Programs that run other people's services have one name; the services tell them apart. */
const HOST = /^svchost\.exe$/i;
/** How often it is asked which services they run, in milliseconds. */
const LOOK_EVERY = 60_000;

type Calls = Pick<SystemCalls, 'coreTimes' | 'processList'> & ProcessCalls & ServiceCalls;

/** The names of the services that each process runs, as they were known last. */
function watchServices({ services }: ServiceCalls, now: () => number): (pid: number) => readonly string[] {
  let names = new Map<number, string[]>();
  let askedAt = -Infinity;
  const ask = async () => {
    const found = new Map<number, string[]>();
    for (const { pid, name } of (await services()).flatMap(parseServices))
      if (pid !== 0) found.set(pid, [...(found.get(pid) ?? []), name]);
    names = found;
  };
  return (pid) => {
    if (now() - askedAt >= LOOK_EVERY) {
      askedAt = now();
      // Without an answer the last one stays; the collector of services tells of the trouble.
      ask().catch(() => undefined);
    }
    return names.get(pid) ?? [];
  };
}

/** `svchost.exe (Dnscache)`, `svchost.exe (BFE and 2 more)`. */
export function nameWithServices(name: string, services: readonly string[]): string {
  const [first, ...more] = services;
  if (first === undefined || !HOST.test(name)) return name.slice(0, NAME_CHARS);
  const others = more.length === 0 ? '' : ` and ${more.length} more`;
  return `${name} (${first.slice(0, 36)}${others})`;
}

interface WindowsParts {
  readonly calls: Calls;
  readonly cores: number;
  readonly withArguments: boolean;
  /** Milliseconds of a clock that never steps. */
  readonly now: () => number;
}

export function windowsProcesses({ calls, cores, withArguments, now }: WindowsParts): ProcessSource {
  const servicesOf = watchServices(calls, now);
  const userName = watchUserNames(calls.nameOf);
  /** What was asked of a process. Its user's name, and its services, may become known later. */
  const known = new WeakMap<Process, { user: Buffer | undefined; command: string | undefined }>();
  let listed = new Map<number, ListedProcess>();

  const factsOf = (process: Process): Facts => {
    const found = known.get(process) ?? {
      user: calls.userOf(process.pid),
      command: withArguments ? calls.commandOf(process.pid)?.slice(0, COMMAND_CHARS) : undefined,
    };
    known.set(process, found);
    return {
      name: nameWithServices(process.name, HOST.test(process.name) ? servicesOf(process.pid) : []),
      user: found.user === undefined ? null : (userName(found.user) ?? null),
      container: null,
      ...(found.command !== undefined && { command: found.command }),
    };
  };
  const ticks = (): Ticks | undefined => {
    const times = parseCoreTimes(calls.coreTimes()).get('cpu');
    if (times === undefined) return undefined;
    const busy = (times.user + times.system) / UNITS_PER_TICK;
    return { processes: busy, busy, total: busy + times.idle / UNITS_PER_TICK };
  };
  const list = () => {
    const found = parseProcessList(calls.processList());
    // [G8] Where nothing was ever read, it is not counted.
    const isCounted = found.some(({ read, written }) => read + written > 0);
    listed = new Map(isCounted ? found.map((one) => [one.pid, one]) : []);
    return found;
  };
  return {
    table: (onBusy) => createListedTable({ list, cores, onBusy }),
    ticks,
    diskCounters: (pid) => listed.get(pid),
    factsOf,
    knownFacts: (process) => (known.has(process) ? factsOf(process) : undefined),
    seesAll: () => true,
    // The list counts memory in bytes, and times from 1970 on.
    pageBytes: 1,
    bootedAt: () => 0,
  };
}

/** @throws an error where the system's libraries cannot be called */
export async function openWindowsProcesses(parts: {
  readonly withArguments: boolean;
}): Promise<ProcessSource> {
  const koffi = await loadNativeLibrary();
  const calls = { ...openSystem(koffi), ...openProcesses(koffi), ...openServices(koffi) };
  return windowsProcesses({
    ...parts,
    calls,
    cores: availableParallelism(),
    now: () => performance.now(),
  });
}
