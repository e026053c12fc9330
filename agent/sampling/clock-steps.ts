/**
 * [I5] Notices when the wall clock is set while the agent runs, and dates the samples anew that were taken before and
 * were not sent yet.
 *
 * The wall-clock time minus the time since the boot is the time of the boot. It changes only when the clock is set:
 * sleep counts in both, and a clock that NTP slows down or speeds up takes the time since the boot along.
 */
import { randomUUID } from 'node:crypto';
import type { Log } from '../log.ts';
import { bootId, type Clock, type ClockSetting } from './clock.ts';
import type { Sample } from './sample.ts';

/** A smaller difference, in milliseconds, is no step. macOS tells the time since the boot in whole seconds only. */
const LEAST_STEP = process.platform === 'darwin' ? 1500 : 500;

function stepBetween(earlier: ClockSetting, later: ClockSetting): number {
  const step = later.bootedAt - earlier.bootedAt;
  return Math.abs(step) < LEAST_STEP ? 0 : step;
}

/** What the wall clock is set to now: the same object until it is set again. */
export type CurrentSetting = () => ClockSetting;

/**
 * Samples of an earlier run of the agent are dated anew too, where the system tells that the machine did not boot
 * since.
 */
export function watchClock(
  clock: Pick<Clock, 'now' | 'uptime'>,
  log: Log,
  boot = bootId() ?? randomUUID(),
): CurrentSetting {
  const read = (): ClockSetting => ({ boot, bootedAt: Math.round(clock.now() - clock.uptime()) });
  let current = read();
  return () => {
    const found = read();
    const step = stepBetween(current, found);
    if (step === 0) return current;
    log.warn(
      { seconds: Math.round(step / 1000) },
      'the clock of this machine was set: samples that wait to be sent are dated anew',
    );
    // A step of whole seconds could move a sample to the time of one that was sent before.
    current = step % 1000 === 0 ? { boot, bootedAt: found.bootedAt + 1 } : found;
    return current;
  };
}

/** The sample with the time at which it was taken according to the clock as it is set `now`. */
export function datedBy(now: ClockSetting, sample: Sample): Sample {
  const { clock } = sample;
  if (clock === undefined || clock.boot !== now.boot) return sample;
  const step = stepBetween(clock, now);
  return step === 0 ? sample : { ...sample, t: sample.t + step, clock: now };
}
