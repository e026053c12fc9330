/** A live list that stays put while somebody points at it. */

interface Identified {
  readonly id: string;
}

/**
 * What to show while the list must not move: each item where it was, as it is now (`current`), or as it last was
 * (`ended`) when it is no longer current; new ones at the end.
 */
export function holdStill<Item extends Identified>(
  shown: readonly Item[],
  current: readonly Item[],
  ended: readonly Item[],
): Item[] {
  const newest = new Map([...ended, ...current].map((item) => [item.id, item]));
  const known = new Set(shown.map(({ id }) => id));
  return [...shown.map((item) => newest.get(item.id) ?? item), ...current.filter(({ id }) => !known.has(id))];
}
