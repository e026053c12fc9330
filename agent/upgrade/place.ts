/** Where versions of the agent that it fetched lie, found from the command line before anything large is loaded. */
import { join, resolve } from 'node:path';

/** In the environment of a version that was fetched: which one it is. */
export const PULLED = 'WATCHFLOOR_PULLED';
/** Likewise: the program and the arguments that start the installed one, as JSON. */
export const INSTALLED = 'WATCHFLOOR_INSTALLED';

/** The file in that folder that says which version runs. */
export const VERSIONS_FILE = 'versions.json';

type Environment = Readonly<Record<string, string | undefined>>;

/** What follows the flag; undefined without it. */
function flag(args: readonly string[], name: string): string | undefined {
  const at = args.findIndex((arg) => arg === name || arg.startsWith(`${name}=`));
  if (at < 0) return undefined;
  const [, value] = args[at]?.split(/=(.*)/s) ?? [];
  return value ?? args[at + 1];
}

/**
 * The folder in the data folder; undefined where the command line starts no agent, or where only a file of settings says
 * which data folder it has: such an agent does not upgrade itself.
 */
export function upgradeFolder(args: readonly string[], env: Environment): string | undefined {
  const [first = 'run'] = args;
  const isRun = first === 'run' || (first.startsWith('-') && !/^(--version|-v|--help|-h)$/.test(first));
  if (!isRun) return undefined;
  const data = flag(args, '--data') ?? env['WATCHFLOOR_AGENT_DATA'];
  if (data !== undefined && data !== '') return join(resolve(data), 'upgrade');
  const hasFile = (flag(args, '--config') ?? env['WATCHFLOOR_CONFIG'] ?? '') !== '';
  return hasFile ? undefined : join(resolve('agent-data'), 'upgrade');
}
