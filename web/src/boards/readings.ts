/** The newest values of the machines of a tile: chosen, joined to one number, and sorted. */
import type { Limits, Reduction } from '#protocol/boards.ts';
import { fieldMatches, parseInstanceField } from '#protocol/fields.ts';
import type { Freshness } from '../stores/freshness.ts';

/** A machine in the scope of a tile, with the newest values that the tile asked for. */
export interface MachineValues {
  readonly id: string;
  readonly name: string;
  readonly tags: readonly string[];
  readonly freshness: Freshness;
  /** Milliseconds since its last push; null before the first. */
  readonly ageMs: number | null;
  /** By field. */
  readonly values: Readonly<Record<string, number | null>>;
}

/** One value of one machine, or of one of its instances. */
export interface Reading {
  readonly machine: MachineValues;
  readonly field: string;
  readonly value: number;
}

/** The values of a field, or of all that a pattern such as `mount:*:used` means. */
export function readingsOf(machines: readonly MachineValues[], field: string): Reading[] {
  return machines.flatMap((machine) =>
    Object.entries(machine.values).flatMap(([name, value]) =>
      value !== null && fieldMatches(field, name) ? [{ machine, field: name, value }] : [],
    ),
  );
}

/** The values that count as current; where there is none, all of them, which are then shown as old [L4]. */
export function current(readings: readonly Reading[]): { readings: readonly Reading[]; old: boolean } {
  const live = readings.filter(({ machine }) => machine.freshness === 'live');
  return live.length > 0 ? { readings: live, old: false } : { readings, old: readings.length > 0 };
}

/** One number from several; undefined for none. */
export function reduced(readings: readonly Reading[], reduction: Reduction): number | undefined {
  if (readings.length === 0) return undefined;
  const values = readings.map(({ value }) => value);
  const sum = () => values.reduce((total, value) => total + value, 0);
  switch (reduction) {
    case 'mean':
      return sum() / values.length;
    case 'sum':
      return sum();
    case 'max':
      return values.reduce((a, b) => Math.max(a, b));
    case 'min':
      return values.reduce((a, b) => Math.min(a, b));
  }
}

/** The largest values, or the smallest, at most `most`; equal ones by name, so that they keep their places. */
export function ranked(
  readings: readonly Reading[],
  { most, smallest }: { most: number; smallest: boolean },
): Reading[] {
  const sign = smallest ? 1 : -1;
  return readings
    .toSorted((a, b) => sign * (a.value - b.value) || a.machine.name.localeCompare(b.machine.name))
    .slice(0, most);
}

/** What a reading is called beside others: the machine, the instance, or both where either differs. */
export function readingName({ machine, field }: Reading, single: boolean): string {
  const instance = parseInstanceField(field)?.instance;
  if (instance === undefined) return machine.name;
  return single ? instance : `${machine.name} ${instance}`;
}

export function limitState(
  value: number | undefined,
  { warning, critical, below }: Limits,
): 'good' | 'warning' | 'critical' {
  if (value === undefined) return 'good';
  const passed = (limit: number | null) => limit !== null && (below ? value <= limit : value >= limit);
  if (passed(critical)) return 'critical';
  return passed(warning) ? 'warning' : 'good';
}
