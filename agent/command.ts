/**
 * The agent's command: it finds out what is asked for, and does it. Each command but `run` is a file of its own that is
 * loaded only when it is asked for, so that a running agent has no memory of it.
 */
import { errorText } from '#protocol/errors.ts';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { startAgent } from './agent.ts';
import { ConfigError, loadConfig, type Config } from './config/config.ts';
import { readEnvFile } from './config/env-file.ts';
import { describeSettings } from './config/settings.ts';
import { SetupError } from './data-folder/data-folder.ts';
import { createLog } from './log.ts';
import type { Command } from './service/command-line.ts';
import { listenForEnd } from './service/ending.ts';
import { startInstalled, upgradingFor } from './upgrade/own-package.ts';

/** Every command: what it does, in one line, and the file that does it. */
const COMMANDS: Readonly<Record<string, { summary: string; load: () => Promise<{ command: Command }> }>> = {
  run: {
    summary:
      'Measure this machine and push, until it is told to end. This is what it does without a command.',
    load: () => Promise.resolve({ command: { usage: RUN_USAGE, run: runAgent } }),
  },
  status: {
    summary: 'How the running agent does: its last push, spool, collectors and cost.',
    load: () => import('./service/status.ts'),
  },
  check: {
    summary: 'Look at everything that the agent needs, and say what is wrong and what to do.',
    load: () => import('./service/check.ts'),
  },
  once: {
    summary: 'Measure once and print the sample as JSON. No server is needed.',
    load: () => import('./service/once.ts'),
  },
  join: {
    summary: 'Join a server now, or join again, and say as which device.',
    load: () => import('./service/join.ts'),
  },
  install: {
    summary: 'Make it a service that starts with the machine, or with this user.',
    load: () => import('./service/install.ts'),
  },
  uninstall: {
    summary: 'Take the service away again; settings and identity stay unless --purge is given.',
    load: () => import('./service/uninstall.ts'),
  },
  service: {
    summary: 'What Windows starts; not for people.',
    load: () => import('./service/service.ts'),
  },
};

const usage = () => `watchfloor-agent: measures this machine and pushes to a Watchfloor server.

  watchfloor-agent <command> [flags]

${Object.entries(COMMANDS)
  .map(([name, { summary }]) => `  ${name.padEnd(10)} ${summary}`)
  .join('\n')}

  --help, --version

"watchfloor-agent <command> --help" tells of its flags, that of "run" of all settings.`;

const ENV_FILE = '--env-file';

const RUN_USAGE = `watchfloor-agent run: measures this machine and pushes, until it is told to end.

${describeSettings()}
  --env-file <path>
      A file of NAME=value lines that are added to the environment, for service managers that read none.

Flags win over the environment, the environment over the file.`;

/** Prints what a person has to correct, and exits with status 2. */
function giveUp(lines: readonly string[]): never {
  for (const line of lines) console.error(`watchfloor-agent: ${line}`);
  process.exit(2);
}

async function runWith(config: Config, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const log = createLog(config.logLevel);
  let stop = () => Promise.resolve();
  let ending = false;
  const end = (reason: string, afterwards: () => void) => {
    if (ending) return;
    ending = true;
    log.info({ reason }, 'stopping');
    stop().then(afterwards, (error: unknown) =>
      giveUp([`not everything could be stopped: ${errorText(error)}`]),
    );
  };
  // Before the start, so that the end of the program that started it is noticed at any time.
  listenForEnd((reason) => end(reason, () => process.exit(0)));
  const restart = () => end('a new version is to be tried out', () => startInstalled(env));
  const agent = await startAgent(config, log, {
    upgrading: upgradingFor(config.data, args, env, restart),
  });
  stop = agent.stop;
}

/** The environment with the values of the `--env-file`, for service managers that do not read one themselves. */
function withEnvFile(args: readonly string[], env: NodeJS.ProcessEnv) {
  const at = args.indexOf(ENV_FILE);
  const path = at < 0 ? undefined : args[at + 1];
  if (path === undefined) return { args, env };
  const set = readEnvFile(path);
  return { args: args.toSpliced(at, 2), env: { ...set, ...env } };
}

async function runAgent(args: readonly string[], env: NodeJS.ProcessEnv): Promise<undefined> {
  const settings = withEnvFile(args, env);
  const started = await loadConfig(settings.args, settings.env);
  if (started.kind === 'run') await runWith(started.config, args, env);
}

/** The command that is asked for, by its name, and its arguments. Without a name it is `run`. */
function split(args: readonly string[]): { name: string; rest: readonly string[] } {
  const [first = '', ...rest] = args;
  const isName = first !== '' && !first.startsWith('-');
  return isName ? { name: first, rest } : { name: 'run', rest: args };
}

const asksFor = (args: readonly string[], ...flags: string[]) => args.some((arg) => flags.includes(arg));

/** Does what the command line asks for. The process ends by itself or, for a running agent, when it is told to. */
export async function runCommand(args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  const { name, rest } = split(args);
  const entry = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (asksFor(args, '--version', '-v')) return console.log(WATCHFLOOR_VERSION);
  if (entry === undefined)
    giveUp([`there is no command "${name}": there are ${Object.keys(COMMANDS).join(', ')}`]);
  if (rest === args && asksFor(args, '--help', '-h')) return console.log(usage());
  const { command } = await entry.load();
  if (asksFor(args, '--help', '-h')) return console.log(command.usage);
  try {
    const status = await command.run(rest, env);
    if (status !== undefined) process.exit(status);
  } catch (error) {
    if (error instanceof ConfigError) giveUp(error.problems);
    if (error instanceof SetupError) giveUp([error.message]);
    throw error;
  }
}
