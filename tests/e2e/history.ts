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
