/** The columns of the list: what each is called and how much room it takes. */
import { metricName } from '#protocol/metric-name.ts';
import { NETWORK } from './fleet-query.ts';
import { METERS } from './meters.ts';

export type Column =
  | {
      readonly kind: 'meter';
      readonly key: string;
      readonly label: string;
      readonly meter: (typeof METERS)[number];
    }
  | { readonly kind: 'network' | 'field'; readonly key: string; readonly label: string };

/** With more columns than this, sparklines make room for them. */
const ROOMY_COLUMNS = 6;

const WIDTHS = {
  roomy: { meter: 'minmax(7.5rem, 1fr)', network: 'minmax(12rem, 1.25fr)', field: 'minmax(5.5rem, 0.7fr)' },
  narrow: { meter: 'minmax(3.6rem, 0.8fr)', network: '7rem', field: 'minmax(4.5rem, 0.8fr)' },
} as const;

export function columnOf(key: string): Column {
  const meter = METERS.find(({ field }) => field === key);
  if (meter !== undefined) return { kind: 'meter', key, label: meter.label, meter };
  if (key === NETWORK) return { kind: 'network', key, label: 'Network' };
  return { kind: 'field', key, label: metricName(key) };
}

/** Whether there is room for sparklines beside the numbers. */
export function isRoomy(columns: readonly Column[]): boolean {
  return columns.length <= ROOMY_COLUMNS;
}

/** The columns' widths, as `grid-template-columns` has them. */
export function columnWidths(columns: readonly Column[], narrow: boolean): string {
  const widths = narrow || !isRoomy(columns) ? WIDTHS.narrow : WIDTHS.roomy;
  return columns.map(({ kind }) => widths[kind]).join(' ');
}
