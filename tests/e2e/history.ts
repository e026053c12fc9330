/** Reads stored samples through the HTTP API, for tests that count them. */
import { seriesReply, type Point } from '#protocol/api.ts';
import type { Client } from './client.ts';

/**
 * The points of one field at steps of one second in [from, to), epoch milliseconds, ascending; only those
 * with data.
 * @throws where the server answers in wider steps
 */
export async function storedSeconds(
  admin: Client,
  id: string,
  field: string,
  from: number,
  to: number,
): Promise<readonly Point[]> {
  const query = new URLSearchParams({
    from: String(from),
    to: String(to),
    step: '1000',
    fields: field,
  });
  const answer = await admin.ask('GET', `/devices/${id}/metrics?${query}`);
  const { series, step_ms } = answer.as(seriesReply);
  if (step_ms !== 1000) throw new Error(`asked for seconds, was answered steps of ${step_ms} ms`);
  return (series[field] ?? []).filter(([, min]) => min !== null);
}

/**
 * The samples (value of `cpu` by time, epoch milliseconds, each in a second of its own, from `from` on) that the
 * history does not have as they are.
 */
export async function notStored(
  admin: Client,
  id: string,
  from: number,
  samples: ReadonlyMap<number, number>,
): Promise<readonly (readonly [number, number])[]> {
  const to = Math.max(...samples.keys()) + 1000;
  const points = await storedSeconds(admin, id, 'cpu', from, to);
  const stored = new Map(points.map(([t, ...values]) => [t, values]));
  return [...samples].filter(([t, cpu]) => stored.get(t)?.some((value) => value !== cpu) ?? true);
}
