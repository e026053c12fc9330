/** What the push benchmarks and their client process say to each other. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { z } from 'zod';

const roundDevice = z.object({ id: z.string(), token: z.string() });
export type RoundDevice = z.infer<typeof roundDevice>;

/** A round of pushes over TLS with the real agent's payload: `samples` samples each, `everyMs` apart. */
export const roundAsked = z.object({
  port: z.number(),
  caFile: z.string(),
  /** A JSON file with the samples of `writeSamples`. */
  samplesFile: z.string(),
  /** The same in every round of a port: they keep their connections. */
  devices: z.array(roundDevice),
  seconds: z.number(),
  /** Seconds between two pushes of one device. */
  intervalS: z.number(),
  samples: z.number(),
  everyMs: z.number(),
});
export type RoundAsked = z.infer<typeof roundAsked>;

export const roundDone = z.object({
  /** Answered 2xx. */
  pushes: z.number(),
  refused: z.number(),
  /** Not sent, since the device's last push had no answer yet. */
  late: z.number(),
  p99Ms: z.number(),
  worstMs: z.number(),
  /** Of one body on the wire, compressed. */
  bodyBytes: z.number(),
});
export type RoundDone = z.infer<typeof roundDone>;

export interface PushClient {
  /** Resolves when the round is over. Rejects when the process ends. */
  run(round: RoundAsked): Promise<RoundDone>;
  stop(): void;
}

/** Starts the process that pushes, so that its processor time is not the server's. */
export function startPushClient(): PushClient {
  const client: ChildProcess = fork(join(import.meta.dirname, 'push-client.ts'), { stdio: 'inherit' });
  return {
    async run(round) {
      const over = new AbortController();
      const answer = once(client, 'message');
      const ended = once(client, 'exit', { signal: over.signal }).then(() => {
        throw new Error('the client process of the push benchmark ended');
      });
      client.send(round);
      const [message] = z
        .tuple([z.unknown()])
        .rest(z.unknown())
        .parse(await Promise.race([answer, ended]));
      over.abort();
      await ended.catch(() => undefined);
      return roundDone.parse(message);
    },
    stop: () => void client.kill('SIGKILL'),
  };
}
