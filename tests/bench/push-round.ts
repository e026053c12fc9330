/** What the push benchmark and its client process say to each other. */
import { z } from 'zod';

const roundDevice = z.object({ id: z.string(), token: z.string() });
export type RoundDevice = z.infer<typeof roundDevice>;

export const roundAsked = z.object({
  port: z.number(),
  caFile: z.string(),
  /** Connected once a port, then kept. */
  devices: z.array(roundDevice),
  seconds: z.number(),
});
export type RoundAsked = z.infer<typeof roundAsked>;

export const roundDone = z.object({
  /** Answered 2xx. */
  pushes: z.number(),
  refused: z.number(),
  /** Not sent, since the device's last push had no answer yet. */
  late: z.number(),
  p99Ms: z.number(),
});
export type RoundDone = z.infer<typeof roundDone>;
