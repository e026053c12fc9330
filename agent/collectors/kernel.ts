/** What the kernel was busy with, from /proc/stat: switches between tasks, interrupts, new processes. */
import type { Fields } from './collector.ts';
import { numberAfter } from './proc-text.ts';
import { addRates, type Rates } from './rates.ts';

/** By field: how often it happened since boot. A kernel that does not count one leaves it out. */
export function parseKernelCounters(text: string): Record<string, number> {
  const counters: Record<string, number> = {};
  // The lines of the processors come first, and are many.
  const from = Math.max(0, text.indexOf('\nintr '));
  const count = (field: string, label: string) => {
    const value = numberAfter(text, label, from);
    if (value !== undefined) counters[field] = value;
  };
  count('interrupts', 'intr ');
  count('context_switches', 'ctxt ');
  count('forks', 'processes ');
  return counters;
}

/** Adds them as rates, and how many processes wait for a disk at this moment. */
export function addKernelFields(fields: Fields, rates: Rates, text: string): void {
  addRates(fields, rates, parseKernelCounters(text));
  const blocked = numberAfter(text, 'procs_blocked ');
  if (blocked !== undefined) fields['processes_blocked'] = blocked;
}
