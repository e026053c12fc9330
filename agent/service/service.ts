/** `watchfloor-agent service`: what Windows starts as the agent's service. */
import { dirname, join } from 'node:path';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { startAgent } from '../agent.ts';
import { ConfigError, loadConfig } from '../config/config.ts';
import { readEnvFile } from '../config/env-file.ts';
import { createLog } from '../log.ts';
import type { Command } from './command-line.ts';
import { openLogFile } from './log-file.ts';
import { SERVICE, systemPlaces } from './places.ts';
import { runAsService, type ServiceWork } from './windows-service.ts';

/**
 * Starts the agent with the settings in `folder`, where its data is, too. The folder is an argument of the service, as
 * the environment of a service may name others than that of the administrator who made it.
 * @throws an error that says what is wrong with the settings, or with the folder
 */
async function startWork(
  folder: string,
  env: NodeJS.ProcessEnv,
  out: NodeJS.WritableStream,
): Promise<ServiceWork> {
  const set = readEnvFile(join(folder, 'agent.env'));
  const started = await loadConfig([], { ...env, WATCHFLOOR_AGENT_DATA: join(folder, 'agent'), ...set });
  if (started.kind !== 'run') throw new Error('the service takes settings only');
  return startAgent(started.config, createLog(started.config.logLevel, out));
}

export const command: Command = {
  usage: `watchfloor-agent service: what Windows starts as the service of watchfloor-agent ${WATCHFLOOR_VERSION}.

It is not for people: "watchfloor-agent install" makes the service, "watchfloor-agent run" runs the agent here.`,
  async run([folder = dirname(systemPlaces().settings)], env) {
    const out = openLogFile(join(folder, 'agent.log'));
    const log = createLog('info', out);
    const failed = (error: unknown) => {
      const problems = error instanceof ConfigError ? { problems: error.problems } : { err: error };
      log.error(problems, 'the service failed');
    };
    await runAsService(SERVICE, () => startWork(folder, env, out), failed);
    return 0;
  },
};
