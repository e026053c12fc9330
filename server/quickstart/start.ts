/** `npm start`: the web app built, the server, and an agent for this machine that enrolls itself. Nothing to configure. */
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
/** How long the agent may take to say goodbye. */
const AGENT_STOP_MS = 8000;

function giveUp(lines: readonly string[]): never {
  for (const line of lines) console.error(`watchfloor: ${line}`);
  process.exit(2);
}

/** Its own settings come from the environment as they would alone; the server's file and name are not its. */
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
        (error: unknown) => giveUp([errorText(error)]),
      );
  };
  agent.once('exit', (code) => {
    if (!stopping)
      console.error(
        `watchfloor: the agent of this machine ended (code ${code}); the server goes on. See above for why.`,
      );
  });
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  console.log(welcome(server, config.adminPassword !== undefined));
}

try {
  const asked = await loadConfig(process.argv.slice(2), process.env);
  if (asked.kind !== 'run')
    giveUp(['npm start takes the settings of the server; `npm run server -- --help` lists them']);
  // A terminal is for people: by default only what they should know.
  await run(asked.config, process.env['WATCHFLOOR_LOG_LEVEL'] === undefined ? 'warn' : asked.config.logLevel);
} catch (error) {
  if (error instanceof ConfigError) giveUp(error.problems);
  if (error instanceof StartError) giveUp([error.message]);
  throw error;
}
