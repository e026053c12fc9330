/** `GET /devices/{id}/metrics`: a device's history in buckets, for charts. */
import { fieldMatches } from '#protocol/fields.ts';
import { bucketGapMs } from '#protocol/gaps.ts';
import { seriesReply, type Point, type SeriesReply } from '#protocol/api.ts';
import { ApiError, errorText } from '#protocol/errors.ts';
import type { Buckets, History } from '../history/history.ts';
import { invalidQuery, readTime } from '../http/query.ts';
import { firstParam, type Request } from '../http/request.ts';
import { route, type Route } from '../http/route.ts';
import type { SignedIn } from '../types.ts';

export interface SeriesParts {
  readonly deviceExists: (deviceId: string) => boolean;
  readonly history: Pick<History, 'query' | 'fields'>;
  /** Rejects where the work for an answer takes too long. */
  readonly inTime: <T>(work: Promise<T>) => Promise<T>;
  readonly now: () => number;
}

const DEFAULT_RANGE_MS = 5 * 60_000;
const DEFAULT_BUCKETS = 600;
const MAX_BUCKETS = 5000;
/** Points of all fields of one reply together; this many are about 15 MB of JSON. */
export const MAX_POINTS = 300_000;
const SECOND_MS = 1000;
const MAX_STEP_MS = 366 * 86_400 * SECOND_MS;
/** Bucket widths that are easy to read on an axis, in seconds. */
const WIDTHS_S = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400,
];
const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND_MS,
  m: 60 * SECOND_MS,
  h: 3600 * SECOND_MS,
  d: 86_400 * SECOND_MS,
};

/** The narrowest of the readable widths that makes at most so many buckets of the range, in milliseconds. */
export function widthFor(rangeMs: number, buckets = DEFAULT_BUCKETS): number {
  const seconds =
    WIDTHS_S.find((width) => rangeMs / (width * SECOND_MS) <= buckets) ??
    Math.ceil(rangeMs / SECOND_MS / buckets);
  return seconds * SECOND_MS;
}

/** The range of a query; the default is the last five minutes. Epoch milliseconds. */
export function readRange(
  query: URLSearchParams,
  now: number,
): { readonly from: number; readonly to: number } {
  const to = readTime(query, 'to', now);
  const from = readTime(query, 'from', to - DEFAULT_RANGE_MS);
  if (from >= to) throw invalidQuery('from', 'must lie before "to"');
  return { from, to };
}

/**
 * The width of a bucket in milliseconds, from a query such as `step=30s`, `5m`, or milliseconds; undefined where it has
 * none.
 */
export function readStep(query: URLSearchParams, rangeMs: number): number | undefined {
  const text = query.get('step');
  if (text === null) return undefined;
  const [, digits, unit] = /^(\d+)(ms|s|m|h|d)?$/.exec(text) ?? [];
  const step = Number(digits) * (UNITS_MS[unit ?? 'ms'] ?? NaN);
  if (!(step >= SECOND_MS && step <= MAX_STEP_MS))
    throw invalidQuery('step', 'is 1s to 366d: "30s", "5m", "1h", or milliseconds');
  if (rangeMs / step > MAX_BUCKETS)
    throw invalidQuery('step', `makes more than ${MAX_BUCKETS} buckets of this range; ask for a wider one`);
  return step;
}

/**
 * The fields the query asks for: those of `field` as they are, and those of `fields`, where patterns are replaced by
 * the device's fields that match them.
 */
async function readFields(
  query: URLSearchParams,
  deviceId: string,
  history: SeriesParts['history'],
): Promise<readonly string[]> {
  const requested = query
    .getAll('fields')
    .flatMap((text) => text.split(','))
    .filter((name) => name !== '');
  const exact = query.getAll('field');
  const patterns = requested.length + exact.length === 0 ? ['*'] : requested;
  if (!patterns.some((name) => name.includes('*'))) return [...new Set([...exact, ...patterns])];
  const known = await history.fields(deviceId);
  const matching = known.filter((name) =>
    patterns.some((pattern) => pattern === '*' || fieldMatches(pattern, name)),
  );
  return [...new Set([...exact, ...matching])];
}

function checkSize(fields: number, buckets: number): void {
  if (fields * buckets > MAX_POINTS)
    throw invalidQuery(
      'fields',
      `${fields} fields of ${buckets} buckets are more than ${MAX_POINTS} points; ask for fewer fields or a wider step`,
    );
}

/** Turns buckets of `stepMs` into points, with a point of nulls where a gap begins. */
export function toPoints({ t, min, mean, max }: Buckets, stepMs: number): Point[] {
  const gap = bucketGapMs(t, stepMs);
  const points: Point[] = [];
  for (const [i, time] of t.entries()) {
    const before = t[i - 1];
    if (before !== undefined && time - before > gap) points.push([before + stepMs, null, null, null]);
    points.push([time, min[i] ?? null, mean[i] ?? null, max[i] ?? null]);
  }
  return points;
}

/** Turns a rejection of the history into the error `history_unavailable`. An ApiError stays as it is. */
export async function orUnavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    if (cause instanceof ApiError) throw cause;
    const why = errorText(cause);
    throw new ApiError('history_unavailable', {
      message: `The history cannot be read right now: ${why}`,
      retryAfterS: 5,
    });
  }
}

export function seriesRoutes({ deviceExists, history, inTime, now }: SeriesParts): Route[] {
  async function read(request: Request, { sight }: SignedIn): Promise<SeriesReply> {
    const deviceId = firstParam(request);
    if (!deviceExists(deviceId) || sight?.has(deviceId) === false) throw new ApiError('unknown_device');
    const { from, to } = readRange(request.query, now());
    const step = readStep(request.query, to - from) ?? widthFor(to - from);
    const fields = await readFields(request.query, deviceId, history);
    checkSize(fields.length, Math.ceil((to - from) / step));
    const result = await history.query({ deviceId, from, to, step, fields });
    const series = Object.fromEntries(
      [...result.series].map(([name, buckets]) => [name, toPoints(buckets, result.step)]),
    );
    return { device_id: deviceId, from, to, step_ms: result.step, series };
  }

  return [
    route({
      method: 'GET',
      path: '/devices/:id/metrics',
      access: 'display',
      forDisplayLinks: true,
      summary: 'History in buckets [t, min, mean, max]; min, mean and max are null where a gap begins.',
      query: {
        from: 'ISO 8601 or epoch milliseconds; the default is five minutes before "to"',
        to: 'ISO 8601 or epoch milliseconds; the default is now',
        step: 'Width of a bucket: "30s", "5m", "1h" or milliseconds; the default is at most 600 buckets for the range',
        fields:
          'Field names separated by commas; "mount:*:used" means all instances; the default is all fields. At most 300,000 points: fields times buckets',
        field: 'One field name as it is, commas and asterisks included; may be given many times',
      },
      reply: seriesReply,
      errors: ['unknown_device', 'history_unavailable'],
      handle: ({ request, person }) => orUnavailable(inTime(read(request, person))),
    }),
  ];
}
