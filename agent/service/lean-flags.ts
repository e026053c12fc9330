/** Node's flags for a small program that is idle most of the time. */
export const LEAN_FLAGS: readonly string[] = [
  // A small young generation, no helper threads, compact code.
  ...['--max-semi-space-size=1', '--single-threaded-gc', '--optimize-for-size'],
  // Node warns that node:sqlite, which locks the data folder, is experimental.
  '--disable-warning=ExperimentalWarning',
];
