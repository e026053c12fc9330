/** Which processes a machine's page lists: those of now, of a moment that was chosen in the charts, or of the range. */
import type { ProcessesReply, ProcessReport } from '#protocol/processes.ts';
import { DAY } from '#protocol/span.ts';
import type { Api } from '../../api/api.ts';
import { stepFor, widthOf, type TimeRange } from '../../charts/range.ts';
import { Resource } from '../../stores/resource.svelte.ts';

/** What is listed. Times are epoch milliseconds. */
export type Listed =
  | { readonly kind: 'now' }
  | { readonly kind: 'moment' | 'range'; readonly from: number; readonly to: number }
  /** The range is too long to be listed as one: a moment of it must be chosen. */
  | { readonly kind: 'none' };

/** Agents send a report so often while somebody looks at their machine. */
const EVERY_MS = 10_000;
/** The server answers no longer ranges as one. */
const LONGEST_MS = 2 * DAY;
/** A chosen moment is at least this part of the time axis wide: nobody points more exactly. */
const POINTED = 0.004;

/** What is listed beside charts of this range; `moment`: the one that was chosen in them, null: none. */
export function listedFor(range: TimeRange, moment: number | null, now: number): Listed {
  const width = widthOf(range);
  if (moment !== null) {
    // A value of the charts stands for all of its bucket.
    const stepMs = range.kind === 'live' ? 1000 : stepFor(width);
    const around = Math.round(Math.max(stepMs, width * POINTED));
    return { kind: 'moment', from: moment - around, to: moment + around };
  }
  if (range.kind === 'live') return { kind: 'now' };
  if (width > LONGEST_MS) return { kind: 'none' };
  const to = range.kind === 'fixed' ? range.to : now;
  return { kind: 'range', from: to - width, to };
}

const keyOf = (listed: Listed) => JSON.stringify(listed);

export class ProcessList {
  /** What was fetched, and what for; a list of another moment is not shown. */
  readonly #reply: Resource<{ readonly key: string; readonly reply: ProcessesReply }>;
  #listed: Listed = $state.raw({ kind: 'none' });

  constructor({ id, api }: { id: string; api: Pick<Api, 'processes'> }) {
    this.#reply = new Resource(async (signal) => {
      const listed = this.#listed;
      const query = listed.kind === 'moment' || listed.kind === 'range' ? listed : {};
      return { key: keyOf(listed), reply: await api.processes(id, query, signal) };
    });
  }

  get listed(): Listed {
    return this.#listed;
  }

  /** Null where the machine has told nothing of that time; undefined until it is known. */
  get report(): ProcessReport | null | undefined {
    const { value } = this.#reply;
    return value?.key === keyOf(this.#listed) ? value.reply.report : undefined;
  }

  get problem(): string | undefined {
    return this.#reply.problem;
  }

  readonly load = (): void => void this.#reply.load();

  /** Fetches what is to be listed, that of now again and again, until the returned function is called. */
  follow(listed: Listed): () => void {
    this.#listed = listed;
    if (listed.kind === 'none') return () => undefined;
    const stop = this.#reply.start();
    const timer = setInterval(() => {
      if (listed.kind === 'now' && document.visibilityState === 'visible') this.load();
    }, EVERY_MS);
    return () => {
      clearInterval(timer);
      stop();
    };
  }
}
