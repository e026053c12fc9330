#!/usr/bin/env node
/** The server's command: reads the settings, starts the server, and stops it in order when asked to. */
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { endWhenAsked, exitWithError } from './app/command.ts';
import { createLog } from './app/log.ts';
import { createServer } from './app/server.ts';
import { Stops } from './app/stops.ts';
import { loadConfig, type Config } from './config/config.ts';
import { describeSettings } from './config/settings.ts';

const COMMAND = 'watchfloor-server';
const USAGE = `${COMMAND}: receives the samples that agents push, stores them, and shows them live.

${describeSettings()}
  --help, --version

A flag overrides the environment; the environment overrides the file.`;

async function run(config: Config): Promise<void> {
  const stops = new Stops();
  let reload = () => Promise.resolve();
  endWhenAsked(COMMAND, stops, () => void reload());
  const server = await createServer(config, createLog(config.logLevel));
  stops.add(() => server.close());
  reload = server.reloadCertificate;
  if (server.adminPassword.kind === 'generated')
    console.log(
      `\nThe first administrator, shown only this once:\n  user: admin\n  password: ${server.adminPassword.password}\n`,
    );
}

try {
  const command = await loadConfig(process.argv.slice(2), process.env);
  if (command.kind === 'help') console.log(USAGE);
  else if (command.kind === 'version') console.log(WATCHFLOOR_VERSION);
  else if (command.kind === 'run') await run(command.config);
} catch (error) {
  exitWithError(COMMAND, error);
}
