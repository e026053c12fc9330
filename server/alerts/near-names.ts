/** Finds the names that somebody may have meant who wrote another one. */

/** Longer names are not compared letter by letter. */
const MOST_CHARS = 60;

/** How many letters have to be changed, added, left out or swapped to make one text of the other. */
export function distance(a: string, b: string): number {
  let [twoAgo, before] = [Array<number>(), Array.from({ length: b.length + 1 }, (_, i) => i)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const changed = (before[j - 1] ?? 0) + (same ? 0 : 1);
      let least = Math.min(changed, (before[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, (twoAgo[j - 2] ?? 0) + 1);
      row.push(least);
    }
    [twoAgo, before] = [before, row];
  }
  return before[b.length] ?? 0;
}

/** How unlike the names are: 0 for the same, up to about 1. */
function unlikeness(asked: string, name: string): number {
  const [a, b] = [asked.toLowerCase(), name.toLowerCase()];
  if (a === b) return 0;
  // A part of a name, or words in another order, are how people remember it.
  const words = a.split(/[^a-z0-9]+/).filter((word) => word.length > 1);
  if (words.length > 0 && words.every((word) => b.includes(word))) return 0.3;
  if (a.length > MOST_CHARS || b.length > MOST_CHARS) return 1;
  return distance(a, b) / Math.max(a.length, b.length);
}

/** Names less like the asked one are not worth a question. */
const LIKE_ENOUGH = 0.45;

/** The most similar of the names, the most similar first, at most `most`. */
export function nearNames(asked: string, names: Iterable<string>, most = 3): readonly string[] {
  const near: { readonly name: string; readonly unlike: number }[] = [];
  for (const name of new Set(names)) {
    const unlike = unlikeness(asked, name);
    if (unlike <= LIKE_ENOUGH) near.push({ name, unlike });
  }
  near.sort((a, b) => a.unlike - b.unlike || a.name.localeCompare(b.name));
  return near.slice(0, most).map(({ name }) => name);
}
