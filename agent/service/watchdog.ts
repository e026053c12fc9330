/**
 * Tells systemd that this agent works, as often as the unit's WatchdogSec wants to hear it. systemd starts an agent anew
 * that it does not hear from.
 *
 * It is told with the samples, and only while sending goes on too, so that a process whose timers fire but that measures
 * or sends nothing is not taken for one that works. Node cannot send to systemd's socket, which takes datagrams, so
 * `systemd-notify` is started for it: it takes 4 ms of processor time, every 40 s with our unit [G4].
 */
import { execFile } from 'node:child_process';
import { errorText } from '#protocol/errors.ts';
import type { Sender } from '../outgoing/sender.ts';
import type { Clock } from '../sampling/clock.ts';
import type { Log } from '../log.ts';

/** Tells systemd a state (`WATCHDOG=1`). Rejects where that fails. */
export type Notify = (...states: string[]) => Promise<void>;

export interface WatchdogParts {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  readonly sender: Pick<Sender, 'state'>;
  readonly log: Log;
  readonly notify?: Notify;
}

/** systemd hears of it this many times in the time after which it would give up. */
const TIMES = 3;
/** A push that is due for this many milliseconds and still under way is stuck: its requests end in 10 s each. */
const STUCK = 120_000;
/** The longest that systemd-notify may take, in milliseconds. */
const PATIENCE = 10_000;

export const runNotify: Notify = (...states) =>
  new Promise((resolve, reject) => {
    execFile('systemd-notify', states, { timeout: PATIENCE }, (error) =>
      error === null ? resolve() : reject(error),
    );
  });

/**
 * How often systemd wants to hear of this process, in milliseconds; undefined where it does not. The variables may be
 * another process's, which has started this one.
 */
function intervalFor(env: WatchdogParts['env'], pid: number): number | undefined {
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: microseconds, WATCHDOG_PID: meant } = env;
  if (!socket || !microseconds || (meant !== undefined && Number(meant) !== pid)) return undefined;
  const interval = Number(microseconds) / 1000 / TIMES;
  return interval > 0 ? interval : undefined;
}

/** Returns what is to be called after each sample. */
export function createWatchdog({ env, clock, sender, log, notify = runNotify }: WatchdogParts): () => void {
  const interval = intervalFor(env, process.pid);
  if (interval === undefined) return () => undefined;
  let toldAt = -Infinity;
  let isTelling = false;
  let isFailing = false;

  const tell = async () => {
    isTelling = true;
    try {
      await notify('WATCHDOG=1', `STATUS=${statusText(sender.state())}`);
      isFailing = false;
    } catch (error) {
      if (!isFailing)
        log.warn(
          { reason: errorText(error) },
          'systemd cannot be told that the agent works, and will start it anew: install systemd-notify, or set WatchdogSec=0 with "systemctl edit watchfloor-agent"',
        );
      isFailing = true;
    }
    isTelling = false;
  };

  return () => {
    const at = clock.monotonic();
    if (isTelling || at - toldAt < interval) return;
    if (clock.now() - sender.state().nextAt > STUCK) return;
    toldAt = at;
    void tell();
  };
}

/** What `systemctl status` shows. */
function statusText({ failing, sent }: ReturnType<Sender['state']>): string {
  return failing === undefined
    ? `Pushes are accepted; ${sent} samples sent`
    : `Samples cannot be sent: ${failing.reason}`.replaceAll('\n', ' ').slice(0, 300);
}
