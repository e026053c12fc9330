/**
 * How this page writes: what its reader prefers. It is kept with the account, and in the browser so that the next page
 * knows it before anybody is signed in. A page takes it over once, before it draws; a change loads the page again.
 */
import { preferences } from '#protocol/preferences.ts';
import { styleFigures } from '#protocol/figure.ts';
import { timeZone } from '#protocol/text.ts';
import { z } from 'zod';
import { locale } from './messages.ts';
import { styleTimes } from './time.ts';

/** `static/theme.js` reads the language before the page is drawn. */
const LANGUAGE_KEY = 'watchfloor-language';
const KEY = 'watchfloor-preferences';

/** The part of `localStorage` that is used; null where the browser forbids storage. */
type Memory = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'> | null;

/** What is kept in the browser. `server_zone` is the server's time zone, for who reads times as they are there. */
const kept = z.object({ preferences, server_zone: z.string() });
export type Kept = z.infer<typeof kept>;

const NOTHING_CHOSEN: Kept = { preferences: preferences.parse({}), server_zone: 'UTC' };

/** What is kept in this browser; the defaults where nothing is, or nothing that this version understands. */
export function keptIn(memory: Memory): Kept {
  try {
    return kept.parse(JSON.parse(memory?.getItem(KEY) ?? ''));
  } catch {
    return NOTHING_CHOSEN; // Nothing is kept, or another version wrote it.
  }
}

/** Keeps it for the next page of this browser. Returns whether that page will differ from this one. */
export function keep(memory: Memory, chosen: Kept): boolean {
  if (memory === null || JSON.stringify(keptIn(memory)) === JSON.stringify(chosen)) return false;
  memory.setItem(KEY, JSON.stringify(chosen));
  const { language } = chosen.preferences;
  if (language === 'system') memory.removeItem(LANGUAGE_KEY);
  else memory.setItem(LANGUAGE_KEY, language);
  return true;
}

function zoneOf({ preferences: { time_zone }, server_zone }: Kept): string | undefined {
  if (time_zone === 'browser') return undefined;
  if (time_zone !== 'server') return time_zone;
  // The server may know zones that an older browser does not.
  return timeZone.safeParse(server_zone).success ? server_zone : undefined;
}

/** Makes the page write as its reader prefers, in the language that it speaks already. */
export function prefer(chosen: Kept): void {
  const { clock, bytes, network, temperature } = chosen.preferences;
  styleTimes({ zone: zoneOf(chosen), clock });
  styleFigures({
    decimal: locale() === 'de-DE' ? ',' : '.',
    byteBase: bytes === 'binary' ? 1024 : 1000,
    network,
    temperature,
  });
}
