/** `watchfloor-agent once`: measures this machine once, and prints the sample. No server is needed. */
import { type Declarations } from '#protocol/declarations.ts';
import { declarationKey } from '#protocol/meaning.ts';
import { fieldInfo } from '#protocol/fields.ts';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { collectorsFor } from '../collectors/list.ts';
import type { Fields } from '../collectors/collector.ts';
import { loadConfig } from '../config/config.ts';
import { hostName } from '../machine/identity.ts';
import { tryCollectors } from '../sampling/trial.ts';
import { troubleText } from './collector-words.ts';
import { print, takeFlags, type Command } from './command-line.ts';
import { commandSettings } from './installed.ts';

const usage = `watchfloor-agent once: measures this machine once and prints the sample as JSON. No server is needed.

  --json      Its only form; may be left out.

"metrics" has the numbers, by the names that the server uses, and "units" the units of those whose unit is known. Rates
need two readings, so it takes a second. Collectors that give nothing here are named on standard error, with the reason.

Exit status: 0, or 1 where a collector fails or does not answer.`;

/** The units of the fields that have a known one, by field. */
function unitsOf(fields: Fields, declared: Declarations): Record<string, string> {
  const units: Record<string, string> = {};
  for (const name in fields) {
    const unit = fieldInfo(name)?.unit ?? declared[declarationKey(name)]?.unit;
    if (unit !== undefined) units[name] = unit;
  }
  return units;
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { rest } = takeFlags(args, ['json']);
  const settings = commandSettings(rest, env);
  const loaded = await loadConfig(settings.args, settings.env);
  const { collectors = [], custom } = loaded.kind === 'run' ? loaded.config : {};
  const tried = await tryCollectors(await collectorsFor(process.platform, collectors, undefined, custom));
  const metrics: Fields = {};
  const declared: Declarations = Object.assign({}, ...tried.map((one) => one.declared));
  for (const { fields } of tried) Object.assign(metrics, fields);
  const sample = {
    hostname: hostName(),
    agent_version: WATCHFLOOR_VERSION,
    timestamp: Date.now(),
    metrics,
    units: unitsOf(metrics, declared),
  };
  await print(JSON.stringify(sample, undefined, 2));
  for (const one of tried) {
    const trouble = troubleText(one);
    if (trouble !== undefined) process.stderr.write(`${one.name}: ${trouble}\n`);
  }
  return tried.some(({ state }) => state === 'fails' || state === 'hangs') ? 1 : 0;
}

export const command: Command = { usage, run };
