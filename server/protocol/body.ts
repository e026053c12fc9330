/** Parses JSON bodies and checks them against a schema. */
import type { z } from 'zod';
import { ApiError, type ErrorDetail, errorText } from './errors.ts';

/** Parses UTF-8 bytes as JSON. @throws ApiError invalid_json */
export function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    const message = errorText(error);
    throw new ApiError('invalid_json', { details: [{ path: '', message }] });
  }
}

/** The wrong fields of zod's issues, in zod's order; at most ten. */
export function issueDetails(error: z.ZodError): ErrorDetail[] {
  return error.issues.slice(0, 10).map(({ path, message }) => ({ path: path.join('.'), message }));
}

/** The `invalid_body` error (422); its message names the first wrong field, its details up to ten. */
export function invalidBody(error: z.ZodError): ApiError {
  const details = issueDetails(error);
  const first = details[0];
  const message = first ? `${first.path === '' ? 'The body' : first.path}: ${first.message}` : undefined;
  return new ApiError('invalid_body', { details, ...(message === undefined ? {} : { message }) });
}

/** Parses UTF-8 bytes as JSON of the schema's shape. @throws ApiError invalid_json or invalid_body */
export function parseBody<Schema extends z.ZodType>(schema: Schema, bytes: Buffer): z.output<Schema> {
  const result = schema.safeParse(parseJson(bytes));
  if (!result.success) throw invalidBody(result.error);
  return result.data;
}
