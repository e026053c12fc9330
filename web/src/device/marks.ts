/** Alerts as marks in the charts of their fields. */
import { drawnThreshold, type Alert } from '#protocol/alerts.ts';
import type { PlotMark } from '../charts/plot.ts';
import { alertReading, alertSubject } from '#protocol/alert-words.ts';
import { span } from '#protocol/span.ts';
import { moment } from '../format/time.ts';
import type { ChartSpec } from './chart-spec.ts';

/** Percentages that charts draw as bytes: the field that is drawn, and the field that is 100 %. */
const AS_BYTES: Readonly<Record<string, { readonly field: string; readonly whole: string }>> = {
  ram: { field: 'mem_used_bytes', whole: 'mem_total_bytes' },
  swap: { field: 'swap_used_bytes', whole: 'swap_total_bytes' },
};

/** Whether the chart draws the field, as it is or in bytes. */
export function isAbout({ lines }: ChartSpec, field: string): boolean {
  return lines.some((line) => line.field === field || line.field === AS_BYTES[field]?.field);
}

/** The alert's threshold on the axis of this chart; undefined where the alert is about another field. */
function thresholdIn(
  { lines }: ChartSpec,
  alert: Alert,
  latest: Readonly<Record<string, number>>,
): number | undefined {
  const { metric } = alert;
  const threshold = drawnThreshold(alert);
  if (threshold === undefined) return undefined;
  const has = (name: string) => lines.some(({ field }) => field === name);
  if (has(metric)) return threshold;
  const drawn = AS_BYTES[metric];
  const whole = drawn && has(drawn.field) ? latest[drawn.whole] : undefined;
  return whole === undefined ? undefined : (threshold / 100) * whole;
}

function markTitle(alert: Alert): string {
  const { timestamp, resolved_at } = alert;
  const until = resolved_at === null ? 'still firing' : `for ${span(resolved_at - timestamp)}`;
  return `${alertSubject(alert)} ${alertReading(alert)}, since ${moment(timestamp)}, ${until}`;
}

/** The marks of one chart; `latest` are the device's newest values by field. */
export function marksFor(
  spec: ChartSpec,
  alerts: readonly Alert[],
  latest: Readonly<Record<string, number>>,
): PlotMark[] {
  return alerts.flatMap((alert) => {
    const threshold = thresholdIn(spec, alert, latest);
    if (threshold === undefined) return [];
    const { id, timestamp: since, resolved_at: until, severity } = alert;
    return [{ id, threshold, since, until, severity, title: markTitle(alert) }];
  });
}
