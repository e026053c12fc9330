/** Watches whether InfluxDB answers, so that its health is known when somebody asks. */
import type { InfluxDB } from '@influxdata/influxdb-client';
import { PingAPI } from '@influxdata/influxdb-client-apis';
import { explained } from './errors.ts';

export interface WatchOptions {
  /** Its requests take a few seconds at most. */
  readonly client: InfluxDB;
  readonly url: string;
  /** Milliseconds between an answer and the next question. */
  readonly everyMs: number;
}

export interface Watch {
  /** Why InfluxDB did not answer the last question; undefined where it did. The first answer is waited for. */
  problem(): Promise<string | undefined>;
  stop(): void;
}

export function startWatch({ client, url, everyMs }: WatchOptions): Watch {
  const ping = new PingAPI(client);
  let timer: NodeJS.Timeout | undefined;
  let problem: string | undefined;
  let stopped = false;

  async function ask(): Promise<void> {
    try {
      await ping.getPing();
      problem = undefined;
    } catch (error) {
      problem = explained(url, 'does not answer', error).message;
    }
    if (!stopped) timer = setTimeout(() => void ask(), everyMs).unref();
  }

  const firstAnswer = ask();
  return {
    problem: () => firstAnswer.then(() => problem),
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
