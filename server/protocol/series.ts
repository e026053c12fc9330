/** `GET /series`: fields of several machines over time, for boards and comparisons. Times are epoch milliseconds. */
import { z } from 'zod';
import { point } from './api.ts';

export const seriesLine = z.object({
  device_id: z.string(),
  field: z.string(),
  /** Over the range, by which the lines are chosen and sorted. */
  mean: z.number(),
  points: z.array(point),
});
export type SeriesLine = z.infer<typeof seriesLine>;

export const manySeriesReply = z.object({
  from: z.number(),
  to: z.number(),
  step_ms: z.number(),
  /** How many lines have values, of which `series` has the `top` ones. */
  lines: z.number().int(),
  series: z.array(seriesLine),
  /** [t, low, median, high] over all lines, where percentiles were asked for. */
  band: z.array(point).optional(),
});
export type ManySeriesReply = z.infer<typeof manySeriesReply>;
