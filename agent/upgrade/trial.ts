/** The trial of a new version of the agent, which runs as a child: how long it has, and what follows where it fails. */
import type { Log } from '../log.ts';
import { dropPrograms, endTrial, readVersions, writeVersions } from './versions.ts';

/**
 * How long a new version has until a push of it is accepted, in milliseconds. It is less than the WatchdogSec of systemd's
 * unit, as nothing tells systemd during a trial that the agent works.
 */
export const TRIAL = 115_000;
/** How often it is looked whether a push was accepted. */
export const LOOK = 500;
/** How long a version has to end once it is asked to, before it is killed. */
export const ENDING = 15_000;

export const tooLateWords = (trialMs: number) =>
  `no push of it was accepted within ${trialMs / 1000} seconds`;

/** @param from the version that tries it out */
export function logTrial(log: Log, version: string, from: string): void {
  log.info({ version, from }, 'a new version of the agent is tried out');
}

interface TakenBack {
  /** Where fetched versions lie. */
  readonly folder: string;
  readonly version: string;
  readonly reason: string;
  readonly log: Log;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Ends a trial that failed, and removes the version. */
export function takeBack({ folder, version, reason, log, now }: TakenBack): void {
  writeVersions(folder, endTrial(readVersions(folder), version, now, reason));
  dropPrograms(folder, [version]);
  log.error({ version, reason }, 'the new version is taken back: the one before it goes on');
}
