/** How the agent starts another process of its own program. */
import { join } from 'node:path';
import { isSea } from 'node:sea';

/** Node's flags for a small program that is idle most of the time. */
export const LEAN_FLAGS: readonly string[] = [
  // A small young generation, no helper threads, compact code.
  ...['--max-semi-space-size=1', '--single-threaded-gc', '--optimize-for-size'],
  // Node warns that node:sqlite, which locks the data folder, is experimental.
  '--disable-warning=ExperimentalWarning',
];

/** What it finds in its environment, where it was started with these flags. */
export const LEAN_ENVIRONMENT = {
  // More of Node's threads than its 4, for calls that hang; they cost no memory until they are used.
  UV_THREADPOOL_SIZE: '16',
  // One arena of glibc's malloc for all threads, instead of one for each.
  MALLOC_ARENA_MAX: '1',
} as const;

/** What it is started with to print the inventory and end. Not for people. */
export const SURVEY = 'survey';

/** The file of `main.ts`, or of the one file that the agent was bundled to. */
const MAIN = /\.ts$/.test(import.meta.filename)
  ? join(import.meta.dirname, '..', 'main.ts')
  : import.meta.filename;

/**
 * The program and its first arguments. A packaged agent is its own program, which has `flags` of Node in itself and
 * takes none from the command line.
 */
export function itself(flags: readonly string[]): {
  readonly file: string;
  readonly args: readonly string[];
} {
  return { file: process.execPath, args: isSea() ? [] : [...flags, MAIN] };
}

/** Whether this is the packaged agent, one file that has all in itself. */
export const isPackagedProgram = () => isSea();
