/**
 * [F3] Decides which samples become a device's current ones, which screens show and alerts evaluate:
 *
 * The newest push by arrival is current, unless its samples are older than the current one although it was sent
 * later; then they are late, as from an agent's spool, and only complete the history.
 *
 * A push that was sent before the current one, by its own clock, but arrives after it shows that a clock was set
 * back, the device's or the server's.
 */
import type { Sample } from '#protocol/sample.ts';

/** A sample's time may be so much after the time at which its push was sent, as both are rounded. Milliseconds. */
const ROUNDING_MS = 2000;

export interface ArrivedPush {
  readonly deviceId: string;
  /** The push's new samples in ascending time. */
  readonly samples: readonly Sample[];
  /** When it was sent, by the clock of its samples; undefined where the push does not say it. Epoch milliseconds. */
  readonly sentAt: number | undefined;
  /** When it arrived, by the server's clock, epoch milliseconds. */
  readonly arrived: number;
}

export interface CurrentPush {
  /** Those of the push's samples that are current, in ascending time; empty when all are late. */
  readonly current: readonly Sample[];
  /** When the push was sent, by the clock of its samples: as it says, else estimated. Epoch milliseconds. */
  readonly sentAt: number;
}

export interface CurrentSamples {
  /** To be called for every accepted push, in the order of arrival. */
  take(push: ArrivedPush): CurrentPush;
  forget(deviceId: string): void;
}

/** What is known of a device. Epoch milliseconds. */
interface Known {
  /** The time of the current sample. */
  t: number;
  /** When the push of the current sample was sent. */
  sentAt: number;
  /** The time of the newest sample of the last push, late or not, and when that push arrived. */
  lastT: number;
  lastArrived: number;
}

/**
 * When a push was sent that does not say it: as it arrived, unless the device's clock is off. A clock that is ahead
 * shows in a sample from the future; one that is behind shows in samples that advance as pushes arrive, which those
 * of a backlog do not: they come faster than they were measured.
 */
function estimateSentAt(known: Known | undefined, t: number, arrived: number): number {
  if (known === undefined) return Math.max(t, arrived);
  const advanceMs = t - known.lastT;
  const isInPace = advanceMs > 0 && advanceMs <= 2 * (arrived - known.lastArrived);
  return isInPace ? t : Math.max(t, arrived);
}

/** @param newest by device: the time of its newest stored sample at the server's start, epoch milliseconds */
export function createCurrentSamples(newest: ReadonlyMap<string, number>): CurrentSamples {
  const devices = new Map<string, Known>();
  for (const [deviceId, t] of newest)
    devices.set(deviceId, { t, sentAt: t, lastT: t, lastArrived: Number.NEGATIVE_INFINITY });

  /** The samples that are current, of those measured before the push was sent. */
  function choose(known: Known | undefined, measured: readonly Sample[], sentAt: number): readonly Sample[] {
    const first = measured[0];
    const last = measured.at(-1);
    if (first === undefined || last === undefined) return [];
    const isClockSetBack = known !== undefined && last.t <= known.t && sentAt < known.sentAt;
    if (known === undefined || isClockSetBack || first.t > known.t) return measured;
    return measured.filter(({ t }) => t > known.t);
  }

  return {
    take({ deviceId, samples, sentAt: statedSentAt, arrived }) {
      const newestT = samples.at(-1)?.t;
      if (newestT === undefined) return { current: [], sentAt: statedSentAt ?? arrived };
      const known = devices.get(deviceId);
      const sentAt = statedSentAt ?? estimateSentAt(known, newestT, arrived);
      const latest = sentAt + ROUNDING_MS;
      // A sample from after its push was sent was measured before the device's clock was set back.
      const measured = newestT <= latest ? samples : samples.filter(({ t }) => t <= latest);
      const current = choose(known, measured, sentAt);
      const currentT = current.at(-1)?.t;
      const next = known ?? { t: newestT, sentAt, lastT: newestT, lastArrived: arrived };
      if (known === undefined) devices.set(deviceId, next);
      if (currentT !== undefined) {
        next.t = currentT;
        next.sentAt = sentAt;
      }
      next.lastT = newestT;
      next.lastArrived = arrived;
      return { current, sentAt };
    },
    forget: (deviceId) => devices.delete(deviceId),
  };
}
