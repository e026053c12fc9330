#!/usr/bin/env node
/**
 * Starts the agent's command (`command.ts`) with little memory. Where the system has `execve`, this process replaces
 * itself once by one with other flags and another environment, and keeps its process id; elsewhere it runs as it is.
 */
import { isSea } from 'node:sea';
import { LEAN_FLAGS } from './service/lean-flags.ts';

const ENVIRONMENT = {
  // More of Node's threads than its 4, for calls that hang; they cost no memory until they are used.
  UV_THREADPOOL_SIZE: '16',
  // One arena of glibc's malloc for all threads, instead of one for each.
  MALLOC_ARENA_MAX: '1',
};

function replaceItself(): void {
  if (process.execve === undefined || process.platform === 'win32') return;
  if (process.env['MALLOC_ARENA_MAX'] !== undefined) return;
  // A packaged agent has its flags in itself, and takes those of the command line for its own.
  const own = isSea() ? [] : [...LEAN_FLAGS, ...process.execArgv, import.meta.filename];
  process.execve(process.execPath, [process.execPath, ...own, ...process.argv.slice(2)], {
    ...ENVIRONMENT,
    ...process.env,
  });
}

replaceItself();
void import('./command.ts').then(({ runCommand }) => runCommand(process.argv.slice(2), process.env));
