/** Counts processes (the numbered folders of /proc) and the threads that run or are ready to run. */
import { readdirSync } from 'node:fs';
import type { Collector, Fields } from './collector.ts';
import { numberAfter } from './proc-text.ts';

/** The names in /proc → the number of processes among them. */
export function countProcesses(names: readonly string[]): number {
  let count = 0;
  for (const name of names) if (/^[1-9]/.test(name)) count++;
  return count;
}

/** /proc/stat → threads that run or are ready to run; undefined on a kernel that does not tell. */
export function parseRunning(text: string): number | undefined {
  return numberAfter(text, 'procs_running ');
}

export function createProcesses(list: () => readonly string[] = () => readdirSync('/proc')): Collector {
  return {
    collect({ read }) {
      const fields: Fields = { processes: countProcesses(list()) };
      const running = parseRunning(read('/proc/stat') ?? '');
      if (running !== undefined) fields['processes_running'] = running;
      return fields;
    },
  };
}
