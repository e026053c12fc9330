/**
 * How often a rule would have fired in the past: it is evaluated, as for pushes, on the finest part of the history that
 * holds the time, device after device. The cost is bounded in points, and no slice of work is long.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { conditionFor, type Alert, type AlertRule } from '#protocol/alerts.ts';
import type { Condition } from '#protocol/conditions.ts';
import type { Firing, PreviewNote, PreviewReply } from '#protocol/rule-preview.ts';
import { DAY, MINUTE, SECOND } from '#protocol/span.ts';
import { fieldsRead, readTrendReplay, samplesOf } from './rule-history.ts';
import { createRuleRun, type RuleRun } from './rule-run.ts';
import type { MeanSeries, RuleHistory } from './trends.ts';

export interface PreviewDevice {
  readonly id: string;
  readonly name: string;
  /** Seconds between its pushes. */
  readonly intervalS: number;
}
export interface PreviewAsked {
  readonly rule: AlertRule;
  /** The devices that the rule covers, or those that were asked for. */
  readonly devices: readonly PreviewDevice[];
  readonly days: number;
}
export interface PreviewParts {
  readonly history: RuleHistory;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Throws where nobody waits for the preview any more. */
  readonly goOn: () => void;
  /** The most points of all devices together that are looked at; the default is about two seconds of work. */
  readonly mostPoints?: number;
}
/** Everything but the chart and the questions about the rule. */
export type PreviewResult = Omit<PreviewReply, 'chart' | 'warnings' | 'covered'> & {
  /** The device and the field that are worth a chart; undefined where there is no history. */
  readonly shown: { readonly device: PreviewDevice; readonly field: string } | undefined;
};

const MOST_POINTS = 3_000_000;
const STEPS = [SECOND, MINUTE, 15 * MINUTE] as const;
const TIERS = new Map<number, PreviewReply['tier']>([
  [SECOND, 'samples'],
  [MINUTE, 'minutes'],
]);
/** One query gives so many points of all its fields at most. */
const QUERY_POINTS = 20_000;
/** So long, in milliseconds, samples are evaluated without a turn of the event loop. */
const SLICE_MS = 8;
const MOST_MACHINES = 50;
const MOST_FIRINGS = 200;

/** The finest step at which all devices together have few enough points; the widest where none has. */
function stepFor(devices: number, fields: number, rangeMs: number, mostPoints: number): number {
  const fits = STEPS.find((step) => devices * fields * (rangeMs / step) <= mostPoints);
  return fits ?? STEPS[STEPS.length - 1] ?? SECOND;
}

/** Evaluates a device's samples in slices, so that pushes are not kept waiting. */
async function evaluate(
  run: RuleRun,
  series: ReadonlyMap<string, MeanSeries>,
  replay: (at: number) => void,
  goOn: () => void,
): Promise<void> {
  let begun = performance.now();
  let taken = 0;
  for (const sample of samplesOf(series)) {
    replay(sample.t);
    run.take(sample);
    if (++taken % 64 !== 0 || performance.now() - begun < SLICE_MS) continue;
    await nextTurn();
    goOn();
    begun = performance.now();
  }
}

interface DeviceResult {
  readonly device: PreviewDevice;
  readonly step: number;
  readonly firings: readonly Alert[];
  /** A field with history; undefined where there is none. */
  readonly field: string | undefined;
}

interface Range {
  readonly from: number;
  readonly to: number;
  readonly step: number;
}

