/**
 * Rules over what the agent's sampler measured on a real machine, second by second for five minutes: builds and tests ran
 * on it, two processes burned its CPU for 90 s, and one took 6 GiB of memory for 50 s. What the rules say is compared with
 * what a plain count over the recorded values says, which shares no code with the evaluation.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { AlertRule } from '#protocol/alerts.ts';
import { made, openTimeline, type Finds } from './timeline.ts';

const RECORDED = join(import.meta.dirname, '..', 'fixtures', 'alerts', 'busy-machine.json');
const { fields, rows } = z
  .object({ fields: z.array(z.string()), rows: z.array(z.array(z.number().nullable())) })
  .parse(JSON.parse(readFileSync(RECORDED, 'utf8')));

/** The recorded values of a field, one a second; undefined where it was not measured. */
function series(field: string): (number | undefined)[] {
  const column = fields.indexOf(field);
  return rows.map((row) => row[column] ?? undefined);
}

const measured: Finds = {
  quick: (second) =>
    Object.fromEntries(
      fields.flatMap((name, i) => {
        const value = rows[second - 1]?.[i];
        return value === null || value === undefined ? [] : [[name, value]];
      }),
    ),
};

/** An alert is seen with the push that brings its sample: pushes hold five. */
const pushOf = (second: number) => Math.ceil(second / 5) * 5;

interface Counted {
  /** Whether this second counts towards raising, and towards clearing. */
  readonly breaches: readonly boolean[];
  readonly clears: readonly boolean[];
  readonly forS: number;
  readonly clearForS: number;
  /** What the condition has to see again after a restart before it says anything, seconds. */
  readonly windowS?: number;
}

/** The seconds at which a plain count raises and clears, as `raised 60`, `cleared 150`. */
function count({ breaches, clears, forS, clearForS }: Counted): string[] {
  const events: string[] = [];
  let isFiring = false;
  let run = 0;
  for (let i = 0; i < breaches.length; i++) {
    const counts = isFiring ? clears[i] === true : breaches[i] === true;
    run = counts ? run + 1 : 0;
    // Held for n seconds takes n + 1 samples.
    if (run <= (isFiring ? clearForS : forS)) continue;
    isFiring = !isFiring;
    run = 0;
    events.push(`${isFiring ? 'raised' : 'cleared'} ${pushOf(i + 1)}`);
  }
  return events;
}

const said = (log: readonly string[]) =>
  log.map((line) => {
    const [second, , , state] = line.split(' ');
    return `${state === 'resolved' ? 'cleared' : 'raised'} ${second}`;
  });

const cpu = series('cpu').map((value) => value ?? 0);
const ram = series('ram').map((value) => value ?? 0);
const hold = { forS: 10, clearForS: 10 };
const held = { for_s: 10, clear_for_s: 10 };
/** How many of the last n seconds were above. */
const countLast = (values: readonly number[], above: number, n: number) =>
  values.map((_, i) => values.slice(Math.max(0, i - n + 1), i + 1).filter((value) => value >= above).length);
/** Whether it rose by so much over so many seconds; false while that is not known. */
const rose = (values: readonly number[], s: number, by: number) =>
  values.map((value, i) => value - (values[i - s] ?? NaN) >= by);
const load = series('load1').map((value) => value ?? 0);
const processes = series('processes');

const joint = (cpuFrom: number, loadFrom: number) =>
  cpu.map((v, i) => v >= cpuFrom && (load[i] ?? 0) >= loadFrom);

