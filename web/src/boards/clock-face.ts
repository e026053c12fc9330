/** What a clock shows. */
import { locale } from '../format/messages.ts';
import { clock, hourMinute, timeZone } from '../format/time.ts';

interface ClockFace {
  readonly time: string;
  readonly date: string;
  readonly iso: string;
}

/** `time_zone` null: that of the screen. A zone that this browser does not know is shown as UTC, and says so. */
export function clockFace(
  now: number,
  { time_zone, seconds }: { time_zone: string | null; seconds: boolean },
): ClockFace {
  const face = (zone: string): ClockFace => ({
    time: seconds ? clock(now, zone) : hourMinute(now, zone),
    date: new Intl.DateTimeFormat(locale(), {
      ...{ weekday: 'short', day: 'numeric', month: 'short' },
      timeZone: zone,
    }).format(now),
    iso: new Date(now).toISOString(),
  });
  try {
    return face(time_zone ?? timeZone());
  } catch {
    const utc = face('UTC'); // The browser's list of zones is older than the server's.
    return { ...utc, time: `${utc.time} UTC` };
  }
}
