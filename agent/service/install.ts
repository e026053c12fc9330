/** `watchfloor-agent install`: makes the agent a service that starts with the machine, or with its user. */
import { existsSync, mkdirSync, chownSync, statSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { formatEnrollment, type Enrollment } from '#protocol/enrollment.ts';
import { givenSettings, loadConfig } from '../config/config.ts';
import { readEnvFile } from '../config/env-file.ts';
import { readIfThere, SetupError } from '../data-folder/data-folder.ts';
import { agentState } from './agent-state.ts';
import { takeFlags, type Command } from './command-line.ts';
import { readEnrollment } from './enrollment-input.ts';
import { putProgram, putSettings, putUnit } from './installation.ts';
import { findService, isRoot, namesAnAgent, type InstalledService } from './installed.ts';
import { itself, isPackagedProgram, LEAN_ENVIRONMENT } from './itself.ts';
import { runProgram, systemctl, type RunProgram } from './manager.ts';
import { packageAdvice } from './owner.ts';
import { LAUNCHD_LABEL, SERVICE, systemPlaces, userPlaces, type Manager, type Places } from './places.ts';
import { launchdPlist, openrcScript, SERVICE_USER, systemdUnit, type ServiceText } from './unit.ts';
import { installService, makePrivateFolder } from './windows-install.ts';

const usage = `watchfloor-agent install: makes the agent a service that starts with the machine.

  --no-start   Only put the files in their places.

As root it is a service of the machine: systemd, OpenRC or launchd. Without root it is a service of this user. The
enrollment string comes from WATCHFLOOR_ENROLL, from --enroll-file <path>, or from standard input; it is asked for
where there is a terminal. It is needed the first time only.

Other settings that are given, as flags or in the environment, go into the settings of the service:
/etc/watchfloor/agent.env, or ~/.config/watchfloor/agent.env. So do HTTPS_PROXY and NO_PROXY.

Running it again upgrades the service in place: it goes on as the same device, and sends what waits.`;

/** How long to wait for the first word of the service, in milliseconds. */
const PATIENCE = 20_000;

/** The machine or the user that the service is for, and what to do it with. */
export interface Plan {
  readonly places: Places;
  readonly manager: Manager;
  /** The packaged agent's own file, which is copied to its place; undefined for a clone. */
  readonly program: string | undefined;
  /** Whether the service manager runs here now, and not only when the machine starts. */
  readonly isBooted: boolean;
  readonly run: RunProgram;
  readonly say: (line: string) => void;
  /** Asks for the enrollment string. */
  readonly ask: () => Promise<Enrollment | undefined>;
}

/** What starts services here. @throws SetupError where nothing that is known does */
function findManager(places: Places): Manager {
  if (places.file.windows !== undefined) return 'windows';
  if (places.file.launchd !== undefined) return 'launchd';
  if (existsSync('/run/openrc') && places.file.openrc !== undefined) return 'openrc';
  const isSystemd =
    existsSync('/run/systemd/system') ||
    existsSync('/usr/lib/systemd/systemd') ||
    existsSync('/lib/systemd/systemd');
  if (isSystemd && places.file.systemd !== undefined) return 'systemd';
  throw new SetupError(
    'there is no service manager here that this command knows (systemd, OpenRC, launchd): have yours start "watchfloor-agent run"',
  );
}

/** The command that the service starts. The program of a clone stays where it is. */
function commandFor({ places, program }: Plan): { command: readonly string[]; copied: boolean } {
  if (program !== undefined) {
    const copied = putProgram(program, places.program);
    return { command: [places.program], copied };
  }
  const { file, args } = itself([]);
  if (places.kind === 'system') for (const path of [file, ...args]) requireReadable(path);
  return { command: [file, ...args], copied: false };
}

/** @throws SetupError where the service's own user could not read the file */
function requireReadable(path: string): void {
  const isOpen = (part: string, bit: number) => (statSync(part).mode & bit) !== 0;
  for (let folder = dirname(path); folder !== dirname(folder); folder = dirname(folder))
    if (!isOpen(folder, 0o001))
      throw new SetupError(
        `the service runs as a user of its own, which may not enter ${folder}: put the clone into /opt/watchfloor, or install a package`,
      );
  if (!isOpen(path, 0o004))
    throw new SetupError(
      `the service runs as a user of its own, which may not read ${path}: chmod o+r ${path}`,
    );
}

const makeUser = (run: RunProgram) =>
  run('useradd', ['--system', '--no-create-home', '--shell', '/usr/sbin/nologin', SERVICE_USER]);

/**
 * dbus-daemon lets in only users of /etc/passwd, and tells them which units failed. With a user of its name there, the
 * service runs as that one, and not as one that systemd makes for its run; while it runs as such a one, the name is taken.
 * Packages do the same. Where the user cannot be made, all else works.
 */
async function makeUserForDbus({ run, say, isBooted }: Plan): Promise<void> {
  if ((await run('grep', ['-q', `^${SERVICE_USER}:`, '/etc/passwd'])).status === 0) return;
  if (isBooted) await run('systemctl', ['stop', SERVICE]);
  const made = await makeUser(run);
  if (made.status !== 0)
    say(
      `Failed units of systemd will not be seen: the user ${SERVICE_USER} cannot be made (${made.stderr.trim()}).`,
    );
}

/** The user that the service runs as where systemd makes none; made where it is missing. */
async function serviceUser({ run }: Plan): Promise<{ uid: number; gid: number }> {
  const id = async () => (await run('id', ['-u', SERVICE_USER])).stdout.trim();
  if ((await id()) === '') {
    const made = await makeUser(run);
    if (made.status !== 0)
      throw new SetupError(
        `the user ${SERVICE_USER} cannot be made: ${made.stderr.trim()}; make it, then install again`,
      );
  }
  return { uid: Number(await id()), gid: Number((await run('id', ['-g', SERVICE_USER])).stdout) };
}

/** Who reads the settings: the service manager, or the agent itself where the manager does not. */
async function settingsOwner(plan: Plan): Promise<{ uid: number; gid: number } | undefined> {
  if (plan.places.kind === 'user' || plan.manager === 'systemd' || plan.manager === 'windows')
    return undefined;
  if (plan.manager === 'openrc') return serviceUser(plan);
  // The user `daemon` of macOS.
  return { uid: 1, gid: 1 };
}

/** A program's word on why it failed. @throws SetupError */
async function must(plan: Plan, file: string, ...args: string[]): Promise<void> {
  const { status, stderr, stdout } = await plan.run(file, args);
  if (status === 0) return;
  throw new SetupError(
    `${file} ${args.join(' ')} failed: ${stderr.trim() || stdout.trim() || 'it is not there'}`,
  );
}

/** Starts the service, or starts it anew, and has it started with the machine. Returns whether it can run now. */
async function start(plan: Plan, file: string): Promise<boolean> {
  const { places, manager, isBooted, run, say } = plan;
  if (manager === 'windows') {
    await installService(places, { run });
    return true;
  }
  if (manager === 'openrc') {
    await must(plan, 'rc-update', 'add', SERVICE, 'default');
    await must(plan, 'rc-service', SERVICE, 'restart');
    return true;
  }
  if (manager === 'launchd') {
    const domain = places.kind === 'system' ? 'system' : `gui/${process.getuid?.() ?? 0}`;
    await run('launchctl', ['bootout', `${domain}/${LAUNCHD_LABEL}`]);
    await must(plan, 'launchctl', 'bootstrap', domain, file);
    return true;
  }
  const control = (...args: string[]) => must(plan, 'systemctl', ...systemctl(places, ...args));
  if (places.kind === 'system') await makeUserForDbus(plan);
  if (places.kind === 'system' && !isBooted) {
    await control('enable', '--quiet', SERVICE);
    say('systemd does not run here: the service starts with the machine.');
    return false;
  }
  if (places.kind === 'user' && (await run('systemctl', ['--user', 'show-environment'])).status !== 0) {
    say('systemd does not run for this user now. Log in as this user (not by su or sudo), then:');
    say(`  systemctl --user enable --now ${SERVICE}`);
    return false;
  }
  await control('daemon-reload');
  await control('enable', '--quiet', SERVICE);
  await control('restart', SERVICE);
  return true;
}

/** Tells of lingering, without which a user's services end when the user logs out. */
async function tellOfLinger({ places, manager, run, say }: Plan): Promise<void> {
  if (places.kind !== 'user' || manager !== 'systemd') return;
  const { username } = userInfo();
  const { stdout } = await run('loginctl', ['show-user', username, '-p', 'Linger', '--value']);
  if (stdout.trim() === 'yes') return;
  say(
    `It runs while ${username} is logged in. To have it run always: sudo loginctl enable-linger ${username}`,
  );
}

/** Waits until the service has joined, or says why it cannot. Returns the exit status. */
async function waitForFirstWord(service: InstalledService, { say }: Plan): Promise<number> {
  const deadline = performance.now() + PATIENCE;
  let last = await agentState(service.data, service);
  while (performance.now() < deadline) {
    if (last.state === 'running' && last.push.failing !== undefined) break;
    if (last.state === 'running' && last.device_id !== '') break;
    await pause(250);
    last = await agentState(service.data, service);
  }
  if (last.state !== 'running') {
    say(`The service does not run yet (${last.service ?? 'its state is not known'}): watchfloor-agent check`);
    return 1;
  }
  const { failing } = last.push;
  if (failing === undefined)
    say(`It runs as the device ${last.device_id} of ${last.server ?? 'its server'}.`);
  else say(`It runs, and cannot send samples yet: ${failing.reason}. It keeps them and tries again.`);
  return 0;
}

/** The settings to write: those that were given now, and the enrollment string. */
function settingsFrom(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  enrollment: Enrollment | undefined,
): Record<string, string> {
  const given = givenSettings(args, env);
  for (const name of ['HTTPS_PROXY', 'NO_PROXY']) {
    const value = env[name.toLowerCase()] || env[name];
    if (value) given[name] = value;
  }
  return enrollment === undefined ? given : { WATCHFLOOR_ENROLL: formatEnrollment(enrollment), ...given };
}

/** Whether the service knows its server already. */
function knowsServer({ settings, data }: Places): boolean {
  const set = readEnvFile(settings);
  if (set['WATCHFLOOR_ENROLL'] || set['WATCHFLOOR_ENROLL_FILE'] || set['WATCHFLOOR_CONFIG']) return true;
  return readIfThere(`${data}/membership.json`) !== undefined;
}

async function requireOwn(found: InstalledService | undefined, run: RunProgram): Promise<void> {
  if (found?.isPackaged !== true) return;
  const advice = await packageAdvice(found, run);
  throw new SetupError(`${advice.package} brought the service of this machine: ${advice.install}`);
}

function textFor(places: Places, command: readonly string[]): ServiceText {
  const { kind, settings, data } = places;
  const environment = LEAN_ENVIRONMENT;
  return { kind, command, environment, settings, data };
}

function writeService(plan: Plan): string {
  const { places, manager } = plan;
  const file = places.file[manager];
  if (file === undefined) throw new SetupError(`${manager} has no services of this kind`);
  if (manager === 'windows') {
    if (plan.program !== undefined) return file;
    throw new SetupError('on Windows the packaged agent makes itself a service, and a clone does not');
  }
  const { command, copied } = commandFor(plan);
  const text = textFor(places, command);
  const write = { systemd: systemdUnit, openrc: openrcScript, launchd: launchdPlist }[manager];
  putUnit(file, write(text), { copied, mode: manager === 'openrc' ? 0o755 : 0o644 });
  return file;
}

/** The folder where systemd does not make it, for the user that the service runs as. */
function makeDataFolder({ places, manager }: Plan, owner: { uid: number; gid: number } | undefined): void {
  if (manager === 'windows' || (manager === 'systemd' && places.kind === 'system')) return;
  mkdirSync(places.data, { recursive: true, mode: 0o700 });
  if (owner !== undefined) chownSync(places.data, owner.uid, owner.gid);
}

/** Installs the service, or upgrades it in place. Resolves with the exit status. */
export async function install(plan: Plan, args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { given, rest } = takeFlags(args, ['no-start']);
  const { places, say } = plan;
  const found = findService(places);
  await requireOwn(found, plan.run);
  if (namesAnAgent(rest, env))
    throw new SetupError(
      `the service has a data folder and settings of its own (${places.data}, ${places.settings}): leave out --data and --config`,
    );
  const loaded = await loadConfig(rest, env);
  if (loaded.kind !== 'run') return 0;
  for (const warning of loaded.config.warnings) say(warning);
  const isKnown = knowsServer(places);
  const enrollment = loaded.config.enrollment ?? (isKnown ? undefined : await plan.ask());
  if (enrollment === undefined && !isKnown)
    throw new SetupError(
      'no enrollment string was given: make a key on the server (Settings, Enrollment keys) and set WATCHFLOOR_ENROLL to its string',
    );
  const file = writeService(plan);
  const owner = await settingsOwner(plan);
  if (plan.manager === 'windows') await makePrivateFolder(places, plan.run);
  putSettings(places.settings, settingsFrom(rest, env, enrollment), owner);
  makeDataFolder(plan, owner);
  say(`The service is ${file}, its settings ${places.settings}, its data folder ${places.data}.`);
  if (given.has('no-start') || !(await start(plan, file))) return 0;
  await tellOfLinger(plan);
  const service = findService(places);
  return service === undefined ? 1 : waitForFirstWord(service, plan);
}

function run(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const places = isRoot() ? systemPlaces() : userPlaces(homedir(), env);
  const plan: Plan = {
    places,
    manager: findManager(places),
    program: isPackagedProgram() ? process.execPath : undefined,
    isBooted: existsSync('/run/systemd/system'),
    run: runProgram,
    say: (line) => void process.stdout.write(`${line}\n`),
    ask: readEnrollment,
  };
  return install(plan, args, env);
}

export const command: Command = { usage, run };
