/** `watchfloor-agent status`: asks the running agent how it does, and says what is known where none runs. */
import { ConfigError, loadConfig } from '../config/config.ts';
import { agentState, type FolderState } from './agent-state.ts';
import type { AgentStatus } from './agent-status.ts';
import { print, takeFlags, type Command } from './command-line.ts';
import { commandSettings, type CommandSettings } from './installed.ts';
import { folderText, runningText } from './status-text.ts';

/** As systemctl's: 0 well, 1 trouble, 3 it does not run, 4 not known. */
export const EXIT = { well: 0, trouble: 1, stopped: 3, unknown: 4 } as const;

const usage = `watchfloor-agent status: how the running agent does: its last push, spool, collectors and cost.

  --json      As JSON.

It asks the agent of the installed service, or the one with the data folder that is named:

  --data <path>

Exit status: 0 it runs and pushes, 1 it runs and samples cannot be sent or it does not answer, 3 it does not run,
4 this user may not ask it.`;

async function dataFolder(settings: CommandSettings): Promise<string> {
  try {
    const loaded = await loadConfig(settings.args, settings.env);
    if (loaded.kind === 'run') return loaded.config.data;
  } catch (error) {
    // Mistakes in the settings of a service do not hide the agent that still runs with earlier ones.
    if (!(error instanceof ConfigError) || settings.service === undefined) throw error;
  }
  return settings.service?.data ?? '';
}

function exitStatus(found: AgentStatus | FolderState): number {
  if (found.state === 'running') return found.push.failing === undefined ? EXIT.well : EXIT.trouble;
  return { stopped: EXIT.stopped, silent: EXIT.trouble, forbidden: EXIT.unknown }[found.state];
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { given, rest } = takeFlags(args, ['json']);
  const settings = commandSettings(rest, env);
  const found = await agentState(await dataFolder(settings), settings.service);
  if (given.has('json')) await print(JSON.stringify(found, undefined, 2));
  else
    await print(found.state === 'running' ? runningText(found, Date.now()) : folderText(found, Date.now()));
  return exitStatus(found);
}

export const command: Command = { usage, run };
