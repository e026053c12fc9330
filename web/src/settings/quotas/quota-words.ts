/** Traffic quotas in words. */
import { bytesIn, digits, text } from '#protocol/figure.ts';
import { HOUR, MINUTE, span } from '#protocol/span.ts';
import { TOTAL, type MachineQuota, type Quota, type QuotaCounts, type Standing } from '#protocol/traffic.ts';
import { dayMonth } from '../../format/time.ts';
import { allowanceIn, baseOf } from './quota-draft.ts';

export const COUNTS_WORDS: Readonly<Record<QuotaCounts, string>> = {
  out: 'Sent',
  in: 'Received',
  sum: 'Sent and received',
  larger: 'The larger of both',
};

export const interfaceWords = (name: string): string => (name === TOTAL ? 'All interfaces' : name);

/** `20 TB` */
export function allowanceWords({ allowance_bytes }: Pick<Quota, 'allowance_bytes'>): string {
  const { amount, unit } = allowanceIn(allowance_bytes);
  return `${digits(amount).replace(/[.,]0+$/, '')} ${unit}`;
}

/** `3.21 TB`: in the units of the allowance. */
export const sizeWords = (bytes: number, { allowance_bytes }: Pick<Quota, 'allowance_bytes'>): string =>
  text(bytesIn(bytes, baseOf(allowance_bytes)));

/** `3.21 TB of 20 TB` */
export const usedWords = ({ used_bytes }: Pick<Standing, 'used_bytes'>, quota: Quota): string =>
  `${sizeWords(used_bytes, quota)} of ${allowanceWords(quota)}`;

/** The last day of the period, in the quota's own zone. */
export const untilWords = ({ to }: Pick<Standing, 'to'>, { time_zone }: Quota): string =>
  `until ${dayMonth(to - 1, time_zone)}`;

/** `9.10 TB (8.02 TB – 9.10 TB)`; empty while nothing is foretold. */
export function expectedWords({ forecast }: Standing, quota: Quota): string {
  if (forecast === null) return '';
  const about = sizeWords(forecast.bytes, quota);
  const [low, high] = [sizeWords(forecast.low, quota), sizeWords(forecast.high, quota)];
  return low === high ? about : `${about} (${low} – ${high})`;
}

/** `forecast 9.10 TB (8.02 TB – 9.10 TB)` */
export function forecastWords(standing: Standing, quota: Quota): string {
  const expected = expectedWords(standing, quota);
  return expected === '' ? 'no forecast yet' : `forecast ${expected}`;
}

/** Below this, what is not known is not worth a word, milliseconds. */
const LEAST_MS = 5 * MINUTE;

/** `2 h 10 min`, `3 d 4 h` */
function long(ms: number): string {
  const size =
    ms < HOUR
      ? span(ms)
      : ms < 48 * HOUR
        ? `${span(ms)} ${span(ms % HOUR)}`
        : `${span(ms)} ${span(ms % (24 * HOUR))}`;
  return size.replace(/ 0 \S+$/, '');
}

/** Why less may stand there than was moved; empty where nothing is to be said. */
export function unknownWords({ standing, is_silent }: MachineQuota): string {
  if (is_silent)
    return 'Nothing is stored of this interface in this period: the machine may call it otherwise by now.';
  const ms = (standing?.unknown_s ?? 0) * 1000;
  return ms < LEAST_MS ? '' : `${long(ms)} of this period are not known, and not counted.`;
}

/** How the forecast is worked out. */
export const FORECAST_HINT =
  'The rest of the period at the mean rate of the last seven days; the range ends at the mean rate of this period.';
