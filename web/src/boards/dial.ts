/** The dial of a gauge: half a circle from the least value on the left to the largest on the right. */
import type { Limits } from '#protocol/boards.ts';

interface Zone {
  readonly state: 'warning' | 'critical';
  /** Parts of the dial: 0 is its left end, 1 its right one. */
  readonly from: number;
  readonly to: number;
}

export interface Dial {
  /** How far the value reaches, 0 to 1. */
  readonly part: number;
  readonly zones: readonly Zone[];
}

export function dial(
  value: number | undefined,
  { min, max, limits }: { min: number; max: number; limits: Limits },
): Dial {
  const partOf = (at: number) => (max > min ? Math.min(1, Math.max(0, (at - min) / (max - min))) : 0);
  const { warning, critical, below } = limits;
  const zones: Zone[] = [];
  if (critical !== null) zones.push(zone('critical', partOf(critical), below ? 0 : 1));
  if (warning !== null)
    zones.push(zone('warning', partOf(warning), critical === null ? (below ? 0 : 1) : partOf(critical)));
  return { part: value === undefined ? 0 : partOf(value), zones: zones.filter(({ from, to }) => to > from) };
}

function zone(state: Zone['state'], one: number, other: number): Zone {
  return { state, from: Math.min(one, other), to: Math.max(one, other) };
}

/** The SVG path along the dial from one part to another, in a drawing 100 wide. */
export function arc(from: number, to: number, radius = 40): string {
  const point = (part: number) => {
    const angle = Math.PI * (1 - part);
    return `${(50 + radius * Math.cos(angle)).toFixed(2)} ${(54 - radius * Math.sin(angle)).toFixed(2)}`;
  };
  return `M${point(from)}A${radius} ${radius} 0 0 1 ${point(to)}`;
}
