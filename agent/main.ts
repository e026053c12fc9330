#!/usr/bin/env node
/**
 * Starts the agent's command in as little memory as Node can do with. Where the system can, this process is replaced
 * by one with other flags, of the same number, so that whoever started it sees no difference; elsewhere it goes on.
 */
import { join } from 'node:path';

/** V8 for a small program that is idle most of the time: a small nursery, no helper threads, compact code. */
const FLAGS = ['--max-semi-space-size=1', '--single-threaded-gc', '--optimize-for-size'];

if (process.execve !== undefined && process.platform !== 'win32')
  process.execve(
    process.execPath,
    [
      process.execPath,
      ...FLAGS,
      ...process.execArgv,
      join(import.meta.dirname, 'service', 'lean.js'),
      ...process.argv.slice(2),
    ],
    // glibc: one arena for all threads instead of one for each.
    { ...process.env, MALLOC_ARENA_MAX: '1' },
  );
await import('./command.ts');
