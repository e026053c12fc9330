/** InfluxDB's errors for a person, and which of them mean that the data itself is refused. */
import { HttpError, RequestTimedOutError } from '@influxdata/influxdb-client';
import { errorText } from '#protocol/errors.ts';

/** What is wrong with the way InfluxDB is set up, and what to do: said as it is. */
export class SetupError extends Error {}

/** What is wrong and what to do; the cause is kept. */
export function explained(url: string, doing: string, error: unknown): Error {
  return new Error(`InfluxDB at ${url} ${doing}: ${advice(error)}`, { cause: error });
}

function advice(error: unknown): string {
  if (error instanceof SetupError) return error.message;
  if (error instanceof RequestTimedOutError)
    return 'it did not answer in time: it is overloaded, or something between here and there holds it up';
  if (!(error instanceof HttpError))
    return `it cannot be reached (${errorText(error)}): check INFLUX_URL and that it runs`;
  const said = errorText(error);
  if (/organization name .* not found/.test(said))
    return `it has no such organisation (${said}): check INFLUX_ORG`;
  if (isForbidden(error))
    return `INFLUX_TOKEN may not do this (${said}): it needs read and write access to the bucket and its tiers`;
  if (error.statusCode === 401) return 'it does not accept INFLUX_TOKEN';
  if (error.statusCode === 404) return `not found (${said}): check INFLUX_ORG and INFLUX_BUCKET`;
  return `it answered ${error.statusCode} (${said})`;
}

/** The token is known, but may not do this. InfluxDB answers either way. */
function isForbidden(error: unknown): boolean {
  return (
    error instanceof HttpError &&
    (error.statusCode === 403 || (error.statusCode === 401 && errorText(error).includes(' is unauthorized')))
  );
}

/** It understood and will not, whoever asks again. */
export function isRefusal(error: unknown): boolean {
  return isForbidden(error) || (error instanceof HttpError && [400, 409, 422].includes(error.statusCode));
}

export const isNotFound = (error: unknown): boolean => error instanceof HttpError && error.statusCode === 404;

/** `partial`: it took the rest. `batch`: something among the lines, or their amount. */
export function refusal(error: unknown): 'partial' | 'batch' | undefined {
  if (!(error instanceof HttpError) || ![400, 413, 422].includes(error.statusCode)) return undefined;
  const said = errorText(error);
  if (/organization name .* not found/.test(said)) return undefined;
  return said.includes('partial write') ? 'partial' : 'batch';
}
