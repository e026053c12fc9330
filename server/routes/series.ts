/** `GET /devices/{id}/metrics`: history for charts. */
import { fieldMatches } from '#protocol/fields.ts';
import { gapMs, usualDistanceMs } from '#protocol/gaps.ts';
import { timestamp } from '#protocol/sample.ts';
import { seriesReply, type Point, type SeriesReply } from '#protocol/api.ts';
import { ApiError, errorText } from '#protocol/errors.ts';
import type { Buckets, History } from '../history/history.ts';
import { firstParam, type Request } from '../http/request.ts';
import { route, type Route } from '../http/route.ts';

export interface SeriesParts {
  readonly knows: (deviceId: string) => boolean;
  readonly history: Pick<History, 'query' | 'fields'>;
  readonly now: () => number;
}

const DEFAULT_RANGE_MS = 5 * 60_000;
const DEFAULT_BUCKETS = 600;
const MOST_BUCKETS = 5000;
/** Of all fields together: some 15 MB of JSON. */
const MOST_POINTS = 300_000;
const SECOND = 1000;
const WIDEST_MS = 366 * 86_400 * SECOND;
/** Widths people can read on an axis, in seconds. */
const WIDTHS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400,
];
const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: SECOND,
  m: 60 * SECOND,
  h: 3600 * SECOND,
  d: 86_400 * SECOND,
};

function wrong(path: string, message: string): ApiError {
  return new ApiError('invalid_query', { message: `${path}: ${message}`, details: [{ path, message }] });
}

function readTime(query: URLSearchParams, name: string, otherwise: number): number {
  const text = query.get(name);
  if (text === null) return otherwise;
  const parsed = timestamp.safeParse(/^\d+$/.test(text) ? Number(text) : text);
  if (!parsed.success) throw wrong(name, 'is ISO 8601 or epoch milliseconds');
  return parsed.data;
}

/** The narrowest readable width that makes at most the default number of buckets. */
export function widthFor(rangeMs: number): number {
  const seconds =
    WIDTHS.find((width) => rangeMs / (width * SECOND) <= DEFAULT_BUCKETS) ??
    Math.ceil(rangeMs / SECOND / DEFAULT_BUCKETS);
  return seconds * SECOND;
}

/** `30s`, `5m`, or milliseconds. */
function readStep(query: URLSearchParams, rangeMs: number): number {
  const text = query.get('step');
  if (text === null) return widthFor(rangeMs);
  const [, digits, unit] = /^(\d+)(ms|s|m|h|d)?$/.exec(text) ?? [];
  const step = Number(digits) * (UNITS[unit ?? 'ms'] ?? NaN);
  if (!(step >= SECOND && step <= WIDEST_MS))
    throw wrong('step', 'is 1s to 366d: "30s", "5m", "1h", or milliseconds');
  if (rangeMs / step > MOST_BUCKETS)
    throw wrong('step', `makes more than ${MOST_BUCKETS} buckets of this range; ask for a wider one`);
  return step;
}

async function readFields(
  query: URLSearchParams,
  deviceId: string,
  history: SeriesParts['history'],
): Promise<readonly string[]> {
  const asked = query
    .getAll('fields')
    .flatMap((text) => text.split(','))
    .filter((name) => name !== '');
  const patterns = asked.length === 0 ? ['*'] : asked;
  if (!patterns.some((name) => name.includes('*'))) return patterns;
  const known = await history.fields(deviceId);
  return known.filter((name) => patterns.some((pattern) => pattern === '*' || fieldMatches(pattern, name)));
}

function checkSize(fields: number, buckets: number): void {
  if (fields * buckets > MOST_POINTS)
    throw wrong(
      'fields',
      `${fields} fields of ${buckets} buckets are more than ${MOST_POINTS} points; ask for fewer fields, or a wider step`,
    );
}

/** Buckets → points, with a point of nulls where a gap begins. */
export function toPoints({ t, min, mean, max }: Buckets, step: number): Point[] {
  const gap = gapMs(Math.max(step, usualDistanceMs(t) ?? 0));
  const points: Point[] = [];
  for (const [i, time] of t.entries()) {
    const before = t[i - 1];
    if (before !== undefined && time - before > gap) points.push([before + step, null, null, null]);
    points.push([time, min[i] ?? null, mean[i] ?? null, max[i] ?? null]);
  }
  return points;
}

async function ask<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    const why = errorText(cause);
    throw new ApiError('history_unavailable', {
      message: `The history cannot be read right now: ${why}`,
      retryAfterS: 5,
    });
  }
}

export function seriesRoutes({ knows, history, now }: SeriesParts): Route[] {
  async function read(request: Request): Promise<SeriesReply> {
    const deviceId = firstParam(request);
    if (!knows(deviceId)) throw new ApiError('unknown_device');
    const to = readTime(request.query, 'to', now());
    const from = readTime(request.query, 'from', to - DEFAULT_RANGE_MS);
    if (from >= to) throw wrong('from', 'must lie before "to"');
    const step = readStep(request.query, to - from);
    const fields = await ask(readFields(request.query, deviceId, history));
    checkSize(fields.length, Math.ceil((to - from) / step));
    const result = await ask(history.query({ deviceId, from, to, step, fields }));
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
      summary: 'History in buckets: [t, min, mean, max]; nulls where a gap begins.',
      query: {
        from: 'ISO 8601 or epoch milliseconds; five minutes before "to"',
        to: 'The same; now',
        step: 'Width of a bucket: "30s", "5m", "1h" or milliseconds; chosen for the range',
        fields:
          'Comma list; "mount:*:used" for all instances; all fields where it is left out. Fields times buckets: at most 300,000',
      },
      reply: seriesReply,
      handle: ({ request }) => read(request),
    }),
  ];
}
