#!/usr/bin/env node
/**
 * Starts the agent's command (`command.ts`) with little memory. Where the system has `execve`, this process replaces
 * itself once by one with other flags and another environment, and keeps its process id; elsewhere it runs as it is.
 */
import { itself, LEAN_ENVIRONMENT, LEAN_FLAGS, SURVEY } from './service/itself.ts';

function replaceItself(): void {
  if (process.execve === undefined || process.platform === 'win32') return;
  if (process.env['MALLOC_ARENA_MAX'] !== undefined) return;
  const { file, args } = itself([...LEAN_FLAGS, ...process.execArgv]);
  process.execve(file, [file, ...args, ...process.argv.slice(2)], { ...LEAN_ENVIRONMENT, ...process.env });
}

if (process.argv[2] === SURVEY)
  void import('./machine/survey.ts')
    .then(({ survey }) => survey())
    .then((inventory) => process.stdout.write(inventory));
else {
  replaceItself();
  void import('./command.ts').then(({ runCommand }) => runCommand(process.argv.slice(2), process.env));
}
