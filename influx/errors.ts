/**
 * Explains InfluxDB's errors to a person, and tells which of them are InfluxDB's own. A proxy before it may
 * answer with any status and text; only what InfluxDB itself says may decide about samples and buckets.
 */
import { HttpError, RequestTimedOutError } from '@influxdata/influxdb-client';
import { errorCode, errorText } from '#protocol/errors.ts';
import { HistoryError } from '../server/history/history.ts';
import { z } from 'zod';

/**
 * Something is wrong with the way InfluxDB is set up. The message says what, and what to do; it is shown
 * unchanged.
 */
export class SetupError extends Error {}

/** Something other than InfluxDB has answered. The message describes the answer. */
export class NotInfluxError extends Error {}

/** An error as InfluxDB writes it. */
const influxError = z.object({ code: z.string(), message: z.string() });

/** The message of an error that InfluxDB itself has answered; undefined for any other error. */
function messageOf(error: unknown): string | undefined {
  return error instanceof HttpError ? influxError.safeParse(error.json).data?.message : undefined;
}

/**
 * An error that says what is wrong and what to do, with `error` as its cause.
 * @param symptom what InfluxDB does or does not do, for example `does not take samples`
 */
export function explained(url: string, symptom: string, error: unknown): HistoryError {
  const retryAfterMs = error instanceof HttpError ? error.retryAfter() * 1000 : 0;
  return new HistoryError(`InfluxDB at ${url} ${symptom}: ${advice(error)}`, { cause: error, retryAfterMs });
}

function advice(error: unknown): string {
  if (error instanceof SetupError) return error.message;
  if (error instanceof RequestTimedOutError)
    return 'it did not answer in time: it is overloaded, or the network delays its answer';
  if (error instanceof NotInfluxError)
    return `something else answers there (${error.message}): check INFLUX_URL and what stands before InfluxDB`;
  if (!(error instanceof HttpError)) return unreachable(error);
  if (isVersion3(error)) return VERSION_3;
  const answer = messageOf(error);
  if (isTooLarge(error))
    return `even the smallest request is too large for it, or for a proxy before it (${error.statusCode} ${error.statusMessage ?? ''}): raise the limit of the size of a request there`;
  if (answer === undefined)
    return `something before it answers ${error.statusCode} ${error.statusMessage ?? ''}, which is not an answer of InfluxDB: check INFLUX_URL and what stands before InfluxDB`;
  if (/organization name .* not found/.test(answer))
    return `it has no such organisation (${answer}): check INFLUX_ORG`;
  if (isForbidden(error))
    return `INFLUX_TOKEN may not do this (${answer}): it needs read and write access to the bucket and its tiers`;
  if (error.statusCode === 401) return 'it does not accept INFLUX_TOKEN';
  if (error.statusCode === 404) return `not found (${answer}): check INFLUX_ORG and INFLUX_BUCKET`;
  return `it answered ${error.statusCode} (${answer})`;
}

function unreachable(error: unknown): string {
  const text = errorText(error);
  const code = errorCode(error);
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `its name cannot be resolved (${text}): check INFLUX_URL and the name service`;
  if (/^ERR_TLS|CERT|SELF_SIGNED|UNABLE_TO/.test(code))
    return `its certificate is not trusted (${text}): check INFLUX_URL, or name its authority's certificate in NODE_EXTRA_CA_CERTS`;
  if (code === 'EPROTO')
    return `it does not speak TLS there (${text}): check whether INFLUX_URL begins with http or https`;
  return `it cannot be reached (${text}): check INFLUX_URL and that it runs`;
}

export const VERSION_3 =
  'it is InfluxDB 3, which has no Flux and no buckets: Watchfloor needs InfluxDB 2, or its own history (without INFLUX_URL)';

/** Whether the headers of an answer say that InfluxDB 3 sent it. */
export function isVersion3({ headers }: { readonly headers?: HttpError['headers'] }): boolean {
  return /^v?3\./.test(String(headers?.['x-influxdb-version'] ?? ''));
}

/**
 * The token is known but may not do this. InfluxDB answers 403, or 401 with a text that names the missing
 * right.
 */
function isForbidden(error: HttpError): boolean {
  return (
    error.statusCode === 403 ||
    (error.statusCode === 401 && (messageOf(error) ?? '').includes(' is unauthorized'))
  );
}

/** InfluxDB itself rejected the request; retrying cannot help. */
export function isRefusal(error: unknown): boolean {
  if (!(error instanceof HttpError) || messageOf(error) === undefined) return false;
  return isForbidden(error) || [400, 409, 422].includes(error.statusCode);
}

/** InfluxDB itself says that something does not exist. */
export const isNotFound = (error: unknown): boolean =>
  error instanceof HttpError && error.statusCode === 404 && messageOf(error) !== undefined;

/** Fewer lines in one request may be taken: a proxy, or InfluxDB, has a limit. */
export const isTooLarge = (error: unknown): boolean => error instanceof HttpError && error.statusCode === 413;

/** Lines that InfluxDB itself says it will never take as they are. */
export type Rejection =
  /** Its stored values are of another type, or InfluxDB keeps the name for itself. `field`: not escaped. */
  | { readonly kind: 'field'; readonly field: string; readonly message: string }
  /** They are older than the bucket keeps its data. `count`: how many lines, which are the oldest ones. */
  | { readonly kind: 'expired'; readonly count: number; readonly message: string }
  /** They cannot be read. The message quotes each. */
  | { readonly kind: 'unreadable'; readonly message: string };

const FIELD = /partial write: .*input field "(.*)" on measurement ".*" is /;
const EXPIRED =
  /partial write: (?:points beyond retention policy|dropped \d+ points outside retention).*dropped=(\d+)/;

/**
 * What InfluxDB will never take of a batch, by its own words; undefined where the error is of any other kind, and
 * the whole batch has to be sent again. InfluxDB names one reason at a time: after that one is dealt with, the
 * next answer may name another.
 */
export function rejectionOf(error: unknown): Rejection | undefined {
  const message = messageOf(error);
  if (message === undefined) return undefined;
  if (message.startsWith("unable to parse '")) return { kind: 'unreadable', message };
  const field = FIELD.exec(message)?.[1];
  if (field !== undefined) return { kind: 'field', field, message };
  const count = EXPIRED.exec(message)?.[1];
  return count === undefined ? undefined : { kind: 'expired', count: Number(count), message };
}
