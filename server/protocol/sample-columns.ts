import { z } from 'zod';

/** Values in the order of the samples; null where a sample does not have the field. */
export const column = z.array(z.number().nullable());

/**
 * Samples of one device in columns, in the order of arrival: the last one is the current one, also where a clock was
 * set back and its time is an earlier one [F3].
 */
export const sampleColumns = z.object({ t: z.array(z.number()), fields: z.record(z.string(), column) });
export type SampleColumns = z.infer<typeof sampleColumns>;
