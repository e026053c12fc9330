/** `GET /series`: fields of many machines over time, for boards and comparisons. */
import { ApiError } from '#protocol/errors.ts';
import { fieldMatches } from '#protocol/fields.ts';
import type { Machine } from '#protocol/machine-scope.ts';
import { manySeriesReply, type ManySeriesReply } from '#protocol/series.ts';
import { bandOver, linesBy, type Line } from '../history/lines.ts';
import type { History } from '../history/history.ts';
import { invalidQuery, readCount } from '../http/query.ts';
import { route, type Route } from '../http/route.ts';
import type { Sight } from '../types.ts';
import { readMachines, SCOPE_QUERY } from './scope-query.ts';
import { MAX_POINTS, orUnavailable, readRange, readStep, toPoints, widthFor } from './series.ts';

export interface ManySeriesParts {
  readonly machines: () => readonly Machine[];
  readonly history: Pick<History, 'query' | 'fields'>;
  /** Resolves when the history has the samples that were acknowledged. Once for an answer, not for each machine. */
  readonly untilCaughtUp: () => Promise<void>;
  /** Rejects where the work for an answer takes too long. */
  readonly inTime: <T>(work: Promise<T>) => Promise<T>;
  readonly now: () => number;
}

const MOST_MACHINES = 500;
const MOST_FIELDS = 50;
const MOST_TOP = 500;
const DEFAULT_BUCKETS = 300;
/** Reads of the history at a time, of all requests together: more would keep it from the charts of single machines. */
const READS_AT_A_TIME = 4;
/** An answer that takes longer is given up, in milliseconds; a page waits for 15 s. */
const BUDGET_MS = 12_000;

/** Runs at most `most` jobs at a time; the others wait for their turn, in order. */
function createGate(most: number) {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async <T>(job: () => Promise<T>): Promise<T> => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await job();
    } finally {
      // The one that waited longest takes over the place.
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}

/** Two percentages such as `10,90`; undefined where no band is asked for. */
function readPercentiles(query: URLSearchParams): readonly [number, number] | undefined {
  const text = query.get('percentiles');
  if (text === null) return undefined;
  const [, low = NaN, high = NaN] = (/^(\d{1,2}),(\d{1,3})$/.exec(text) ?? []).map(Number);
  if (!(low < high && high <= 100))
    throw invalidQuery('percentiles', 'is two whole percentages, the lower one first: "10,90"');
  return [low, high];
}

function readFieldNames(query: URLSearchParams): readonly string[] {
  const fields = [...new Set(query.getAll('field').filter((name) => name !== ''))];
  if (fields.length === 0) throw invalidQuery('field', 'is missing: the name of a field, such as "cpu"');
  if (fields.length > MOST_FIELDS) throw invalidQuery('field', `is given more than ${MOST_FIELDS} times`);
  return fields;
}

function checkCount(machines: readonly Machine[]): void {
  if (machines.length > MOST_MACHINES)
    throw invalidQuery(
      'device',
      `${machines.length} machines are more than ${MOST_MACHINES}; choose fewer, by a tag or a name`,
    );
}

/** The width of the buckets that so many lines may have, in milliseconds. */
function stepFor(asked: number | undefined, rangeMs: number, lines: number): number {
  const most = Math.floor(MAX_POINTS / Math.max(1, lines));
  if (asked === undefined) return widthFor(rangeMs, Math.max(1, Math.min(DEFAULT_BUCKETS, most)));
  const buckets = Math.ceil(rangeMs / asked);
  if (buckets > most)
    throw invalidQuery(
      'step',
      `${lines} lines of ${buckets} buckets are more than ${MAX_POINTS} points; ask for a wider step or fewer machines`,
    );
  return asked;
}

