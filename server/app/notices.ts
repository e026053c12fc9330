/**
 * Sentences for administrators about what is wrong with this server: damage that was found, and problems that
 * stand now. They are shown by `/status`, on the server's page and in the log; a problem that keeps the server
 * from storing samples also makes `/readyz` answer 503.
 */
import type { Log } from '../types.ts';

/** A problem that stands until it is cleared. */
export interface Problem {
  /** What is wrong, where, and what to do. */
  readonly text: string;
  /** Whether the server cannot store samples while the problem stands. */
  readonly stopsPushes?: boolean;
}

export interface Notices {
  /** Adds a sentence that stays until the server restarts: for damage that happened once. */
  add(text: string): void;
  /**
   * Says that a problem stands, or with null that it is over. The log gets a line when the problem begins, when
   * its text changes and when it ends, however often this is called.
   * @param name tells the problems apart: `disk`, `history`, `certificate`
   */
  set(name: string, problem: Problem | null): void;
  /** All sentences, standing problems first. */
  list(): string[];
  /** Why the server cannot store samples now; undefined while it can. */
  whyNotReady(): string | undefined;
}

export function createNotices(log: Log): Notices {
  const once: string[] = [];
  const problems = new Map<string, Problem>();
  return {
    add(text) {
      if (once.includes(text)) return;
      once.push(text);
      log.warn({}, text);
    },
    set(name, problem) {
      const before = problems.get(name);
      if (problem === null) {
        if (problems.delete(name)) log.info({ problem: name }, `over: ${before?.text ?? name}`);
        return;
      }
      problems.set(name, problem);
      if (before?.text !== problem.text) log.error({ problem: name }, problem.text);
    },
    list: () => [...new Set([...problems.values()].map(({ text }) => text)), ...once],
    whyNotReady: () => [...problems.values()].find(({ stopsPushes }) => stopsPushes === true)?.text,
  };
}
