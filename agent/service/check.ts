/** `watchfloor-agent check`: looks at everything that the agent needs, and says what is wrong and what to do. */
import { collectorsFor } from '../collectors/list.ts';
import { ConfigError, loadConfig, type Config } from '../config/config.ts';
import { SetupError } from '../data-folder/data-folder.ts';
import { knownJoinSecret, readMembership, type Membership } from '../link/membership.ts';
import { readIdentity } from '../machine/identity.ts';
import { tryCollectors, type Tried } from '../sampling/trial.ts';
import { troubleText } from './collector-words.ts';
import { print, takeFlags, type Command } from './command-line.ts';
import { failed, findingsText, ok, warning, type Finding } from './finding.ts';
import { checkFolder } from './folder-check.ts';
import { commandSettings, type CommandSettings } from './installed.ts';
import { checkProbes } from './probe-check.ts';
import { checkServer } from './server-check.ts';

const usage = `watchfloor-agent check: looks at everything that the agent needs, and says what is wrong and what to do.

  --json      As JSON.

It takes the settings of the agent, as flags or in the environment; "watchfloor-agent run --help" lists them. Where a
service is installed, root checks that one with its settings, unless --data or --config names another agent. A running
agent is not disturbed, and no enrollment key is used up.

Exit status: 0 the agent works or would work, 1 it would not.`;

/** The settings, or every mistake in them. */
async function checkSettings(
  { args, env, service, unreadable }: CommandSettings,
  findings: Finding[],
): Promise<Config | undefined> {
  const from =
    service === undefined ? 'as given here' : `of the installed service (${service.places.settings})`;
  if (unreadable !== undefined) {
    findings.push(
      failed('settings', `${service?.places.settings} cannot be read: ${unreadable}`, 'check as root (sudo)'),
    );
    return undefined;
  }
  try {
    const loaded = await loadConfig(args, env);
    if (loaded.kind !== 'run') return undefined;
    findings.push(ok('settings', `${from}; data folder ${loaded.config.data}`));
    for (const found of loaded.config.warnings) findings.push({ about: 'settings', state: 'warning', found });
    return loaded.config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const remedy = `correct it${service === undefined ? '' : ` in ${service.places.settings}`}; "watchfloor-agent run --help" lists the settings`;
    for (const problem of error.problems) findings.push(failed('settings', problem, remedy));
    return undefined;
  }
}

/** What the folder says of its server and device; undefined where it cannot be read, which `checkFolder` tells. */
function readFolder(
  data: string,
  findings: Finding[],
): { readonly membership: Membership | undefined; readonly deviceId: string | undefined } | undefined {
  try {
    return { membership: readMembership(data), deviceId: readIdentity(data)?.device_id };
  } catch (error) {
    if (!(error instanceof SetupError)) return undefined;
    const [found = '', remedy = ''] = error.message.split(/: (?=remove|put)/);
    findings.push(failed('data folder', found, remedy));
    return undefined;
  }
}

function collectorFindings(tried: readonly Tried[]): Finding[] {
  const measuring = tried.filter(({ state }) => state === 'measures');
  const fields = measuring.reduce((sum, one) => sum + Object.keys(one.fields).length, 0);
  const names = measuring.map(({ name }) => name).join(', ');
  return [
    ok('collectors', `${measuring.length} of ${tried.length} measure ${fields} fields: ${names}`),
    ...tried.flatMap((one): Finding[] => {
      const trouble = troubleText(one);
      if (trouble === undefined) return [];
      const text = `${one.name}: ${trouble}`;
      if (one.trouble !== undefined)
        return [
          warning(
            'collectors',
            text,
            'the rest of it is measured; correct it, or take it out of the settings',
          ),
        ];
      const isForbidden = one.unreadable.some(({ reason }) => reason === 'EACCES' || reason === 'EPERM');
      if (isForbidden) return [warning('collectors', text, 'let the user of the agent read these files')];
      return one.state === 'absent' || one.state === 'measures'
        ? [ok('collectors', text)]
        : [warning('collectors', text, 'the other collectors go on without it; the agent’s log tells more')];
    }),
  ];
}

async function* lookAt(settings: CommandSettings, now: () => number): AsyncGenerator<Finding> {
  const findings: Finding[] = [];
  const config = await checkSettings(settings, findings);
  const trial = collectorsFor(process.platform, config?.collectors, undefined, config?.custom).then(
    tryCollectors,
  );
  yield* findings.splice(0);
  if (config !== undefined) {
    const { data, enrollment, proxy, spoolBytes } = config;
    const known = readFolder(data, findings);
    yield* findings.splice(0);
    if (known !== undefined)
      yield* checkServer({
        ...{ ...known, enrollment, proxy, now },
        joinSecret: (key) => knownJoinSecret(data, key),
      });
    yield* await checkFolder(data, spoolBytes, settings.service);
    yield* await checkProbes(config.probes, data);
  }
  yield* collectorFindings(await trial);
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { given, rest } = takeFlags(args, ['json']);
  const findings: Finding[] = [];
  for await (const finding of lookAt(commandSettings(rest, env), Date.now)) findings.push(finding);
  const works = findings.every(({ state }) => state !== 'failed');
  await print(given.has('json') ? JSON.stringify({ works, findings }, undefined, 2) : findingsText(findings));
  return works ? 0 : 1;
}

export const command: Command = { usage, run };
