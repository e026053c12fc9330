/** What a client subscribes to, as the server checks it. A file of its own, which pages do not load. */
import { z } from 'zod';
import { namedRoom, type Target } from './live.ts';
import { machineScope } from './machine-scope.ts';
import { VALUES_LIMITS } from './values.ts';

const valuesQuery = z.strictObject({
  scope: machineScope,
  fields: z.array(z.string().min(1).max(400)).max(VALUES_LIMITS.fields),
});

export const target: z.ZodType<Target> = z.union([namedRoom, z.strictObject({ values: valuesQuery })]);