export function manySeriesRoutes(parts: ManySeriesParts): Route[] {
  const { machines, history, untilCaughtUp, inTime, now } = parts;
  const gate = createGate(READS_AT_A_TIME);

  /** What `read` gives for each machine, several at a time, for as long as somebody waits for it. */
  function readEach<Item, T>(
    items: readonly Item[],
    read: (item: Item) => Promise<T>,
    goOn: () => void,
  ): Promise<readonly T[]> {
    const readNext = (item: Item) => {
      goOn();
      return read(item);
    };
    return Promise.all(items.map((item) => gate(() => readNext(item))));
  }

  /** Throws where nobody waits for the answer any more, or for too long already. */
  function createGoOn(count: number, isGone: () => boolean): () => void {
    const begun = performance.now();
    return () => {
      if (isGone())
        throw new ApiError('overloaded', { message: 'The page no longer waits for this answer.' });
      if (performance.now() - begun > BUDGET_MS)
        throw new ApiError('history_unavailable', {
          message: `The history of ${count} machines takes longer than ${BUDGET_MS / 1000} s to read; choose fewer machines or a shorter time.`,
          retryAfterS: 30,
        });
    };
  }

  /** The fields that are asked for of each machine. */
  async function fieldsOf(
    { id }: Machine,
    asked: readonly string[],
  ): Promise<{ readonly deviceId: string; readonly fields: readonly string[] }> {
    const exact = asked.filter((name) => !name.includes(':*:'));
    if (exact.length === asked.length) return { deviceId: id, fields: exact };
    const known = await history.fields(id);
    const matching = known.filter((name) => asked.some((pattern) => fieldMatches(pattern, name)));
    return { deviceId: id, fields: [...new Set([...exact, ...matching])] };
  }

  async function read(
    query: URLSearchParams,
    sight: Sight | undefined,
    isGone: () => boolean,
  ): Promise<ManySeriesReply> {
    const range = readRange(query, now());
    const rangeMs = range.to - range.from;
    const [asked, top, percentiles] = [
      readFieldNames(query),
      readCount(query, 'top', MOST_TOP),
      readPercentiles(query),
    ];
    const askedStep = readStep(query, rangeMs);
    const chosen = readMachines(query, machines(), sight);
    checkCount(chosen);
    const goOn = createGoOn(chosen.length, isGone);
    await untilCaughtUp();
    const wanted = await readEach(chosen, (machine) => fieldsOf(machine, asked), goOn);
    const step = stepFor(
      askedStep,
      rangeMs,
      wanted.reduce((sum, { fields }) => sum + fields.length, 0),
    );
    const results = await readEach(
      wanted,
      async ({ deviceId, fields }) => ({
        deviceId,
        ...(await history.query({ deviceId, ...range, step, fields })),
      }),
      goOn,
    );
    // [W1] What a display may see can have changed while the history was read.
    const lines: readonly Line[] = results
      .filter(({ deviceId }) => sight?.has(deviceId) ?? true)
      .flatMap(({ deviceId, series }) =>
        [...series].map(([field, buckets]) => ({ deviceId, field, buckets })),
      );
    const stepMs = Math.max(step, ...results.map((result) => result.step));
    const sorted = linesBy(lines);
    return {
      ...range,
      step_ms: stepMs,
      lines: sorted.length,
      series: sorted.slice(0, top).map(({ deviceId, field, mean, buckets }) => ({
        device_id: deviceId,
        field,
        mean,
        points: toPoints(buckets, stepMs),
      })),
      ...(percentiles && { band: bandOver(lines, stepMs, percentiles) }),
    };
  }

  return [
    route({
      method: 'GET',
      path: '/series',
      access: 'display',
      forDisplayLinks: true,
      summary:
        'Fields of many machines over time, those with the largest mean first; [t, min, mean, max] as in the series of one.',
      query: {
        ...SCOPE_QUERY,
        field: `Name of a field, or "mount:*:used" for all instances; up to ${MOST_FIELDS} times`,
        from: 'ISO 8601 or epoch milliseconds; the default is five minutes before "to"',
        to: 'ISO 8601 or epoch milliseconds; the default is now',
        step: 'Width of a bucket: "30s", "5m", "1h" or milliseconds; the default makes at most 300 buckets',
        top: 'Only so many lines, those with the largest mean; "lines" still counts all',
        percentiles: 'Two percentages such as "10,90": adds a band [t, low, median, high] over all lines',
      },
      reply: manySeriesReply,
      errors: ['history_unavailable', 'overloaded'],
      handle: ({ request: { query }, person, isGone }) =>
        orUnavailable(inTime(read(query, person.sight, isGone))),
    }),
  ];
}