const CASES: readonly (readonly [string, AlertRule, Counted])[] = [
  [
    'CPU above 90 %, held and with hysteresis',
    made({ kind: 'threshold', metric: 'cpu', threshold: 90, clear: 70, ...held }),
    { breaches: cpu.map((v) => v >= 90), clears: cpu.map((v) => v <= 70), ...hold },
  ],
  [
    'memory above 20 %',
    made({ kind: 'threshold', metric: 'ram', threshold: 20, clear: 15, ...held }),
    { breaches: ram.map((v) => v >= 20), clears: ram.map((v) => v <= 15), ...hold },
  ],
  [
    'CPU below 60 %',
    made({ kind: 'threshold', metric: 'cpu', above: false, threshold: 60, clear: 80, ...held }),
    { breaches: cpu.map((v) => v <= 60), clears: cpu.map((v) => v >= 80), ...hold },
  ],
  [
    'a core above 99 %, by a pattern',
    made({ kind: 'threshold', metric: 'core:*:cpu', threshold: 99, clear: 50, for_s: 30, clear_for_s: 10 }),
    {
      breaches: series('core:0:cpu').map((v) => (v ?? 0) >= 99),
      clears: series('core:0:cpu').map((v) => (v ?? 0) <= 50),
      forS: 30,
      clearForS: 10,
    },
  ],
  [
    'CPU above 90 % in 20 of the last 30 seconds',
    made({
      kind: 'threshold',
      metric: 'cpu',
      threshold: 90,
      clear: 70,
      of_last: { count: 20, last: 30, unit: 'seconds' },
      clear_for_s: 10,
    }),
    {
      breaches: countLast(cpu, 90, 30).map((n) => n >= 20),
      clears: cpu.map((v) => v <= 70),
      forS: 0,
      clearForS: 10,
    },
  ],
  [
    'memory that rose by 10 % in 30 s',
    made({ kind: 'change', metric: 'ram', over_s: 30, threshold: 10, clear: 5, for_s: 5, clear_for_s: 5 }),
    {
      breaches: rose(ram, 30, 10),
      clears: rose(ram, 30, 5).map((did) => !did),
      forS: 5,
      clearForS: 5,
      windowS: 30,
    },
  ],
  [
    'exactly 94 processes',
    made({ kind: 'equal', metric: 'processes', value: 94, ...held }),
    { breaches: processes.map((v) => v === 94), clears: processes.map((v) => v !== 94), ...hold },
  ],
  [
    'CPU above 90 % and load above 2.5 at once',
    made({
      kind: 'joint',
      join: 'and',
      first: { kind: 'threshold', metric: 'cpu', threshold: 90, clear: 70 },
      second: { kind: 'threshold', metric: 'load1', threshold: 2.5, clear: 2 },
      ...held,
    }),
    {
      breaches: joint(90, 2.5),
      // One of the two has to clear.
      clears: cpu.map((v, i) => v <= 70 || (load[i] ?? 0) <= 2),
      ...hold,
    },
  ],
];

describe('rules over a recorded series of a real machine', () => {
  it.each(CASES)('[A1] %s: alerts come and go as a plain count over the values says', (_, rule, counted) => {
    const timeline = openTimeline([rule]);
    timeline.run(rows.length, measured);
    const own = timeline.log.filter((line) => !line.includes('core:1'));
    expect(said(own)).toEqual(count(counted));
    expect(own.length).toBeGreaterThan(0);
  });

  it.each(CASES)(
    '[A3] %s: a restart while the alert fires repeats nothing, and it clears as without one',
    (_, rule, counted) => {
      const [raised = ''] = count(counted);
      const at = Number(raised.split(' ')[1]) + 5;
      const { windowS = 0 } = counted;
      const clears = counted.clears.map((does, i) => does && (i < at || i >= at + windowS));
      const cleared = count({ ...counted, clears })[1];
      const timeline = openTimeline([rule]);
      timeline.run(at, measured);
      timeline.restart();
      timeline.run(rows.length - at, { quick: (second) => measured.quick?.(second + at) ?? {} });
      const own = said(timeline.log.filter((line) => !line.includes('core:1')));
      expect(own.slice(0, 2)).toEqual(cleared === undefined ? [raised] : [raised, cleared]);
      expect(timeline.stage.stored.all().filter(({ metric }) => metric !== 'core:1:cpu')).toHaveLength(1);
    },
  );
});
