/** The second lines of a machine's charts: the same fields of another machine, or of the same one earlier. */
import { MINUTE } from '#protocol/span.ts';
import type { Api } from '../api/api.ts';
import { fixedRange, type TimeRange } from '../charts/range.ts';
import { liveTrace, type Trace } from '../charts/trace.ts';
import { readerZone } from '../format/zone.ts';
import type { DeviceView } from '../stores/device.svelte.ts';
import type { DrawnFields } from '../stores/drawn-fields.svelte.ts';
import { backMs, EARLIER, type Comparison } from './comparison.ts';
import type { Source } from './device-source.svelte.ts';
import { RangeHistory } from './range-history.svelte.ts';

interface CompareParts {
  readonly comparison: Comparison;
  /** The machine whose page this is. */
  readonly id: string;
  readonly api: Api;
  readonly deviceOf: (id: string) => DeviceView;
  /** What the page shows, epoch milliseconds. */
  readonly source: () => Source;
  readonly range: () => TimeRange;
  /** The server's clock, epoch milliseconds. */
  readonly now: () => number;
}

export class CompareSource {
  readonly #parts: CompareParts;
  readonly #past: RangeHistory;
  /** The other machine, whose live minutes are drawn beside those of this one. */
  readonly #other: DeviceView | undefined;
  readonly #moved = new WeakMap<Trace, Trace>();

  constructor(parts: CompareParts) {
    const { comparison, api, now } = parts;
    this.#parts = parts;
    this.#other = comparison.kind === 'machine' ? parts.deviceOf(comparison.id) : undefined;
    this.#past = new RangeHistory({ id: this.#other?.id ?? parts.id, api, now });
  }

  get #isLive(): boolean {
    return this.#other !== undefined && this.#parts.range().kind === 'live';
  }

  /** How far its lines are moved to the right, milliseconds. */
  readonly #back: number = $derived.by(() => {
    const { comparison, source } = this.#parts;
    // Of the whole minute, so that it is the same number while a live chart goes on.
    const end = Math.floor(source().to / MINUTE) * MINUTE;
    return comparison.kind === 'before' ? backMs(comparison.days, end, readerZone()) : 0;
  });

  /** The range to fetch: of live minutes, one minute more, so that it is fetched once a minute. */
  readonly #range: TimeRange = $derived.by(() => {
    const { range, source, comparison } = this.#parts;
    if (comparison.kind === 'machine') return range();
    const { from, to, live } = source();
    const end = live ? (Math.floor(to / MINUTE) + 1) * MINUTE : to;
    return fixedRange((live ? Math.floor(from / MINUTE) * MINUTE : from) - this.#back, end - this.#back);
  });

  /** Its name beside the lines. */
  get label(): string {
    const { comparison } = this.#parts;
    if (comparison.kind === 'before')
      return EARLIER.find(({ days }) => days === comparison.days)?.label ?? 'before';
    return this.#other?.device?.name ?? comparison.id;
  }

  /** Whether there is no machine of that id. */
  get missing(): boolean {
    return this.#other?.state === 'missing';
  }

  get drawn(): DrawnFields {
    return this.#isLive && this.#other ? this.#other.drawn : this.#past.drawn;
  }

  /** Keeps its lines current while they are drawn. Call it in an effect. */
  follow(): (() => void) | undefined {
    return this.#isLive ? undefined : this.#past.follow(this.#range);
  }

  /** Keeps the other machine current, which has its name, too. Call it in an effect. */
  followOther(): (() => void) | undefined {
    return this.#other?.follow();
  }

  trace(field: string): Trace {
    if (this.#isLive && this.#other) {
      void this.#other.version;
      const { t, fields } = this.#other.samples;
      return liveTrace(t, fields.get(field), this.#parts.source().from);
    }
    return this.#later(this.#past.trace(field));
  }

  #later(trace: Trace): Trace {
    if (this.#back === 0) return trace;
    const known = this.#moved.get(trace);
    if (known) return known;
    const moved = { ...trace, t: trace.t.map((t) => t + this.#back) };
    this.#moved.set(trace, moved);
    return moved;
  }
}
