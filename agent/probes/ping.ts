/** Sends echo requests, a few after one another, and counts those that are answered. */
import { setTimeout as pause } from 'node:timers/promises';
import { parseHost } from '#protocol/probe-targets.ts';
import type { PingProbe } from '#protocol/probes.ts';
import { placeWords } from './allowance.ts';
import { findAddress, RefusedError, roundMs, type Attempt, type Kind, type Outcome } from './attempt.ts';
import { connectionWords } from './connection.ts';
import type { Echo } from './icmp.ts';

/** Milliseconds between two packets of one try. */
const APART_MS = 200;
/** Part of the time of a try that is kept for its end. */
const RESERVE_MS = 50;

/** What the answered packets say; `sent`: how many were sent in all. */
export function pingOutcome(times: readonly number[], sent: number, place: string): Outcome {
  const loss = Math.round(((sent - times.length) / sent) * 1000) / 10;
  if (times.length === 0) return { problem: `${place} does not answer`, values: { loss } };
  const mean = times.reduce((sum, ms) => sum + ms, 0) / times.length;
  const steps = times.slice(1).map((ms, i) => Math.abs(ms - (times[i] ?? ms)));
  const jitter = steps.reduce((sum, ms) => sum + ms, 0) / Math.max(1, steps.length);
  const values = { ms: roundMs(mean), loss };
  return {
    problem: undefined,
    values: steps.length > 0 ? { ...values, jitter_ms: roundMs(jitter) } : values,
  };
}

export function pingWith(echo: Pick<Echo, 'send'>): Kind<PingProbe> {
  return async ({ target, count, ip, timeout_s }, attempt: Attempt) => {
    const host = parseHost(target) ?? target;
    const begun = attempt.monotonic();
    const address = await findAddress(attempt, host, undefined, ip);
    const place = placeWords({ host, address, port: undefined });
    attempt.doing(`the answer of ${place}`);
    // Packets that are not answered are a result as well, so the wait for them ends before the try does.
    const left = timeout_s * 1000 - (attempt.monotonic() - begun) - RESERVE_MS;
    const patience = AbortSignal.any([attempt.signal, AbortSignal.timeout(Math.max(1, Math.floor(left)))]);
    const sending: Promise<number | undefined>[] = [];
    for (let i = 0; i < count && !patience.aborted; i++) {
      if (i > 0) await pause(APART_MS, undefined, { signal: patience }).catch(() => undefined);
      const sent = echo.send(address, patience);
      sent.catch(() => undefined);
      sending.push(sent);
    }
    try {
      const answers = await Promise.all(sending);
      return pingOutcome(
        answers.filter((ms) => ms !== undefined),
        sending.length,
        place,
      );
    } catch (error) {
      if (error instanceof RefusedError) throw error;
      throw new Error(connectionWords(error, place), { cause: error });
    }
  };
}
