/** A fingerprint as people compare it. `a1b2…` → `A1`, `B2`, … */
export function inPairs(fingerprint: string): readonly string[] {
  return fingerprint.toUpperCase().match(/../g) ?? [];
}
