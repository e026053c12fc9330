/**
 * Which version of the agent the service of Windows runs. A process there cannot become another, and who measures may not
 * replace what administrators installed. So the installed program, which Windows starts, runs either the agent itself, or
 * a newer version that was fetched as its child. A version on trial that crashes, hangs or has no push accepted in time is
 * ended, and what ran before goes on.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { isDeepStrictEqual } from 'node:util';
import { errorText } from '#protocol/errors.ts';
import type { Log } from '../log.ts';
import { PULLED } from './place.ts';
import { ENDING, LOOK, logTrial, takeBack, tooLateWords, TRIAL } from './trial.ts';
import { chooseVersion, dropPrograms, programFile, readVersions, writeVersions } from './versions.ts';

/** An agent that runs. */
export interface Work {
  stop(): Promise<void>;
}

export interface SupervisorParts {
  /** Where fetched versions lie. */
  readonly folder: string;
  /** The version of this program. */
  readonly own: string;
  /** Starts the agent of this program. It calls `restart` when it has fetched a new version. */
  readonly start: (restart: () => void) => Promise<Work>;
  /** The arguments with which a fetched version runs as a child. */
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly log: Log;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** How long a trial lasts, for tests. */
  readonly trialMs?: number;
}

export interface Supervisor extends Work {
  /** Resolves with the reason where a version that had stayed ended by itself; never else. */
  readonly failed: Promise<Error>;
}

/** How a child ended. */
interface Ended {
  readonly reason: string;
  /** The system did not start it at all. */
  readonly neverBegan: boolean;
}

interface Child {
  readonly ended: Promise<Ended>;
  end(): void;
}

/** Closing its input asks it to end, as it ends when this process does. */
function startChild(file: string, { args, env }: SupervisorParts, version: string): Child {
  const child: ChildProcess = spawn(file, args, {
    stdio: ['pipe', 'ignore', 'ignore'],
    env: { ...env, [PULLED]: version },
    windowsHide: true,
  });
  let killing: NodeJS.Timeout | undefined;
  const ended = new Promise<Ended>((resolve) => {
    const over = (reason: string, neverBegan: boolean) => {
      clearTimeout(killing);
      resolve({ reason, neverBegan });
    };
    child.once('error', (error) => over(`it cannot be started: ${errorText(error)}`, true));
    child.once('exit', (code, signal) => over(`it ended with ${signal ?? code}`, false));
  });
  // It may end before it has read what it is told.
  child.stdin?.on('error', () => undefined);
  return {
    ended,
    end() {
      child.stdin?.end();
      killing ??= setTimeout(() => child.kill('SIGKILL'), ENDING);
    },
  };
}

/**
 * Starts what is to run. Rejects where the agent of this program cannot start.
 */
export async function supervise(parts: SupervisorParts): Promise<Supervisor> {
  const { folder, own, log, now, trialMs = TRIAL } = parts;
  let isStopping = false;
  /** Fetched versions that the system does not start. */
  const unusable = new Set<string>();
  let endCurrent: () => void = () => undefined;
  let fail: (error: Error) => void = () => undefined;
  const failed = new Promise<Error>((resolve) => (fail = resolve));

  /** Runs this program's own agent until it has fetched another version, or is told to end. */
  async function runOwn(begun: () => void): Promise<void> {
    const over = new Promise<void>((resolve) => (endCurrent = resolve));
    const work = await parts.start(() => endCurrent());
    begun();
    await over;
    await work.stop();
  }

  /** Whether the version was accepted while it ran, and how it ended. */
  async function runChild(version: string, isTrial: boolean): Promise<Ended & { readonly isGood: boolean }> {
    const child = startChild(programFile(folder, version), parts, version);
    endCurrent = child.end;
    let tooLate: string | undefined;
    const isAccepted = () => readVersions(folder).good === version;
    const late = setTimeout(() => {
      if (!isTrial || isAccepted()) return;
      tooLate = tooLateWords(trialMs);
      child.end();
    }, trialMs);
    const looking = setInterval(() => {
      if (!isAccepted()) return;
      clearTimeout(late);
      clearInterval(looking);
    }, LOOK);
    const ended = await child.ended;
    clearTimeout(late);
    clearInterval(looking);
    return { ...ended, reason: tooLate ?? ended.reason, isGood: tooLate === undefined && isAccepted() };
  }

  async function tryOut(version: string, begun: () => void): Promise<void> {
    logTrial(log, version, own);
    const running = runChild(version, true);
    begun();
    const { isGood, reason } = await running;
    if (isStopping) return;
    if (isGood) requireSuccessor(version, reason);
    else takeBack({ folder, version, reason, log, now: now() });
  }

  async function runGood(version: string, begun: () => void): Promise<void> {
    const running = runChild(version, false);
    begun();
    const { reason, neverBegan } = await running;
    if (isStopping) return;
    if (neverBegan) {
      unusable.add(version);
      log.error({ version, reason }, 'a version that was fetched cannot be run: the installed one is');
    } else requireSuccessor(version, reason);
  }

  /** A version that stayed ends for a newer one only. @throws an error for any other end */
  function requireSuccessor(version: string, reason: string): void {
    if (readVersions(folder).trial === null) throw new Error(`version ${version} runs no more: ${reason}`);
  }

  /** Runs what is to run now, until it ends. `begun` is called once it runs. */
  async function runNext(begun: () => void): Promise<void> {
    const before = readVersions(folder);
    const { run, next, drop } = chooseVersion(before, own, now());
    if (!isDeepStrictEqual(before, next)) writeVersions(folder, next);
    dropPrograms(folder, drop);
    if (run === 'trial' && next.trial !== null) return tryOut(next.trial.version, begun);
    if (run === 'good' && next.good !== null && !unusable.has(next.good)) return runGood(next.good, begun);
    return runOwn(begun);
  }

  async function runAll(begun: () => void): Promise<void> {
    while (!isStopping) await runNext(begun);
  }

  let all: Promise<void> = Promise.resolve();
  await new Promise<void>((resolve, reject) => {
    all = runAll(resolve).catch((error: unknown) => {
      reject(error instanceof Error ? error : new Error(errorText(error)));
      fail(error instanceof Error ? error : new Error(errorText(error)));
    });
  });
  return {
    failed,
    async stop() {
      isStopping = true;
      endCurrent();
      await all;
    },
  };
}
