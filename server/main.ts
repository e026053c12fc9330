#!/usr/bin/env node
/**
 * The server's command: reads the settings, starts the server, and stops it in order on SIGTERM or SIGINT.
 */
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { errorText } from '#protocol/errors.ts';
import { ConfigError, loadConfig, type Config } from './config/config.ts';
import { StartError } from './state/data-folder.ts';
import { createLog } from './app/log.ts';
import { createServer } from './app/server.ts';
import { describeSettings } from './config/settings.ts';

const USAGE = `watchfloor-server: receives the samples that agents push, stores them, and shows them live.

${describeSettings()}
  --help, --version

A flag overrides the environment; the environment overrides the file.`;

/** Prints what the person who starts the server has to correct, and ends the process with status 2. */
function exitWithProblems(lines: readonly string[]): never {
  for (const line of lines) console.error(`watchfloor-server: ${line}`);
  process.exit(2);
}

async function run(config: Config): Promise<void> {
  const server = await createServer(config, createLog(config.logLevel));
  if (server.adminPassword.kind === 'generated')
    console.log(
      `\nThe first administrator, shown only this once:\n  user: admin\n  password: ${server.adminPassword.password}\n`,
    );
  const stop = () => {
    void server.close().then(
      () => process.exit(0),
      (error: unknown) => exitWithProblems([errorText(error)]),
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

try {
  const command = await loadConfig(process.argv.slice(2), process.env);
  if (command.kind === 'help') console.log(USAGE);
  else if (command.kind === 'version') console.log(WATCHFLOOR_VERSION);
  else if (command.kind === 'run') await run(command.config);
} catch (error) {
  if (error instanceof ConfigError) exitWithProblems(error.problems);
  if (error instanceof StartError) exitWithProblems([error.message]);
  throw error;
}
