/** Bytes of JSON → values of a shape, or the error that names the first wrong field. */
import type { z } from 'zod';
import { ApiError, type ErrorDetail, errorText } from './errors.ts';

/** Bytes → JSON value. */
export function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    const message = errorText(error);
    throw new ApiError('invalid_json', { details: [{ path: '', message }] });
  }
}

/** zod's issues → the wrong fields, first first; at most ten. */
function issueDetails(error: z.ZodError): ErrorDetail[] {
  return error.issues.slice(0, 10).map(({ path, message }) => ({ path: path.join('.'), message }));
}

/** The 422 that names the wrong fields. */
export function invalidBody(error: z.ZodError): ApiError {
  const details = issueDetails(error);
  const first = details[0];
  const message = first ? `${first.path === '' ? 'The body' : first.path}: ${first.message}` : undefined;
  return new ApiError('invalid_body', { details, ...(message === undefined ? {} : { message }) });
}

/** Bytes → a value of the schema's shape, or the error that names the first wrong field. */
export function parseBody<Schema extends z.ZodType>(schema: Schema, bytes: Buffer): z.output<Schema> {
  const result = schema.safeParse(parseJson(bytes));
  if (!result.success) throw invalidBody(result.error);
  return result.data;
}
