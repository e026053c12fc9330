/** How a person wants to read: language, times and units. Kept with the account, for every browser of that person. */
import { z } from 'zod';
import { isTimeZone } from './text.ts';

/** `system` is the language that the browser asks for. */
const language = z.enum(['system', 'en', 'de']);
/** Times are written in the zone of the browser, of the server, or in a named one. */
const time_zone = z
  .string()
  .max(64)
  .refine(
    (name) => name === 'browser' || name === 'server' || isTimeZone(name),
    'is no time zone, such as Europe/Berlin or UTC',
  );
const clock = z.enum(['24', '12']);
/** Sizes of memory and disks: in GiB (1024³ bytes) or in GB (1000³ bytes). */
const bytes = z.enum(['binary', 'decimal']);
/** Rates of networks: in Mbit/s or in MB/s. */
const network = z.enum(['bits', 'bytes']);
const temperature = z.enum(['celsius', 'fahrenheit']);
/** `system` is what the browser asks for; `reduced` has no animation. */
const motion = z.enum(['system', 'reduced']);

/** What was never chosen has its default. */
export const preferences = z.object({
  language: language.default('system'),
  time_zone: time_zone.default('browser'),
  clock: clock.default('24'),
  bytes: bytes.default('binary'),
  network: network.default('bits'),
  temperature: temperature.default('celsius'),
  motion: motion.default('system'),
});
export type Preferences = z.infer<typeof preferences>;

/** What changes; the others stay as they are. */
export const preferencesPatch = z
  .strictObject({ language, time_zone, clock, bytes, network, temperature, motion })
  .partial();
