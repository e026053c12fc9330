/**
 * Sends the notifications of the outbox, one after another for each channel. [A4] Each channel has a lane of its own:
 * one that fails or hangs delays no other. A failed delivery is tried again with backoff and jitter, or when the far
 * side asks for it.
 */
import { errorText } from '#protocol/errors.ts';
import type { Attempt, ChannelHealth, ChannelRecord, Notification } from '#protocol/notify.ts';
import type { Clock, Log } from '../../types.ts';
import { DeliveryError, type Answer, type Browsers, type ChannelKind, type Outgoing } from './channel.ts';
import { secretsOf } from './channel-settings.ts';
import type { Outbox } from './outbox.ts';
import { redact } from './redact.ts';
import type { TemplatedMessage } from './template.ts';

/** The wait after the first failure, milliseconds; it doubles with each further one, up to the longest. */
const FIRST_RETRY_MS = 5000;
const LONGEST_RETRY_MS = 600_000;
/** A far side that asks for more than this, in milliseconds, is asked again after it all the same. */
const LONGEST_ASKED_MS = 3_600_000;
/** How often the same message is offered to a far side that refuses this very message. */
const REFUSALS = 3;
/** No notification is given up before it is this old, in milliseconds, and was tried so often. */
const GIVE_UP_MS = 86_400_000;
const LEAST_TRIES = 20;
/** No try takes longer, whatever its kind of channel does, milliseconds. Requests have a shorter limit of their own. */
const LONGEST_TRY_MS = 60_000;
/** How long a stop waits for the answers to what is on its way, milliseconds. */
const STOP_MS = 3000;
const ANSWER_CHARS = 500;

export interface DeliveryParts {
  readonly outbox: Outbox;
  readonly channelOf: (id: string) => ChannelRecord | undefined;
  readonly kinds: ReadonlyMap<string, ChannelKind>;
  readonly browsers: Browsers;
  readonly createOutgoing: (privateNetwork: boolean) => Outgoing;
  /** Makes the message of a notification for a channel, and says what is wrong with the channel's template. */
  readonly compose: (notification: Notification, channel: ChannelRecord) => Promise<TemplatedMessage>;
  /** Called when a notification was tried, so that pages see it. */
  readonly onAttempt: (notification: Notification) => void;
  readonly clock: Clock;
  /** A number from 0 to 1, for jitter. */
  readonly random: () => number;
  readonly log: Log;
}

export interface DeliveryLanes {
  /** Sends what the outbox has for these channels. */
  wake(channelIds: Iterable<string>): void;
  /** Sends at once what waits for another try, as the channel has other settings now. */
  retryNow(channelId: string): void;
  /** Sends one message at once, outside the outbox, and says how that went. */
  test(channel: ChannelRecord, notification: Notification): Promise<Attempt>;
  health(channelId: string): ChannelHealth;
  /**
   * Resolves when what is on its way was answered, or after 3 s: what has no answer by then is sent again after the next
   * start.
   */
  stop(): Promise<void>;
}

/** How sending goes for one channel. */
interface Lane {
  isRunning: boolean;
  /** Whether it was woken since it last looked for something to send. */
  isWoken: boolean;
  cancelTimer: (() => void) | undefined;
  /** How many deliveries failed, one after another. */
  failures: number;
  failingSince: number | null;
  problem: string | null;
  templateProblem: string | null;
  lastSentAt: number | null;
  /** Nothing is sent from then until then, because the far side failed or asked for it; epoch milliseconds. */
  pausedFrom: number;
  pausedUntil: number;
}

const cut = (text: string) => (text.length > ANSWER_CHARS ? `${text.slice(0, ANSWER_CHARS - 1)}…` : text);

/** The wait after this many failures in a row, milliseconds: half of it fixed, half of it by chance. */
export function retryAfterMs(failures: number, random: number): number {
  const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 20));
  return longest / 2 + (longest / 2) * random;
}

const earliest = (times: readonly number[]) =>
  times.reduce<number | undefined>((least, time) => Math.min(least ?? time, time), undefined);

