/** Reads query parameters. What is wrong is refused with the ApiError `invalid_query`, which names the parameter. */
import { ApiError } from '#protocol/errors.ts';
import { timestamp } from '#protocol/timestamp.ts';

export function invalidQuery(path: string, message: string): ApiError {
  return new ApiError('invalid_query', { message: `${path}: ${message}`, details: [{ path, message }] });
}

/** A time in epoch milliseconds, sent as such or as ISO 8601; `absent` where the parameter is not sent. */
export function readTime<Absent>(query: URLSearchParams, name: string, absent: Absent): number | Absent {
  const text = query.get(name);
  if (text === null) return absent;
  const parsed = timestamp.safeParse(/^\d+$/.test(text) ? Number(text) : text);
  if (!parsed.success) throw invalidQuery(name, 'is ISO 8601 or epoch milliseconds');
  return parsed.data;
}

/** One of the words that the parameter takes; undefined where it is not sent. */
export function readWord<Word extends string>(
  query: URLSearchParams,
  name: string,
  words: readonly Word[],
): Word | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const word = words.find((each) => each === text);
  if (word === undefined) throw invalidQuery(name, `is one of ${words.join(', ')}`);
  return word;
}

/** A whole number from 1 to `most`; undefined where the parameter is not sent. */
export function readCount(query: URLSearchParams, name: string, most: number): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const count = Number(text);
  if (!/^\d{1,9}$/.test(text) || count < 1 || count > most)
    throw invalidQuery(name, `is a number from 1 to ${most}`);
  return count;
}
