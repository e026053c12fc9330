#!/usr/bin/env node
/**
 * Starts the agent's command (`command.ts`) with little memory. Where the system has `execve`, this process replaces
 * itself once by one with other flags and another environment, and keeps its process id; elsewhere it runs as it is.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PULLED, upgradeFolder, VERSIONS_FILE } from './upgrade/place.ts';
import { itself, LEAN_ENVIRONMENT, LEAN_FLAGS, SURVEY } from './service/itself.ts';

function replaceItself(): void {
  if (process.execve === undefined || process.platform === 'win32') return;
  if (process.env['MALLOC_ARENA_MAX'] !== undefined) return;
  const { file, args } = itself([...LEAN_FLAGS, ...process.execArgv]);
  process.execve(file, [file, ...args, ...process.argv.slice(2)], { ...LEAN_ENVIRONMENT, ...process.env });
}

/** Runs a newer version of itself that it fetched, where there is one; else the command. */
async function start(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const folder = env[PULLED] === undefined ? upgradeFolder(args, env) : undefined;
  if (folder !== undefined && process.execve !== undefined && existsSync(join(folder, VERSIONS_FILE))) {
    const { launch } = await import('./upgrade/launcher.ts');
    if (await launch({ folder, args, env })) return;
  }
  const { runCommand } = await import('./command.ts');
  await runCommand(args, env);
}

if (process.argv[2] === SURVEY)
  void import('./machine/survey.ts')
    .then(({ survey }) => survey())
    // Whatever it still waits for, also after the agent was killed, it is of no more use.
    .then((inventory) => process.stdout.write(inventory, () => process.exit()));
else {
  replaceItself();
  void start(process.argv.slice(2), process.env);
}
