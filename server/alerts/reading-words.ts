/** What a condition read when it raised its alert, in words; the alert keeps them. */
import type { Comparison, Condition } from '#protocol/conditions.ts';
import { fieldInfo, instanceField, parseInstanceField } from '#protocol/fields.ts';
import { figure, text } from '#protocol/figure.ts';
import { meaningOf, type Meaning } from '#protocol/meaning.ts';
import { metricName } from '#protocol/metric-name.ts';
import { fieldValue, type Sample } from '#protocol/sample.ts';
import { span } from '#protocol/span.ts';
import type { DeviceMemory } from './device-memory.ts';
import type { Forecast } from './trend.ts';
import { secondMetric, trendOf } from './watch.ts';

const HOUR_MS = 3_600_000;
const hours = (h: number) => (h < 1 ? span(h * HOUR_MS) : `${Math.round(h)} h`);
/** Writes a value of a field. */
type Say = (metric: string, value: number) => string;

/** What the device has declared of a field. */
type Declared = (field: string) => Meaning | undefined;

const plainly: Say = (metric, value) => text(figure(metric, value));

/** `full in about 18 h (12–30 h)`; `reaches 5.00 GiB in about 40 min (30 min or more)`. */
export function forecastWords(
  { hours: about, soonest, latest }: Pick<Forecast, 'hours' | 'soonest' | 'latest'>,
  {
    metric,
    reaches,
    rising,
  }: Pick<Extract<Condition, { kind: 'forecast' }>, 'metric' | 'reaches' | 'rising'>,
  say = plainly,
): string {
  const isFull = rising && reaches === 100 && fieldInfo(metric)?.unit === 'percent';
  const what = isFull ? 'full' : `reaches ${say(metric, reaches)}`;
  if (about === 0) return isFull ? 'full now' : `has reached ${say(metric, reaches)}`;
  const isSure = hours(soonest) === hours(latest);
  const least = soonest < 1 || latest < 1 ? hours(soonest) : String(Math.round(soonest));
  const within = Number.isFinite(latest) ? `${least}–${hours(latest)}` : `${hours(soonest)} or more`;
  return `${what} in about ${hours(about)}${isSure ? '' : ` (${within})`}`;
}

function changeWords(
  { metric, over_s, per }: Extract<Comparison, { kind: 'change' }>,
  reading: number,
  say: Say,
): string {
  const size = say(metric, Math.abs(reading));
  const verb = reading < 0 ? 'fell' : 'rose';
  return per === 'second'
    ? `${verb} by ${size} a second`
    : `${verb} by ${size} within ${span(over_s * 1000)}`;
}

function deviationWords(
  condition: Extract<Comparison, { kind: 'deviation' }>,
  metric: string,
  sample: Sample,
  memory: DeviceMemory,
  say: Say,
): string {
  const now = say(metric, fieldValue(sample, metric) ?? NaN);
  const usual = memory.trend(trendOf(condition) ?? '', metric);
  if (usual?.kind !== 'baseline') return `${now}, which is unusual at this hour`;
  return `${now}, usually ${say(metric, usual.median)} ± ${say(metric, usual.spread)} at this hour`;
}

function partWords(
  part: Comparison,
  metric: string,
  reading: number,
  sample: Sample,
  memory: DeviceMemory,
  say: Say,
): string {
  const name = { ...part, metric };
  switch (name.kind) {
    case 'threshold':
      return `${say(metric, reading)}, ${name.above ? 'above' : 'below'} ${say(metric, name.threshold)}`;
    case 'equal':
      return name.not
        ? `${say(metric, reading)} instead of ${say(metric, name.value)}`
        : `is ${say(metric, reading)}`;
    case 'change':
      return changeWords(name, reading, say);
    case 'deviation':
      return deviationWords(name, metric, sample, memory, say);
  }
}

/** `83 % used`: what the level of a traffic quota stands for. */
function quotaWords(metric: string, sample: Sample): string | undefined {
  const parts = parseInstanceField(metric);
  if (parts?.kind !== 'quota' || parts.field !== 'level') return undefined;
  const used = instanceField('quota', parts.instance, 'used');
  const percent = fieldValue(sample, used);
  return percent === undefined ? undefined : `${plainly(used, percent)} used`;
}

/** Undefined where the alert's value and threshold say it. `reading`: what the (first) comparison read. */
export function readingWords(
  condition: Condition,
  metric: string,
  reading: number,
  sample: Sample,
  memory: DeviceMemory,
  declared: Declared = () => undefined,
): string | undefined {
  const meaning = (field: string) => meaningOf(field, declared(field));
  const say: Say = (field, value) => text(figure(field, value, meaning(field)));
  switch (condition.kind) {
    case 'threshold':
      return quotaWords(metric, sample);
    case 'offline':
      return undefined;
    case 'no_data':
      return `no value for ${span(condition.for_s * 1000)}`;
    case 'rebooted':
      return `started again, after ${span(reading * 1000)}`;
    case 'clock':
      return `clock off by ${span(reading * 1000)}`;
    case 'forecast': {
      const forecast = memory.trend(trendOf(condition) ?? '', metric);
      return forecast?.kind === 'forecast'
        ? forecastWords(forecast, { ...condition, metric }, say)
        : undefined;
    }
    case 'joint': {
      const { join, first, second } = condition;
      const otherMetric = secondMetric(second.metric, metric);
      const other = fieldValue(sample, otherMetric);
      const words = Number.isNaN(reading) ? [] : [partWords(first, metric, reading, sample, memory, say)];
      // Of a comparison of the value itself, the value is at hand.
      if (other !== undefined && (second.kind === 'threshold' || second.kind === 'equal'))
        words.push(`${metricName(otherMetric, meaning(otherMetric))} ${say(otherMetric, other)}`);
      return words.length === 0 ? undefined : words.join(` ${join} `);
    }
    case 'equal':
    case 'change':
    case 'deviation':
      return partWords(condition, metric, reading, sample, memory, say);
  }
}
