/** How a probe does, of all the machines that try it. */
import type { PlaceState, ProbeView } from '#protocol/probes.ts';

const TROUBLE = ['down', 'failing', 'refused', 'left_out'] as const;
const ORDER = [...TROUBLE, 'up', 'waits', 'offline'] as const;

/** Whether its machines are to be listed, as not all is well. */
export const isInTrouble = ({ counts }: Pick<ProbeView, 'counts'>) =>
  TROUBLE.some((state) => (counts[state] ?? 0) > 0);

/** The state that matters most of a probe; undefined while it is switched off or runs nowhere. */
export function worstState({ on, counts }: Pick<ProbeView, 'on' | 'counts'>): PlaceState | undefined {
  return on ? ORDER.find((state) => (counts[state] ?? 0) > 0) : undefined;
}
