/** How far the rolling up has come, as a point among the quarters: it outlives this process and its disk. */
import { flux, Point, type QueryApi } from '@influxdata/influxdb-client';
import { ALL_TIME, source } from './flux.ts';

/** Everything in [from, to) is rolled up, but for what came late. Both are quarters of an hour. */
export interface Mark {
  readonly from: number;
  readonly to: number;
}

const MEASUREMENT = 'rolled';

export async function readMark(api: QueryApi, bucket: string): Promise<Mark | undefined> {
  const asked = flux`${source({ bucket, measurement: MEASUREMENT, ...ALL_TIME })} |> last()`;
  const found = new Map<string, number>();
  for await (const { values, tableMeta } of api.iterateRows(asked))
    found.set(String(tableMeta.get(values, '_field')), Number(tableMeta.get(values, '_value')));
  const [from, to] = [found.get('from'), found.get('to')];
  return from === undefined || to === undefined ? undefined : { from, to };
}

export function markPoint({ from, to }: Mark, now: number): Point {
  return new Point(MEASUREMENT).intField('from', from).intField('to', to).timestamp(now);
}