async function previewDevice(
  { history, goOn }: PreviewParts,
  { rule, condition }: { readonly rule: AlertRule; readonly condition: Condition },
  device: PreviewDevice,
  range: Range,
): Promise<DeviceResult> {
  const { from, to } = range;
  const stored = await history.fields(device.id);
  const { fields, subjects } = fieldsRead(condition, stored);
  const nothing = { device, step: range.step, firings: [], field: undefined };
  if (fields.length === 0) return nothing;
  const replay = await readTrendReplay(history, device.id, condition, stored, range);
  // Where only a wider tier holds the start of the range, the whole of it is read from there.
  const begin = await history.query({
    deviceId: device.id,
    from,
    to: Math.min(to, from + range.step),
    step: range.step,
    fields,
  });
  const step = Math.max(range.step, begin.step);
  const run = createRuleRun(rule, device, Math.max(device.intervalS, step / SECOND));
  const sliceMs = step * Math.max(100, Math.floor(QUERY_POINTS / fields.length));
  for (let start = from; start < to; start += sliceMs) {
    goOn();
    const end = Math.min(to, start + sliceMs);
    const { series } = await history.query({ deviceId: device.id, from: start, to: end, step, fields });
    await evaluate(run, series, (at) => replay(at, run.memory), goOn);
  }
  run.end(to);
  const firings = run.firings();
  const [first] = firings;
  const field = first !== undefined && subjects.includes(first.metric) ? first.metric : subjects[0];
  return { device, step, firings, field };
}

function firingOf({
  device_id,
  device_name,
  metric,
  severity,
  reading,
  value,
  timestamp,
  resolved_at,
}: Alert): Firing {
  return {
    device_id,
    device_name,
    metric,
    severity,
    ...(reading !== undefined && { reading }),
    value,
    from: timestamp,
    to: resolved_at,
  };
}

function notesOf(condition: Condition, step: number, leftOut: number): PreviewNote[] {
  const notes: PreviewNote[] = [];
  if (condition.kind === 'clock') notes.push({ kind: 'clocks_not_kept' });
  if (leftOut > 0) notes.push({ kind: 'machines_left_out', count: leftOut });
  if (step > SECOND && condition.kind === 'offline')
    notes.push({ kind: 'short_outages_unseen', shorter_than_ms: 3 * step });
  else if (step > SECOND) notes.push({ kind: 'peaks_flatter' });
  return notes;
}

/** @throws what the history rejects with, or what `goOn` throws */
export async function previewRule(
  parts: PreviewParts,
  { rule, devices, days }: PreviewAsked,
): Promise<PreviewResult> {
  const { mostPoints = MOST_POINTS } = parts;
  const to = parts.now();
  const rangeMs = days * DAY;
  // A pattern is taken to have four instances; a machine with many more costs more, but is bounded by itself.
  const fields = JSON.stringify(rule.condition).includes(':*:') ? 4 : 1;
  const asked = stepFor(devices.length, fields, rangeMs, mostPoints);
  const most = Math.max(1, Math.floor(mostPoints / (fields * (rangeMs / asked))));
  const results: DeviceResult[] = [];
  let step: number = asked;
  for (const device of rule.condition.kind === 'clock' ? [] : devices.slice(0, most)) {
    parts.goOn();
    const condition = conditionFor(rule, device.id);
    if (condition === undefined) continue;
    // Whole buckets, the newest one included.
    const from = Math.ceil((to - rangeMs) / step) * step;
    const result = await previewDevice(parts, { rule, condition }, device, { from, to, step });
    step = Math.max(step, result.step);
    results.push(result);
  }
  const noisiest = results.toSorted((a, b) => b.firings.length - a.firings.length);
  const fired = noisiest.filter(({ firings }) => firings.length > 0);
  const shown = noisiest.find(({ field }) => field !== undefined);
  const all = results.flatMap(({ firings }) => firings);
  return {
    from: to - rangeMs,
    to,
    tier: TIERS.get(step) ?? 'quarters',
    step_ms: step,
    count: all.length,
    looked_at: results.length,
    machines: fired.slice(0, MOST_MACHINES).map(({ device, firings }) => ({
      device_id: device.id,
      device_name: device.name,
      count: firings.length,
    })),
    firings: all
      .toSorted((a, b) => b.timestamp - a.timestamp)
      .slice(0, MOST_FIRINGS)
      .map(firingOf),
    notes: notesOf(rule.condition, step, Math.max(0, devices.length - most)),
    shown: shown?.field === undefined ? undefined : { device: shown.device, field: shown.field },
  };
}
