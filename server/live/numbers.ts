/**
 * A number as it travels live: four decimals below 10, two below 1000, none above. More digits than that are
 * noise on a screen and half of a message's bytes; history keeps the number as it was.
 */
export function compact(value: number): number {
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value);
  return size >= 10 ? Math.round(value * 100) / 100 : Math.round(value * 10_000) / 10_000;
}
