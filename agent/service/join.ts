/** `watchfloor-agent join`: joins a server at once, again too, and says as which device, or why not. */
import { chownSync, readdirSync, statSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { EnrollmentError, formatEnrollment, parseEnrollment, type Enrollment } from '#protocol/enrollment.ts';
import { ConfigError, loadConfig, type Config } from '../config/config.ts';
import { makeFolder, SetupError } from '../data-folder/data-folder.ts';
import { lockFolder } from '../data-folder/lock.ts';
import { createLink } from '../link/link.ts';
import { openJoinSecret, readMembership, writeMembership } from '../link/membership.ts';
import { openNewDevices } from '../link/new-device.ts';
import { createLog } from '../log.ts';
import { primaryAddress } from '../machine/address.ts';
import { deviceId } from '../machine/identity.ts';
import { introduction } from '../machine/introduction.ts';
import { print, takeFlags, type Command } from './command-line.ts';
import { readEnrollment } from './enrollment-input.ts';
import { putSettings } from './installation.ts';
import { commandSettings, isRoot, type InstalledService } from './installed.ts';
import { askAgent } from './local-socket.ts';
import { joinAnswer, type JoinAnswer, type Question } from './questions.ts';

const usage = `watchfloor-agent join: joins a server at once, and says as which device, or why not.

The enrollment string comes from standard input, from WATCHFLOOR_ENROLL or from --enroll-file <path>; it is asked for
where there is a terminal. It is a secret, and an argument shows in the list of processes.

A machine that has joined already joins again with it: after its token was revoked, with the string of "Let it join
again" on the page of the server; or another server. A running agent goes on with the new token at once. Where a service
is installed, root means that one, unless --data names another agent; the string then becomes part of its settings.

  --as-new
      As a new device, with an id and a token of its own: for a machine that has a copy of another one's data folder, as
      after a disk was cloned. The history stays with the device that it was; the other machine goes on as that.

Exit status: 0 it has joined, 1 it has not.`;

/** The enrollment string that is given as an argument, which the list of processes shows; the other arguments. */
function takeArgument(args: readonly string[]): { text: string | undefined; rest: readonly string[] } {
  const text = args.find((arg) => arg.startsWith('watchfloor://'));
  return { text, rest: args.filter((arg) => arg !== text) };
}

function parseArgument(text: string): Enrollment {
  process.stderr.write(
    'watchfloor-agent: the list of processes shows an enrollment key that is given as an argument: use standard input, WATCHFLOOR_ENROLL or --enroll-file\n',
  );
  try {
    return parseEnrollment(text);
  } catch (error) {
    if (error instanceof EnrollmentError) throw new ConfigError([error.message]);
    throw error;
  }
}

/** Has the agent that runs with this folder join; undefined where none runs. */
async function joinRunning(
  data: string,
  enrollment: Enrollment,
  asNew: boolean,
): Promise<JoinAnswer | undefined> {
  const question: Question = { ask: 'join', enrollment: formatEnrollment(enrollment), as_new: asNew };
  const asked = await askAgent(data, question, 60_000);
  if (asked.kind === 'none') return undefined;
  if (asked.kind === 'answer') return joinAnswer.parse(JSON.parse(asked.text));
  throw new SetupError(
    asked.kind === 'forbidden'
      ? `this user may not ask the agent with the data folder ${data}: join as root (sudo), or as the user that runs it`
      : `the agent with the data folder ${data} does not answer (${asked.reason}): stop it, then join`,
  );
}

/** What root has written becomes the property of the folder's user, who runs the agent. */
function giveToOwner(data: string): void {
  const { uid, gid } = statSync(data);
  if (!isRoot() || uid === process.getuid?.()) return;
  for (const name of readdirSync(data)) chownSync(joinPath(data, name), uid, gid);
}

/** Joins with the folder of an agent that does not run. */
async function joinHere(
  { data, name, tags, proxy }: Config,
  enrollment: Enrollment,
  asNew: boolean,
): Promise<JoinAnswer> {
  const log = createLog('warn', process.stderr);
  makeFolder(data);
  const release = await lockFolder(data);
  try {
    const address = await primaryAddress();
    const joinSecret = openJoinSecret(data);
    const newDevices = openNewDevices(data);
    const id = deviceId(data, log);
    const link = createLink({
      enrollment: undefined,
      membership: readMembership(data),
      newDevices,
      remember: (value) => writeMembership(data, value),
      describe: introduction({
        deviceId: () => id,
        address: () => address,
        joinSecret,
        name,
        tags,
      }),
      proxy,
      log,
    });
    try {
      const failure = await link.joinWith(enrollment, asNew);
      if (failure !== undefined) return { problem: failure.reason };
      return { device_id: link.deviceId(), server: link.server() ?? '' };
    } finally {
      link.close();
    }
  } finally {
    release();
    giveToOwner(data);
  }
}

/** A start of the service goes on with the server that was joined last, and not with an earlier one of its settings. */
function keepInSettings(service: InstalledService, enrollment: Enrollment): void {
  const path = service.places.settings;
  const before = statSync(path, { throwIfNoEntry: false });
  putSettings(path, { WATCHFLOOR_ENROLL: formatEnrollment(enrollment) }, before);
}

async function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { given: flags, rest: others } = takeFlags(args, ['as-new']);
  const asNew = flags.has('as-new');
  const { text, rest } = takeArgument(others);
  const settings = commandSettings(rest, env);
  const given = text === undefined ? undefined : parseArgument(text);
  // What the service's settings have is what it joined with before: only what this command was given counts.
  const own = await loadConfig(rest, {
    ...env,
    WATCHFLOOR_AGENT_DATA: settings.env['WATCHFLOOR_AGENT_DATA'],
  });
  const loaded = await loadConfig(settings.args, settings.env);
  if (loaded.kind !== 'run' || own.kind !== 'run') return 0;
  const enrollment = given ?? own.config.enrollment ?? (await readEnrollment());
  if (enrollment === undefined)
    throw new SetupError(
      'no enrollment string was given: on the server, make a key (Settings, Enrollment keys), or let the machine join again (Settings, Machines)',
    );
  const { data } = loaded.config;
  const answer =
    (await joinRunning(data, enrollment, asNew)) ?? (await joinHere(loaded.config, enrollment, asNew));
  if ('problem' in answer) {
    process.stderr.write(`watchfloor-agent: ${answer.problem}\n`);
    return 1;
  }
  if (settings.service !== undefined) keepInSettings(settings.service, enrollment);
  await print(`Joined ${answer.server} as the device ${answer.device_id}.`);
  return 0;
}

export const command: Command = { usage, run };
