/**
 * The installed program, before it runs as an agent: it runs a newer version that was fetched instead. A new version runs
 * as its child at first. Once the server has accepted a push of it, this process becomes that version. If it ends, or has
 * no push accepted in time, this process goes on with what ran before: so a version that crashes, hangs or cannot reach the
 * server takes itself back, whatever manages the service.
 */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { errorText } from '#protocol/errors.ts';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { createLog, type Log } from '../log.ts';
import { itself } from '../service/itself.ts';
import { runNotify } from '../service/watchdog.ts';
import { INSTALLED, PULLED } from './place.ts';
import { ENDING, LOOK, logTrial, takeBack, tooLateWords, TRIAL } from './trial.ts';
import { chooseVersion, dropPrograms, programFile, readVersions, writeVersions } from './versions.ts';

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

export interface Launch {
  /** Where fetched versions lie. */
  readonly folder: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** How long a trial lasts, for tests. */
  readonly trialMs?: number | undefined;
}

function environmentFor({ env }: Launch, version: string): NodeJS.ProcessEnv {
  // systemd names this process as the one that it wants to hear of; on trial that is the child.
  const { WATCHDOG_PID: _, ...rest } = env;
  const { file, args } = itself([]);
  return { ...rest, [PULLED]: version, [INSTALLED]: JSON.stringify([file, ...args]) };
}

/** Replaces this process by the fetched version. Returns only where that is not there, or may not be run. */
function become(launch: Launch, version: string): void {
  const file = programFile(launch.folder, version);
  try {
    // Node ends the process where the system refuses to run a program.
    accessSync(file, constants.X_OK);
  } catch (error) {
    const reason = errorText(error);
    createLog('info').error(
      { version, reason },
      'a version that was fetched cannot be run: the installed one is',
    );
    return;
  }
  process.execve?.(file, [file, ...launch.args], environmentFor(launch, version));
}

type Trial = { readonly kind: 'good' | 'told to end' } | { readonly kind: 'failed'; readonly reason: string };

/** Runs the version as a child until it is known how it does. The child has ended when this resolves. */
function tryOut(launch: Launch, version: string): Promise<Trial> {
  const { folder, args, trialMs = TRIAL } = launch;
  const child = spawn(programFile(folder, version), args, {
    stdio: 'inherit',
    env: environmentFor(launch, version),
  });
  return new Promise((resolve) => {
    let outcome: Trial | undefined;
    let killing: NodeJS.Timeout | undefined;
    const end = (found: Trial, signal: NodeJS.Signals = 'SIGTERM') => {
      outcome ??= found;
      child.kill(signal);
      killing ??= setTimeout(() => child.kill('SIGKILL'), ENDING);
    };
    const pass = (signal: NodeJS.Signals) => end({ kind: 'told to end' }, signal);
    for (const signal of SIGNALS) process.on(signal, pass);
    const looking = setInterval(() => {
      if (readVersions(folder).good === version) end({ kind: 'good' });
    }, LOOK);
    const tooLate = tooLateWords(trialMs);
    const late = setTimeout(() => end({ kind: 'failed', reason: tooLate }), trialMs);
    const over = (reason: string) => {
      clearInterval(looking);
      for (const timer of [late, killing]) clearTimeout(timer);
      for (const signal of SIGNALS) process.off(signal, pass);
      // It may have ended between two looks.
      const isGood = readVersions(folder).good === version;
      resolve(outcome ?? (isGood ? { kind: 'good' } : { kind: 'failed', reason }));
    };
    child.once('error', (error) => over(`it cannot be started: ${errorText(error)}`));
    child.once('exit', (code, signal) => over(`it ended with ${signal ?? code} before a push was accepted`));
  });
}

async function runTrial(launch: Launch, version: string, log: Log): Promise<'ended' | 'failed'> {
  logTrial(log, version, WATCHFLOOR_VERSION);
  // Else systemd's patience with the version before could end the trial of this one.
  if (launch.env['NOTIFY_SOCKET'] !== undefined)
    await runNotify('WATCHDOG=1').catch((error: unknown) =>
      log.warn({ reason: errorText(error) }, 'systemd cannot be told of the trial'),
    );
  const trial = await tryOut(launch, version);
  if (trial.kind === 'told to end') return 'ended';
  if (trial.kind === 'good') become(launch, version);
  const reason = trial.kind === 'failed' ? trial.reason : 'this process cannot become it';
  takeBack({ folder: launch.folder, version, reason, log, now: Date.now() });
  return 'failed';
}

/**
 * Runs the version that is to run. Resolves with false where that is this program itself, and with true where it was
 * another one, which has ended because it was told to.
 */
export async function launch(parts: Launch): Promise<boolean> {
  const log = createLog('info');
  const now = readVersions(parts.folder);
  const { run, next, drop } = chooseVersion(now, WATCHFLOOR_VERSION, Date.now());
  if (!isDeepStrictEqual(now, next)) writeVersions(parts.folder, next);
  dropPrograms(parts.folder, drop);
  if (run === 'trial' && next.trial !== null) {
    const ended = await runTrial(parts, next.trial.version, log);
    if (ended === 'ended') return true;
  }
  const good = readVersions(parts.folder).good;
  if (good !== null) become(parts, good);
  return false;
}
