/** InfluxDB's errors for a person, and which of them mean that the data itself is refused. */
import { HttpError } from '@influxdata/influxdb-client';

/** What is wrong and what to do; the cause is kept. */
export function explained(url: string, doing: string, error: unknown): Error {
  return new Error(`InfluxDB at ${url} ${doing}: ${advice(error)}`, { cause: error });
}

function advice(error: unknown): string {
  if (!(error instanceof HttpError))
    return `it cannot be reached (${text(error)}): check INFLUX_URL and that it runs`;
  if (error.statusCode === 401) return 'it does not accept INFLUX_TOKEN';
  if (error.statusCode === 403)
    return 'INFLUX_TOKEN may not do this: it needs read and write access to the bucket';
  if (error.statusCode === 404) return `not found (${text(error)}): check INFLUX_ORG and INFLUX_BUCKET`;
  return `it answered ${error.statusCode} (${text(error)})`;
}

/** `partial`: it took the rest. `batch`: something among the lines, or their amount. */
export function refusal(error: unknown): 'partial' | 'batch' | undefined {
  if (!(error instanceof HttpError) || ![400, 413, 422].includes(error.statusCode)) return undefined;
  return text(error).includes('partial write') ? 'partial' : 'batch';
}

export function text(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(text).join(', ');
  return error instanceof Error ? error.message || error.name : String(error);
}
