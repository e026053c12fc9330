/** Parses JSON bodies and checks them against a schema. */
import type { z } from 'zod';
import { ApiError, type ErrorDetail, errorText } from './errors.ts';

/** Arrays and objects within one another; the deepest body of this API has eight. */
const MAX_DEPTH = 32;
/** A body this small costs little however deep it is, so that the pushes of agents are not searched. */
const SHALLOW_BYTES = 4096;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** `[` and `]`; those of an object, `{` and `}`, are the same with this bit set as well. */
const OPENING = 0x5b;
const CLOSING = 0x5d;
const BRACE_BIT = 0x20;

/** [S5] Whether JSON nests deeper than MAX_DEPTH: parsing 500,000 brackets takes longer than a MiB of samples. */
function isTooDeep(bytes: Buffer): boolean {
  let depth = 0;
  let isInText = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (isInText) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) isInText = false;
    } else if (byte === QUOTE) isInText = true;
    else if ((byte & ~BRACE_BIT) === OPENING) {
      if (++depth > MAX_DEPTH) return true;
    } else if ((byte & ~BRACE_BIT) === CLOSING) depth--;
  }
  return false;
}

/** Parses UTF-8 bytes as JSON. @throws ApiError invalid_json */
export function parseJson(bytes: Buffer): unknown {
  if (bytes.length > SHALLOW_BYTES && isTooDeep(bytes)) {
    const message = `arrays and objects are nested deeper than ${MAX_DEPTH}`;
    throw new ApiError('invalid_json', { details: [{ path: '', message }] });
  }
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
