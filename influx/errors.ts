/**
 * Explains InfluxDB's errors to a person, and tells which of them mean that InfluxDB rejects the data itself.
 */
import { HttpError, RequestTimedOutError } from '@influxdata/influxdb-client';
import { errorText } from '#protocol/errors.ts';

/**
 * Something is wrong with the way InfluxDB is set up. The message says what, and what to do; it is shown
 * unchanged.
 */
export class SetupError extends Error {}

/**
 * An error that says what is wrong and what to do, with `error` as its cause.
 * @param symptom what InfluxDB does or does not do, for example `does not take samples`
 */
export function explained(url: string, symptom: string, error: unknown): Error {
  return new Error(`InfluxDB at ${url} ${symptom}: ${advice(error)}`, { cause: error });
}

function advice(error: unknown): string {
  if (error instanceof SetupError) return error.message;
  if (error instanceof RequestTimedOutError)
    return 'it did not answer in time: it is overloaded, or the network delays its answer';
  if (!(error instanceof HttpError))
    return `it cannot be reached (${errorText(error)}): check INFLUX_URL and that it runs`;
  const answer = errorText(error);
  if (/organization name .* not found/.test(answer))
    return `it has no such organisation (${answer}): check INFLUX_ORG`;
  if (isForbidden(error))
    return `INFLUX_TOKEN may not do this (${answer}): it needs read and write access to the bucket and its tiers`;
  if (error.statusCode === 401) return 'it does not accept INFLUX_TOKEN';
  if (error.statusCode === 404) return `not found (${answer}): check INFLUX_ORG and INFLUX_BUCKET`;
  return `it answered ${error.statusCode} (${answer})`;
}

/**
 * The token is known but may not do this. InfluxDB answers 403, or 401 with a text that names the missing
 * right.
 */
function isForbidden(error: unknown): boolean {
  return (
    error instanceof HttpError &&
    (error.statusCode === 403 || (error.statusCode === 401 && errorText(error).includes(' is unauthorized')))
  );
}

/** InfluxDB rejected the request; retrying cannot help. */
export function isRefusal(error: unknown): boolean {
  return isForbidden(error) || (error instanceof HttpError && [400, 409, 422].includes(error.statusCode));
}

export const isNotFound = (error: unknown): boolean => error instanceof HttpError && error.statusCode === 404;

/**
 * How InfluxDB rejected a write for good. `partial`: it took the valid lines and rejected the others.
 * `batch`: it took nothing, because of one of the lines or because there were too many. Undefined: the error
 * is of another kind, and a retry may help.
 */
export function rejectionOf(error: unknown): 'partial' | 'batch' | undefined {
  if (!(error instanceof HttpError) || ![400, 413, 422].includes(error.statusCode)) return undefined;
  const answer = errorText(error);
  if (/organization name .* not found/.test(answer)) return undefined;
  return answer.includes('partial write') ? 'partial' : 'batch';
}
