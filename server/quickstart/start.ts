/**
 * `npm start`: builds the web app, then starts the server and an agent for this machine, with nothing to
 * configure.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { errorText } from '#protocol/errors.ts';
import { ConfigError, loadConfig, type Config } from '../config/config.ts';
import { StartError } from '../state/data-folder.ts';
import { createLog } from '../app/log.ts';
import { createServer } from '../app/server.ts';
import { buildWebIfChanged } from './web-build.ts';
import { welcome } from './welcome.ts';

const AGENT = join(import.meta.dirname, '..', '..', 'agent', 'main.ts');
/** How long the agent may take to stop before it is killed. */
const AGENT_STOP_MS = 8000;

/** Prints what the person has to correct, and ends the process with status 2. */
function exitWithProblems(lines: readonly string[]): never {
  for (const line of lines) console.error(`watchfloor: ${line}`);
  process.exit(2);
}

/**
 * Starts the agent with the settings of the environment, without the two variables that here belong to the
 * server: its file and its interval.
 */
function startAgent(enrollment: string, logLevel: string): ChildProcess {
  const { WATCHFLOOR_CONFIG: _, WATCHFLOOR_INTERVAL: __, ...environment } = process.env;
  const env = { ...environment, WATCHFLOOR_ENROLL: enrollment, WATCHFLOOR_LOG_LEVEL: logLevel };
  return spawn(process.execPath, [AGENT], { env, stdio: ['ignore', 'inherit', 'inherit'] });
}

function stopAgent(agent: ChildProcess): Promise<void> {
  if (agent.exitCode !== null || agent.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(() => agent.kill('SIGKILL'), AGENT_STOP_MS);
    agent.once('exit', () => {
      clearTimeout(timer);
      resolve();
    });
    agent.kill('SIGTERM');
  });
}

async function run(config: Config, logLevel: Config['logLevel']): Promise<void> {
  await buildWebIfChanged(() => console.log('Building the web app; this takes a moment…'));
  const server = await createServer(config, createLog(logLevel));
  const agent = startAgent(await server.enrollThisMachine(), logLevel);
  let stopping = false;
  const stop = () => {
    if (stopping) return;
    stopping = true;
    void stopAgent(agent)
      .then(() => server.close())
      .then(
        () => process.exit(0),
        (error: unknown) => exitWithProblems([errorText(error)]),
      );
  };
  agent.once('exit', (code) => {
    if (!stopping)
      console.error(
        `watchfloor: the agent of this machine ended (code ${code}); the server keeps running. The agent's messages above say why.`,
      );
  });
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  console.log(welcome(server, config.adminPassword !== undefined));
}

try {
  const command = await loadConfig(process.argv.slice(2), process.env);
  if (command.kind !== 'run')
    exitWithProblems(['npm start accepts the settings of the server; `npm run server -- --help` lists them']);
  // The log goes to a person's terminal, so by default it shows only warnings and errors.
  await run(
    command.config,
    process.env['WATCHFLOOR_LOG_LEVEL'] === undefined ? 'warn' : command.config.logLevel,
  );
} catch (error) {
  if (error instanceof ConfigError) exitWithProblems(error.problems);
  if (error instanceof StartError) exitWithProblems([error.message]);
  throw error;
}
