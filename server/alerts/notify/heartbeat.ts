/**
 * A dead man's switch: calls an address of the administrator's choice while the server is well. A service there raises
 * an alarm when the calls end, because a dead server cannot.
 */
import { errorText } from '#protocol/errors.ts';
import type { NotifySettings } from '#protocol/notify.ts';
import type { Clock } from '../../types.ts';
import type { Outgoing } from './channel.ts';

export interface HeartbeatCall {
  /** When it was made, epoch milliseconds. */
  readonly at: number;
  readonly worked: boolean;
  /** What the far side answered, or why there was no answer. */
  readonly answer: string;
}

export interface HeartbeatParts {
  readonly settings: () => NotifySettings['heartbeat'];
  /** What the call says of the server; undefined where it is not well, so that no call is made. */
  readonly report: () => object | undefined;
  readonly outgoing: (privateNetwork: boolean) => Outgoing;
  readonly clock: Clock;
}

export interface Heartbeat {
  /** To be called when its settings have changed: calls at once, and then at the new pace. */
  restart(): void;
  /** How the newest call went; null before the first. */
  last(): HeartbeatCall | null;
  stop(): void;
}

const ANSWER_CHARS = 500;

export function startHeartbeat({ settings, report, outgoing, clock }: HeartbeatParts): Heartbeat {
  let last: HeartbeatCall | null = null;
  let stopCalls: () => void = () => undefined;
  let stopped = false;

  async function call(): Promise<void> {
    const heartbeat = settings();
    const body = report();
    if (heartbeat === null || body === undefined) return;
    const at = clock.now();
    try {
      const { text } = await outgoing(heartbeat.private_network).request({
        url: heartbeat.url,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      last = { at, worked: true, answer: text.slice(0, ANSWER_CHARS) };
    } catch (error) {
      last = { at, worked: false, answer: errorText(error).slice(0, ANSWER_CHARS) };
    }
  }

  function restart(): void {
    stopCalls();
    const heartbeat = settings();
    if (heartbeat === null || stopped) return;
    void call();
    stopCalls = clock.every(() => void call(), heartbeat.every_s * 1000);
  }

  restart();
  return {
    restart,
    last: () => last,
    stop() {
      stopped = true;
      stopCalls();
    },
  };
}
