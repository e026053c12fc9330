/** What a device's charts draw: its live minutes, or a range of its history. */
import { liveSpan, stepFor, widthOf, type TimeRange } from '../charts/range.ts';
import { liveTrace, type Trace } from '../charts/trace.ts';
import type { DeviceView } from '../stores/device.svelte.ts';
import type { DrawnFields } from '../stores/drawn-fields.svelte.ts';
import type { Live } from '../live/live.svelte.ts';
import type { RangeHistory } from './range-history.svelte.ts';

/** What the charts of a page draw: one time axis for all of them, and a line for any field. */
export interface Source {
  readonly from: number;
  readonly to: number;
  readonly live: boolean;
  /** How far from the crosshair a value may be and still be read at it, milliseconds. */
  readonly reach: number;
  readonly trace: (field: string) => Trace;
  /** Where whoever draws fields says so, to have their history fetched. */
  readonly drawn: DrawnFields;
}

/** A live chart waits this long for a late sample before its empty edge shows. */
const LATE_MS = 6000;

export class DeviceSource {
  readonly #view: DeviceView;
  readonly #past: RangeHistory;
  readonly #live: Live;
  readonly #range: () => TimeRange;

  // Derived numbers, which stay equal while samples come: the clock's tick then draws nothing.
  readonly #to = $derived.by(() => Math.max(this.#view.sampledAt ?? 0, this.#live.now - LATE_MS));
  readonly #width = $derived.by(() => liveSpan(this.#to - (this.#view.device?.registered_at ?? 0)));
  readonly #liveSource = $derived.by((): Source => {
    void this.#view.version;
    const to = this.#to;
    const from = to - this.#width;
    const { t, fields } = this.#view.samples;
    const trace = (field: string) => liveTrace(t, fields.get(field), from);
    return { from, to, live: true, reach: LATE_MS, trace, drawn: this.#view.drawn };
  });
  readonly #pastSource = $derived.by((): Source => {
    const range = this.#range();
    const data = this.#past.data;
    const ends = this.#ends(range);
    // Until a new range is loaded, the part of it that is known is drawn, so that zooming shows no blank.
    const reach = (data?.step ?? stepFor(widthOf(range))) * 1.5;
    const { drawn } = this.#past;
    return { ...ends, live: false, reach, trace: (field) => this.#past.trace(field), drawn };
  });

  constructor(parts: { view: DeviceView; past: RangeHistory; live: Live; range: () => TimeRange }) {
    this.#view = parts.view;
    this.#past = parts.past;
    this.#live = parts.live;
    this.#range = parts.range;
  }

  get current(): Source {
    return this.#range().kind === 'live' ? this.#liveSource : this.#pastSource;
  }

  #ends(range: TimeRange): { from: number; to: number } {
    if (range.kind === 'fixed') return { from: range.from, to: range.to };
    const data = this.#past.data;
    if (data?.key === range.key) return { from: data.from, to: data.to };
    const to = this.#live.serverNow();
    return { from: to - widthOf(range), to };
  }
}
