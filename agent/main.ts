#!/usr/bin/env node
/**
 * Starts the agent's command (`command.ts`) with little memory. Where the system has `execve`, this process replaces
 * itself by a Node with other flags and keeps its process id; elsewhere it runs the command itself.
 */
import { join } from 'node:path';

const FLAGS = [
  // For a small program that is idle most of the time: a small young generation, no helper threads, compact code.
  ...['--max-semi-space-size=1', '--single-threaded-gc', '--optimize-for-size'],
  // Node warns that node:sqlite, which locks the data folder, is experimental.
  '--disable-warning=ExperimentalWarning',
];

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
    // More of Node's threads than its 4, for calls that hang; they cost no memory until they are used. And one arena of
    // glibc's malloc for all of them, instead of one for each.
    { UV_THREADPOOL_SIZE: '16', ...process.env, MALLOC_ARENA_MAX: '1' },
  );
await import('./command.ts');
