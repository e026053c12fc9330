/** The agent's command: it reads the settings, runs the agent, and stops it in order when it has to end. */
import { errorText } from '#protocol/errors.ts';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { startAgent } from './agent.ts';
import { ConfigError, loadConfig, type Config } from './config/config.ts';
import { SetupError } from './data-folder/data-folder.ts';
import { createLog } from './log.ts';
import { describeSettings } from './config/settings.ts';
import { listenForEnd } from './service/ending.ts';

const USAGE = `watchfloor-agent: measures this machine and pushes to a Watchfloor server.

${describeSettings()}
  --help, --version

Flags win over the environment, the environment over the file.`;

/** Prints what a person has to correct, and exits with status 2. */
function giveUp(lines: readonly string[]): never {
  for (const line of lines) console.error(`watchfloor-agent: ${line}`);
  process.exit(2);
}

async function run(config: Config): Promise<void> {
  const log = createLog(config.logLevel);
  for (const warning of config.warnings) log.warn(warning);
  let stop = () => Promise.resolve();
  let ending = false;
  // Before the start, so that the end of the program that started it is noticed at any time.
  listenForEnd((reason) => {
    if (ending) return;
    ending = true;
    log.info({ reason }, 'stopping');
    stop().then(
      () => process.exit(0),
      (error: unknown) => giveUp([`not everything could be stopped: ${errorText(error)}`]),
    );
  });
  const agent = await startAgent(config, log);
  stop = agent.stop;
}

/** Does what the command line asks for. The process ends by itself or, for a running agent, when it is told to. */
export async function runCommand(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  try {
    const started = await loadConfig(args, env);
    if (started.kind === 'help') console.log(USAGE);
    else if (started.kind === 'version') console.log(WATCHFLOOR_VERSION);
    else if (started.kind === 'run') await run(started.config);
  } catch (error) {
    if (error instanceof ConfigError) giveUp(error.problems);
    if (error instanceof SetupError) giveUp([error.message]);
    throw error;
  }
}
