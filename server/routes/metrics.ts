/** `POST /metrics`: receives pushes. */
import { z } from 'zod';
import { processReport } from '#protocol/processes.ts';
import { inventory, pushEnvelope, pushReply } from '#protocol/sample.ts';
import { routeWithBytes, type Route } from '../http/route.ts';
import type { Ingest } from '../ingest/ingest.ts';

/** The push for the API's description; server/protocol/sample.ts is what checks it. */
const pushShape = pushEnvelope.extend({
  metrics: z
    .record(z.string(), z.unknown())
    .describe('One sample: numbers by field name, or objects by kind and instance.')
    .optional(),
  timestamp: z.union([z.number(), z.string()]).optional(),
  samples: z
    .array(
      z.object({ timestamp: z.union([z.number(), z.string()]), metrics: z.record(z.string(), z.unknown()) }),
    )
    .describe('A batch of samples, instead of metrics and timestamp.')
    .optional(),
  fields: z.array(z.string()).describe('A batch in columns: the field names of its rows.').optional(),
  rows: z
    .array(z.array(z.union([z.number(), z.string(), z.null()])))
    .describe('With fields: rows of a timestamp and one value per field; null for "not known this time".')
    .optional(),
  inventory: inventory.optional(),
  processes: z
    .array(processReport)
    .describe('Which processes used most, over the seconds before "at"; it is kept with new samples only.')
    .optional(),
  dropped: z.number().describe('Samples that the agent lost since its last push.').optional(),
});

export function metricsRoutes({ admit, push }: Pick<Ingest, 'admit' | 'push'>): Route[] {
  return [
    routeWithBytes({
      method: 'POST',
      path: '/metrics',
      access: 'device',
      needsAddress: false,
      summary:
        'Push one sample, a batch, or a batch in columns; the reply is sent once the samples are on disk.',
      body: pushShape,
      reply: pushReply,
      errors: ['invalid_token', 'other_device', 'clock_ahead', 'too_fast', 'not_stored'],
      admit: (request) => admit(request.header('authorization')),
      handle: ({ deviceId, raw }) => push(deviceId, raw),
    }),
  ];
}
