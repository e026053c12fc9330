/** What all charts of a machine's page share: one time axis, one crosshair, and what is marked in them. */
import type { Alert, Severity } from '#protocol/alerts.ts';
import type { Crosshair, Selection } from '../charts/crosshair.svelte.ts';
import type { PlotEvent } from '../charts/plot.ts';
import type { CompareSource } from './compare-source.svelte.ts';
import type { Source } from './device-source.svelte.ts';

/** Its properties are read when they are needed, so that a chart follows only what it draws. */
export interface Desk {
  readonly source: Source;
  readonly crosshair: Crosshair;
  /** The newest values by field. */
  readonly latest: Readonly<Record<string, number>>;
  /** This machine's alerts, active and past. */
  readonly alerts: readonly Alert[];
  /** Field → the worst severity that fires on it. */
  readonly firing: ReadonlyMap<string, Severity>;
  /** What happened to the machine, for the time axis. */
  readonly events: readonly PlotEvent[];
  /** What the charts are compared with; undefined where it is nothing. */
  readonly compare: CompareSource | undefined;
  /** The field whose chart is to be seen first: that of the alert which the page is about. */
  readonly focus: string | undefined;
  /** The newest values are old. */
  readonly old: boolean;
  readonly select: (selection: Selection) => void;
  readonly widen: () => void;
  /** Lists the processes of the moment at this part of the time axis. */
  readonly pick: (part: number) => void;
}
