/**
 * `npm start`: builds the web app, then starts the server and an agent for this machine, with nothing to
 * configure.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { endWhenAsked, exitWithError, exitWithProblems } from '../app/command.ts';
import { createLog } from '../app/log.ts';
import { createServer } from '../app/server.ts';
import { Stops } from '../app/stops.ts';
import { loadConfig, type Config } from '../config/config.ts';
import { buildWebIfChanged } from './web-build.ts';
import { welcome } from './welcome.ts';

const COMMAND = 'watchfloor';
const AGENT = join(import.meta.dirname, '..', '..', 'agent', 'main.ts');
/** How long the agent may take to stop before it is killed, milliseconds. */
const AGENT_STOP_MS = 4000;

/**
 * Starts the agent with the settings of the environment, without the two variables that here belong to the
 * server: its file and its interval. The agent ends when this process does, even if it is killed.
 */
function startAgent(enrollment: string, logLevel: string): ChildProcess {
  const { WATCHFLOOR_CONFIG: _, WATCHFLOOR_INTERVAL: __, ...environment } = process.env;
  const env = {
    ...environment,
    WATCHFLOOR_ENROLL: enrollment,
    WATCHFLOOR_LOG_LEVEL: logLevel,
    WATCHFLOOR_PARENT: String(process.pid),
  };
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
  const stops = new Stops();
  endWhenAsked(COMMAND, stops);
  await buildWebIfChanged(() => console.log('Building the web app; this takes a moment…'));
  const server = await createServer(config, createLog(logLevel));
  stops.add(() => server.close());
  const agent = startAgent(server.enrollThisMachine(), logLevel);
  const tellOfEnd = (code: number | null) =>
    console.error(
      `${COMMAND}: the agent of this machine ended (code ${code}); the server keeps running. The agent's messages above say why.`,
    );
  agent.once('exit', tellOfEnd);
  stops.add(() => {
    agent.off('exit', tellOfEnd);
    return stopAgent(agent);
  });
  console.log(welcome(server, config.adminPassword !== undefined));
}

try {
  const command = await loadConfig(process.argv.slice(2), process.env);
  if (command.kind !== 'run')
    exitWithProblems(COMMAND, [
      'npm start accepts the settings of the server; `npm run server -- --help` lists them',
    ]);
  // The log goes to a person's terminal, so by default it shows only warnings and errors.
  await run(
    command.config,
    process.env['WATCHFLOOR_LOG_LEVEL'] === undefined ? 'warn' : command.config.logLevel,
  );
} catch (error) {
  exitWithError(COMMAND, error);
}
