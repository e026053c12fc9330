/** `watchfloor-agent service`: what Windows starts as the agent's service. */
import { dirname, join } from 'node:path';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { startAgent } from '../agent.ts';
import { ConfigError, loadConfig } from '../config/config.ts';
import { readEnvFile } from '../config/env-file.ts';
import { createLog } from '../log.ts';
import { upgradingIn } from '../upgrade/own-package.ts';
import { PULLED } from '../upgrade/place.ts';
import { supervise, type Work } from '../upgrade/supervisor.ts';
import type { Command } from './command-line.ts';
import { openLogFile } from './log-file.ts';
import { SERVICE, systemPlaces } from './places.ts';
import { runAsService } from './windows-service.ts';

/** What the service is started with. */
interface Started {
  /** The folder of its settings, where its data is, too: an argument, as the environment of a service may name another. */
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly out: NodeJS.WritableStream;
}

const dataIn = (folder: string) => join(folder, 'agent');
const versionsIn = (folder: string) => join(dataIn(folder), 'upgrade');

/**
 * Starts the agent of this program. `restart`: called when it has fetched a new version.
 * @throws an error that says what is wrong with the settings, or with the folder
 */
async function startOwn({ folder, env, out }: Started, restart: () => void): Promise<Work> {
  const set = readEnvFile(join(folder, 'agent.env'));
  const started = await loadConfig([], { ...env, WATCHFLOOR_AGENT_DATA: dataIn(folder), ...set });
  if (started.kind !== 'run') throw new Error('the service takes settings only');
  const upgrading = upgradingIn(versionsIn(folder), restart);
  return startAgent(started.config, createLog(started.config.logLevel, out), { upgrading });
}

/**
 * Runs this version as the child of the installed program, which Windows started. It ends when that closes its input, or
 * has ended, and when it has fetched a newer version itself.
 */
async function runAsChild(started: Started): Promise<void> {
  let end: () => void = () => undefined;
  const over = new Promise<void>((resolve) => (end = resolve));
  process.stdin.once('end', end).once('error', end).resume();
  const work = await startOwn(started, end);
  await over;
  await work.stop();
}

/** Runs the installed program as the service. */
async function runInstalled(started: Started, failed: (error: unknown) => void): Promise<void> {
  const { folder, env, out } = started;
  const start = () =>
    supervise({
      ...{ folder: versionsIn(folder), own: WATCHFLOOR_VERSION, args: ['service', folder], env },
      ...{ log: createLog('info', out), now: Date.now },
      start: (restart) => startOwn(started, restart),
    });
  await runAsService(SERVICE, start, failed);
}

export const command: Command = {
  usage: `watchfloor-agent service: what Windows starts as the service of watchfloor-agent ${WATCHFLOOR_VERSION}.

It is not for people: "watchfloor-agent install" makes the service, "watchfloor-agent run" runs the agent here.`,
  async run([folder = dirname(systemPlaces().settings)], env) {
    const out = openLogFile(join(folder, 'agent.log'));
    const log = createLog('info', out);
    let status = 0;
    const failed = (error: unknown) => {
      const problems = error instanceof ConfigError ? { problems: error.problems } : { err: error };
      log.error(problems, 'the service failed');
      status = 1;
    };
    const started = { folder, env, out };
    if (env[PULLED] === undefined) await runInstalled(started, failed);
    else await runAsChild(started).catch(failed);
    return status;
  },
};
