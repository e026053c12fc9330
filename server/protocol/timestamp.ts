/** Times as they are sent. */
import { z } from 'zod';

/** The latest time a Date can hold, epoch milliseconds. */
export const LATEST_MS = 8.64e15;

/** Accepts ISO 8601 or epoch milliseconds; the output is epoch milliseconds. */
export const timestamp = z.union([
  z.number().int().min(0).max(LATEST_MS),
  z.iso.datetime({ offset: true }).transform((text) => Date.parse(text)),
]);
