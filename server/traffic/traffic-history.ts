/** The traffic of an interface by day and by billing period, as it is read from the history for a page. */
import { DAY, MINUTE } from '#protocol/span.ts';
import { rateFields, type BillingDay, type TrafficReply, type TrafficSpan } from '#protocol/traffic.ts';
import { QUARTER, type History } from '../history/history.ts';
import { dayAt, daysBetween, periodAt } from './billing.ts';
import { sumBySpan, type DayTotal } from './day-totals.ts';
import { measuredIn, type Measured } from './measured.ts';
import { readQuarters } from './quarters.ts';

/** The present period and so many before it. */
const PERIODS_BEFORE = 12;
/** At least so many days. */
const DAYS = 31;
/** The history is asked for so much at a time: other questions wait for an answer meanwhile. */
const PART_MS = 32 * DAY;

export interface TrafficAsked extends BillingDay {
  readonly deviceId: string;
  readonly interface: string;
}

const asSpan = ({ from, to, in: received, out, knownMs }: DayTotal): TrafficSpan => ({
  from,
  to,
  in_bytes: Math.round(received),
  out_bytes: Math.round(out),
  known_s: Math.round(knownMs / 1000),
});

export async function readTraffic(
  history: Pick<History, 'query'>,
  { deviceId, interface: name, ...billing }: TrafficAsked,
  now: number,
): Promise<Omit<TrafficReply, 'device_id'>> {
  const periods = Array.from({ length: PERIODS_BEFORE + 1 }, (_, back) => periodAt(now, billing, back));
  const oldest = periods.at(-1)?.from ?? now;
  const { rx, tx } = rateFields(name);
  const measured: Measured[] = [];
  for (let from = oldest; from < now; from += PART_MS) {
    const to = Math.min(now, from + PART_MS);
    const fields = [rx, tx];
    const series = await readQuarters(history, { deviceId, from, to, fields });
    const taken = { step: QUARTER, newest: now, apartMs: undefined };
    measured.push(...measuredIn(series.get(rx), series.get(tx), taken));
  }
  const present = periods[0]?.from ?? now;
  const firstDay = Math.min(present, dayAt(now, billing.time_zone, DAYS - 1).from);
  const days = daysBetween(firstDay, now, billing.time_zone);
  const sums = sumBySpan(periods.toReversed(), measured).toReversed();
  return {
    interface: name,
    ...billing,
    days: sumBySpan(days, measured).map(asSpan),
    periods: sums.filter(({ knownMs }) => knownMs >= MINUTE).map(asSpan),
  };
}
