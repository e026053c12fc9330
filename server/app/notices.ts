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
  /** Adds a sentence that stays until the server restarts: for damage that happened once. Only the first 100 are listed. */
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

/** Sentences about damage that are listed; all are in the log. */
const MOST_LISTED = 100;

export function createNotices(log: Log): Notices {
  const once: string[] = [];
  let unlisted = 0;
  const problems = new Map<string, Problem>();
  return {
    add(text) {
      if (once.includes(text)) return;
      log.warn({}, text);
      if (once.length < MOST_LISTED) once.push(text);
      else unlisted++;
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
    list() {
      const standing = new Set([...problems.values()].map(({ text }) => text));
      const rest = unlisted === 0 ? [] : [`${unlisted} more notices are in the log of the server.`];
      return [...standing, ...once, ...rest];
    },
    whyNotReady: () => [...problems.values()].find(({ stopsPushes }) => stopsPushes === true)?.text,
  };
}