export function createDelivery({
  outbox,
  channelOf,
  kinds,
  browsers,
  createOutgoing,
  compose,
  onAttempt,
  clock,
  random,
  log,
}: DeliveryParts): DeliveryLanes {
  const lanes = new Map<string, Lane>();
  /** What is on its way to far sides. */
  const sending = new Set<Promise<void>>();
  /** From then on nothing is sent, and a while later nothing is noted any more. */
  let stopped = false;
  let isOver = false;

  /** The channel's lane. A new one knows from the log how the newest deliveries went. */
  function laneOf(channelId: string): Lane {
    const existing = lanes.get(channelId);
    if (existing !== undefined) return existing;
    const lane: Lane = {
      isRunning: false,
      isWoken: false,
      cancelTimer: undefined,
      failures: 0,
      failingSince: null,
      problem: null,
      templateProblem: null,
      lastSentAt: null,
      pausedFrom: 0,
      pausedUntil: 0,
    };
    const ofChannel = outbox.all().filter(({ channel_id }) => channel_id === channelId);
    const newest = ofChannel.find(({ tries }) => tries > 0);
    const attempt = newest?.attempts.at(-1);
    lane.lastSentAt = ofChannel.find(({ state }) => state === 'sent')?.done_at ?? null;
    if (newest !== undefined && attempt?.worked === false) {
      lane.failures = newest.tries;
      lane.failingSince = newest.attempts[0]?.at ?? attempt.at;
      lane.problem = attempt.answer;
      lane.pausedFrom = attempt.at;
      lane.pausedUntil = newest.next_try_at ?? 0;
    }
    lanes.set(channelId, lane);
    return lane;
  }

  /** What the work resolves with; rejects where that takes too long, so that the channel goes on. */
  async function bounded<T>(work: Promise<T>): Promise<T> {
    let cancel: () => void = () => undefined;
    const late = new Promise<never>((_, reject) => {
      cancel = clock.after(LONGEST_TRY_MS, () => {
        reject(new DeliveryError(`The message was not taken within ${LONGEST_TRY_MS / 1000} s.`));
      });
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      cancel();
    }
  }

  /** Sends one message. Never rejects: what went wrong is in the attempt. */
  async function attempt(
    channel: ChannelRecord,
    notification: Notification,
    lane: Pick<Lane, 'templateProblem'>,
  ): Promise<{ readonly attempt: Attempt; readonly error: DeliveryError | undefined }> {
    const at = clock.now();
    const kind = kinds.get(channel.kind);
    const secrets = kind === undefined ? [] : secretsOf(kind, channel.settings);
    const tell = (answer: Answer, worked: boolean): Attempt => ({
      at,
      ms: clock.now() - at,
      request: cut(redact(answer.request, secrets)),
      answer: cut(redact(answer.text, secrets)),
      worked,
    });
    try {
      if (kind === undefined)
        throw new DeliveryError(`This server has no channels of the kind "${channel.kind}".`);
      const { message, templateProblem } = await compose(notification, channel);
      lane.templateProblem = templateProblem;
      const outgoing = createOutgoing(channel.private_network);
      const { settings } = channel;
      const answer = await bounded(kind.send({ settings, message, outgoing, at, browsers }));
      return { attempt: tell(answer, true), error: undefined };
    } catch (caught) {
      const error =
        caught instanceof DeliveryError ? caught : new DeliveryError(errorText(caught), { cause: caught });
      return { attempt: tell({ request: error.request, text: error.message }, false), error };
    }
  }

  function noteFailure(lane: Lane, { answer }: Attempt, error: DeliveryError): number {
    const now = clock.now();
    lane.failures++;
    lane.failingSince = Math.min(lane.failingSince ?? now, now);
    lane.problem = answer;
    const asked = Math.min(error.retryAfterMs ?? 0, LONGEST_ASKED_MS);
    const next = now + Math.max(asked, retryAfterMs(lane.failures, random()));
    // A refused message says nothing about the next one.
    if (!error.refused) {
      lane.pausedFrom = now;
      lane.pausedUntil = next;
    }
    return next;
  }

  function noteSuccess(lane: Lane): void {
    lane.failures = 0;
    lane.failingSince = null;
    lane.problem = null;
    lane.lastSentAt = clock.now();
    lane.pausedUntil = 0;
  }

  /** Sends one notification of a channel that can send, and notes how that went. */
  async function send(lane: Lane, channel: ChannelRecord, notification: Notification): Promise<void> {
    const { attempt: tried, error } = await attempt(channel, notification, lane);
    if (isOver) return;
    if (error === undefined) {
      noteSuccess(lane);
      return onAttempt(outbox.attempted(notification, tried, 'sent'));
    }
    const next = noteFailure(lane, tried, error);
    const isRefused = error.refused && notification.tries + 1 >= REFUSALS;
    const isOld = clock.now() - notification.created_at >= GIVE_UP_MS;
    const isLate = isOld && notification.tries + 1 >= LEAST_TRIES;
    log.warn({ channel: channel.name, notification: notification.id }, `not delivered: ${tried.answer}`);
    onAttempt(outbox.attempted(notification, tried, isRefused || isLate ? 'failed' : next));
  }

  /** Ends the notifications of a channel that is off or gone. */
  function giveUp(channelId: string, answer: string): undefined {
    for (const notification of outbox.waiting(channelId)) {
      const tried = { at: clock.now(), ms: 0, request: '', answer, worked: false };
      onAttempt(outbox.attempted(notification, tried, 'failed'));
    }
  }

  /**
   * Sends what is due, oldest first.
   * @returns when the next one is due, epoch milliseconds; undefined where none waits
   */
  async function sendDue(channelId: string, lane: Lane): Promise<number | undefined> {
    while (!stopped) {
      const channel = channelOf(channelId);
      if (channel === undefined) return giveUp(channelId, 'The channel was removed.');
      if (!channel.enabled) return giveUp(channelId, 'The channel is switched off.');
      const waiting = outbox.waiting(channelId);
      const due = waiting.find((notification) => dueAt(lane, notification) <= clock.now());
      if (due === undefined) return earliest(waiting.map((notification) => dueAt(lane, notification)));
      await send(lane, channel, due);
    }
    return undefined;
  }

  /** When a notification is tried next; at once where the clock was set back since the wait began. */
  function dueAt({ pausedFrom, pausedUntil }: Lane, { attempts, next_try_at }: Notification): number {
    const now = clock.now();
    const triedAt = attempts.at(-1)?.at ?? 0;
    return Math.max(pausedFrom <= now ? pausedUntil : 0, triedAt <= now ? (next_try_at ?? 0) : 0);
  }

  async function run(channelId: string, lane: Lane): Promise<void> {
    lane.isRunning = true;
    let next: number | undefined;
    while (lane.isWoken && !stopped) {
      lane.isWoken = false;
      try {
        next = await sendDue(channelId, lane);
      } catch (error) {
        log.error({ err: error, channel: channelId }, 'a channel could not send, and is tried again');
        next = clock.now() + LONGEST_RETRY_MS;
      }
    }
    lane.isRunning = false;
    if (next !== undefined && !stopped)
      lane.cancelTimer = clock.after(next - clock.now(), () => wake(channelId));
  }

  function wake(channelId: string): void {
    const lane = laneOf(channelId);
    lane.cancelTimer?.();
    lane.cancelTimer = undefined;
    lane.isWoken = true;
    if (lane.isRunning || stopped) return;
    const done = run(channelId, lane).finally(() => sending.delete(done));
    sending.add(done);
  }

  return {
    wake(channelIds) {
      for (const id of channelIds) wake(id);
    },
    retryNow(channelId) {
      laneOf(channelId).pausedUntil = 0;
      outbox.hurry(channelId);
      wake(channelId);
    },
    async test(channel, notification) {
      const lane = laneOf(channel.id);
      const { attempt: tried, error } = await attempt(channel, notification, lane);
      if (error === undefined) {
        noteSuccess(lane);
        // What waited for the far side to work again goes out.
        outbox.hurry(channel.id);
        wake(channel.id);
      }
      return tried;
    },
    health(channelId) {
      const { failingSince, problem, lastSentAt, templateProblem } = laneOf(channelId);
      const isUsed = lastSentAt !== null || problem !== null;
      return {
        state: problem !== null ? 'failing' : isUsed ? 'ok' : 'unused',
        failing_since: failingSince,
        problem,
        last_sent_at: lastSentAt,
        waiting: outbox.waiting(channelId).length,
        template_problem: templateProblem,
      };
    },
    async stop() {
      stopped = true;
      for (const { cancelTimer } of lanes.values()) cancelTimer?.();
      await new Promise<void>((resolve) => {
        const cancel = clock.after(STOP_MS, resolve);
        void Promise.all(sending).then(() => {
          cancel();
          resolve();
        });
      });
      isOver = true;
    },
  };
}
