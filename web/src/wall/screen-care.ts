/** What protects a screen that shows the same for months: it is dimmed at night, and everything moves by some pixels. */
import type { WallSettings } from '#protocol/walls.ts';

/** Hours and minutes of a time zone as `22:30`, as settings have them. */
function clockIn(timeZone: string, now: number): string {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(now);
}

/** How bright the wall is now, 0 to 1. */
export function brightness(night: WallSettings['night'], now: number): number {
  if (night === null) return 1;
  const { from, to } = night;
  const time = clockIn(night.time_zone, now);
  const isNight = from < to ? time >= from && time < to : time >= from || time < to;
  return isNight ? night.brightness / 100 : 1;
}

const SHIFT_EVERY_MS = 3 * 60_000;
/** Of a picture's nine places, in units: a walk that moves by one step at a time and comes back to the middle. */
const STEPS = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
  [-1, 1],
  [-1, 0],
  [-1, -1],
  [0, -1],
  [1, -1],
] as const;
const STEP_UNITS = 4;

/** By how many units everything is moved now. */
export function pixelShift(isOn: boolean, now: number): { x: number; y: number } {
  const [x, y] = (isOn && STEPS[Math.floor(now / SHIFT_EVERY_MS) % STEPS.length]) || [0, 0];
  return { x: x * STEP_UNITS, y: y * STEP_UNITS };
}
