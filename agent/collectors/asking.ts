/**
 * [G3] Asks questions that may never be answered: a file system or a sensor whose driver hangs. The others are answered
 * all the same. Such a call takes one of Node's few threads until it ends, so only a part of the threads is used.
 */

export interface Asker<Answer> {
  /**
   * Asks each question, by its name. Resolves when all are answered, and at the latest after the asker's patience; what
   * is not answered, or fails, is missing. A question that still waits from an earlier call is not asked again: when its
   * answer comes, the next call gives it.
   */
  ask(questions: ReadonlyMap<string, () => Promise<Answer>>): Promise<Map<string, Answer>>;
}

interface AskerOptions {
  /** The most questions that wait for an answer at the same time. */
  readonly atOnce: number;
  readonly patienceMs?: number;
}

export function createAsker<Answer>({ atOnce, patienceMs = 1000 }: AskerOptions): Asker<Answer> {
  const waiting = new Set<string>();
  let answers = new Map<string, Answer>();

  /** Asks the questions in their order, a few at a time. */
  const askAll = async (left: [string, () => Promise<Answer>][], isOver: () => boolean): Promise<void> => {
    for (let next = left.shift(); next !== undefined && !isOver(); next = left.shift()) {
      const [name, question] = next;
      waiting.add(name);
      try {
        const answer = await question();
        answers.set(name, answer);
      } catch {
        // Unplugged, unmounted, or not readable for this user: not known.
      }
      waiting.delete(name);
    }
  };

  return {
    async ask(questions) {
      const left = [...questions].filter(([name]) => !waiting.has(name));
      const free = Math.max(0, atOnce - waiting.size);
      let isOver = false;
      const lanes = Array.from({ length: Math.min(free, left.length) }, () => askAll(left, () => isOver));
      await withinTime(Promise.all(lanes), patienceMs);
      isOver = true;
      const known = answers;
      answers = new Map();
      return known;
    },
  };
}

/** Waits for `work`, but no longer than `ms` milliseconds. */
async function withinTime(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  await Promise.race([work, new Promise((resolve) => (timer = setTimeout(resolve, ms)))]);
  clearTimeout(timer);
}

/** A share (0 to 1) of the threads that Node has for file systems, names and compression; at least one. */
export function shareOfThreads(share: number): number {
  const threads = Number(process.env['UV_THREADPOOL_SIZE']) || 4;
  return Math.max(1, Math.floor(threads * share));
}
