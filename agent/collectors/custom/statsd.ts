/** Takes lines of StatsD from programs of this machine, and tells with each sample what they came to. */
import { instanceField } from '#protocol/fields.ts';
import { WHOLE } from '#protocol/meaning.ts';
import type { Declarations } from '#protocol/declarations.ts';
import { cleanText } from '#protocol/text.ts';
import type { Collector, Fields } from '../collector.ts';
import { onChange } from '../on-change.ts';
import { createLineInput, type Address, type LineInput } from './line-input.ts';
import { isNoMetric, parseLine } from './statsd-lines.ts';
import { createTotals, MOST_NAMES } from './statsd-totals.ts';

export const STATSD = 'statsd';
/** Of a wrong line, so much is shown. */
const SHOWN_CHARS = 60;

const BAD = instanceField(STATSD, WHOLE, 'lines_not_understood');
const OWN: Declarations = {
  [`${STATSD}:*:lines_not_understood`]: { unit: 'per_second', label: 'Lines that are not understood' },
};

export interface Statsd extends Collector {
  /** The ports that it listens at. */
  ports: LineInput['ports'];
}

export function createStatsd(addresses: readonly Address[]): Statsd {
  const totals = createTotals(STATSD);
  let bad = 0;
  let isFull = false;
  let firstBad: string | undefined;
  let countedAt: number | undefined;
  let hasBad = false;
  const withOwn = onChange((parts: readonly Declarations[]): Declarations =>
    Object.assign({}, OWN, ...parts),
  );

  const input = createLineInput(addresses, (text) => {
    if (isNoMetric(text)) return;
    const line = parseLine(text);
    if (line === undefined) {
      bad++;
      firstBad ??= cleanText(text.slice(0, SHOWN_CHARS));
    } else if (!totals.add(line)) isFull = true;
  });

  const trouble = () => {
    const problems = [
      ...input.problems(),
      ...(firstBad === undefined
        ? []
        : [`lines that are not understood are left out, the first one: "${firstBad}"`]),
      ...totals
        .twice()
        .map(
          (field) => `${field} is there twice, by other names of tags or other signs; the first one counts`,
        ),
      ...(isFull ? [`there are more names than the ${MOST_NAMES} that are taken`] : []),
    ];
    return problems.length === 0 ? undefined : problems.join('; ');
  };

  return {
    collect({ at }) {
      const fields: Fields = totals.take(at);
      hasBad ||= bad > 0;
      if (hasBad && countedAt !== undefined && at > countedAt) fields[BAD] = (bad * 1000) / (at - countedAt);
      countedAt = at;
      bad = 0;
      const why = input.whyDeaf();
      input.begin();
      if (why !== undefined) throw new Error(why);
      return fields;
    },
    declared: () => withOwn([totals.declared()]),
    trouble,
    ports: input.ports,
    stop: input.close,
  };
}
