#!/usr/bin/env node
/** The server's command: config -> server -> ordered stop. */
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { errorText } from '#protocol/errors.ts';
import { ConfigError, loadConfig, type Config } from './config/config.ts';
import { StartError } from './state/data-folder.ts';
import { createLog } from './app/log.ts';
import { createServer } from './app/server.ts';
import { describeSettings } from './config/settings.ts';

const USAGE = `watchfloor-server: takes what agents push, stores it, and shows it live.

${describeSettings()}
  --help, --version

Flags win over the environment, the environment over the file.`;

/** Says what a person has to mend, and ends with status 2. */
function giveUp(lines: readonly string[]): never {
  for (const line of lines) console.error(`watchfloor-server: ${line}`);
  process.exit(2);
}

async function run(config: Config): Promise<void> {
  const server = await createServer(config, createLog(config.logLevel));
  if (server.adminPassword.kind === 'generated')
    console.log(
      `\nThe first administrator, shown this once:\n  user: admin\n  password: ${server.adminPassword.password}\n`,
    );
  const stop = () => {
    void server.close().then(
      () => process.exit(0),
      (error: unknown) => giveUp([errorText(error)]),
    );
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

try {
  const asked = await loadConfig(process.argv.slice(2), process.env);
  if (asked.kind === 'help') console.log(USAGE);
  else if (asked.kind === 'version') console.log(WATCHFLOOR_VERSION);
  else if (asked.kind === 'run') await run(asked.config);
} catch (error) {
  if (error instanceof ConfigError) giveUp(error.problems);
  if (error instanceof StartError) giveUp([error.message]);
  throw error;
}
