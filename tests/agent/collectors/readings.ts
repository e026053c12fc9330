/** Runs a collector on recorded texts instead of this machine's files. */
import type { Collector, Context, Fields } from '../../../agent/collectors/collector.ts';

/** What a collector is handed at `at` milliseconds, where `read` gives the text of a file. */
export function contextAt(at: number, read: Context['read']): Context {
  return { at, read, readAside: (path) => Promise.resolve(read(path)) };
}

/** The answers of a collector that reads one text after another, a second apart. */
export async function over(
  collector: Collector,
  ...texts: (string | undefined)[]
): Promise<(Fields | 'absent')[]> {
  const answers: (Fields | 'absent')[] = [];
  for (const [index, text] of texts.entries())
    answers.push(await collector.collect(contextAt(index * 1000, () => text)));
  return answers;
}

/** The answer to the last text. */
export async function last(
  collector: Collector,
  ...texts: (string | undefined)[]
): Promise<Fields | 'absent' | undefined> {
  return (await over(collector, ...texts)).at(-1);
}
