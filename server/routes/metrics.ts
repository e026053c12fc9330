/** `POST /metrics`: what agents send. */
import { z } from 'zod';
import { pushReply, type PushReply } from '#protocol/sample.ts';
import { routeWithBytes, type Route } from '../http/route.ts';

const described = z.object({
  device_id: z.string(),
  hostname: z.string(),
  ip: z.string(),
  metrics: z
    .record(z.string(), z.unknown())
    .describe('Numbers by field; objects by kind and instance. One sample.')
    .optional(),
  timestamp: z.union([z.number(), z.string()]).optional(),
  samples: z
    .array(
      z.object({ timestamp: z.union([z.number(), z.string()]), metrics: z.record(z.string(), z.unknown()) }),
    )
    .describe('Or a batch.')
    .optional(),
  sent_at: z.union([z.number(), z.string()]).optional(),
});

export function metricsRoutes(push: (authorization: string, body: Buffer) => Promise<PushReply>): Route[] {
  return [
    routeWithBytes({
      method: 'POST',
      path: '/metrics',
      access: 'device',
      needsAddress: false,
      summary: 'Push one sample or a batch; answered once they are on disk.',
      body: described,
      reply: pushReply,
      handle: ({ request, raw }) => push(request.header('authorization'), raw),
    }),
  ];
}
