/** Conditions of rules as text. */
import type { Comparison, Condition } from './conditions.ts';
import { figure, text } from './figure.ts';
import { metricName } from './metric-name.ts';
import { span } from './span.ts';

const seconds = (s: number) => span(s * 1000);
const hours = (h: number) => span(h * 3_600_000);
const value = (metric: string, number: number) => text(figure(metric, number));
/** A number without a unit of its own, as people write it: `3`, `0.5`. */
const plain = (number: number) => String(Number(number.toPrecision(3)));

/** How a number of this condition is written, with its unit. */
export function thresholdWords(condition: Condition | Comparison, number: number): string {
  switch (condition.kind) {
    case 'change':
      return `${value(condition.metric, number)}${condition.per === 'second' ? ' a second' : ''}`;
    case 'forecast':
      return hours(number);
    case 'deviation':
      return `${plain(number)} times`;
    case 'clock':
      return seconds(number);
    case 'joint':
      return thresholdWords(condition.first, number);
    case 'threshold':
    case 'equal':
    case 'no_data':
      return value(condition.metric, number);
    case 'offline':
    case 'rebooted':
      return plain(number);
  }
}

const SIDES = { above: 'above', below: 'below', both: 'away from' } as const;

function changeWords({ metric, above, threshold, over_s, per }: Extract<Comparison, { kind: 'change' }>) {
  const falls = threshold < 0 || (threshold === 0 && !above);
  const size = value(metric, Math.abs(threshold));
  const much = above === falls ? 'by less than' : 'by';
  const what = `${metricName(metric)} ${falls ? 'falls' : 'rises'} ${much} ${size}`;
  return per === 'second' ? `${what} a second, over ${seconds(over_s)}` : `${what} within ${seconds(over_s)}`;
}

/** What is compared, without for how long: `CPU above 90 %`. */
function comparisonWords(part: Comparison): string {
  const name = metricName(part.metric);
  switch (part.kind) {
    case 'threshold':
      return `${name} ${part.above ? 'above' : 'below'} ${value(part.metric, part.threshold)}`;
    case 'equal': {
      const give = part.tolerance === 0 ? '' : ` (± ${value(part.metric, part.tolerance)})`;
      return `${name} ${part.not ? 'is not' : 'is'} ${value(part.metric, part.value)}${give}`;
    }
    case 'change':
      return changeWords(part);
    case 'deviation':
      return (
        `${name} ${SIDES[part.side]} the usual of this hour by ${plain(part.threshold)} times the usual deviation ` +
        `(last ${part.weeks} weeks)`
      );
  }
}

const forWords = (s: number) => (s === 0 ? 'at once' : `for ${seconds(s)}`);

type Held = Extract<Condition, { of_last?: unknown }>;

function heldWords({ for_s, of_last }: Held): string {
  if (of_last === undefined) return ` ${forWords(for_s)}`;
  const { count, last, unit } = of_last;
  return unit === 'samples'
    ? ` in ${count} of the last ${last} samples`
    : ` for ${count} of the last ${last} s`;
}

function criticalWords(condition: Condition): string {
  if (!('critical' in condition) || condition.critical === undefined) return '';
  const { threshold, for_s } = condition.critical;
  const own = for_s === undefined || for_s === condition.for_s ? '' : ` ${forWords(for_s)}`;
  return `, critical at ${thresholdWords(condition, threshold)}${own}`;
}

function firesWords(condition: Condition): string {
  switch (condition.kind) {
    case 'offline':
      return `No push for 3 of its intervals${condition.for_s === 0 ? '' : `, then for ${seconds(condition.for_s)}`}`;
    case 'rebooted':
      return `Started again; stays for ${seconds(condition.hold_s)}`;
    case 'no_data':
      return `${metricName(condition.metric)} is no longer sent, ${forWords(condition.for_s)}`;
    case 'clock':
      return `Clock off by ${seconds(condition.threshold)}${heldWords(condition)}`;
    case 'forecast': {
      const level = value(condition.metric, condition.reaches);
      const what = `${metricName(condition.metric)} reaches ${level} within ${hours(condition.threshold)}`;
      const isAtOnce = condition.for_s === 0 && condition.of_last === undefined;
      return `${what}, by its last ${hours(condition.fit_h)}${isAtOnce ? '' : `,${heldWords(condition)}`}`;
    }
    case 'joint':
      return `${comparisonWords(condition.first)} ${condition.join} ${comparisonWords(condition.second)}${heldWords(condition)}`;
    case 'threshold':
    case 'equal':
    case 'change':
    case 'deviation':
      return `${comparisonWords(condition)}${heldWords(condition)}`;
  }
}

function clearsWords(condition: Condition): string {
  if (!('clear_for_s' in condition)) return '';
  const after = forWords(condition.clear_for_s);
  if (condition.kind === 'threshold')
    return `; clears ${condition.above ? 'below' : 'above'} ${value(condition.metric, condition.clear)} ${after}`;
  return 'clear' in condition
    ? `; clears at ${thresholdWords(condition, condition.clear)} ${after}`
    : `; clears ${after === 'at once' ? after : `after ${seconds(condition.clear_for_s)}`}`;
}

/** A rule's condition: `CPU above 90 % for 5 min, critical at 97 %; clears below 80 % for 1 min`. */
export function conditionWords(condition: Condition): string {
  return `${firesWords(condition)}${criticalWords(condition)}${clearsWords(condition)}`;
}
