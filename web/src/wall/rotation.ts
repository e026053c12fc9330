/** Which page of a playlist is shown, and for how much longer. A pure step from one second to the next. */

export interface Rotation {
  readonly index: number;
  /** For how long the page has been shown, milliseconds. */
  readonly shownMs: number;
}

export const FIRST_PAGE: Rotation = { index: 0, shownMs: 0 };

export interface RotationStep {
  /** How long each page is shown, seconds. */
  readonly seconds: readonly number[];
  readonly passedMs: number;
  /** Somebody moves the pointer: the page stays, and its time too. */
  readonly paused: boolean;
  /** The page that shows something critical; the wall stays on it. */
  readonly pinned: number | undefined;
}

export function stepped(
  { index, shownMs }: Rotation,
  { seconds, passedMs, paused, pinned }: RotationStep,
): Rotation {
  const here = index < seconds.length ? { index, shownMs } : FIRST_PAGE;
  if (seconds.length < 2) return { ...FIRST_PAGE, index: 0 };
  if (paused) return here;
  // Once nothing is critical any more, the page that was pinned has its whole time.
  if (pinned !== undefined && pinned < seconds.length) return { index: pinned, shownMs: 0 };
  const shown = here.shownMs + passedMs;
  if (shown < (seconds[here.index] ?? 0) * 1000) return { index: here.index, shownMs: shown };
  return nextPage(here, seconds.length);
}

/** The page after this one; after the last, the first. */
export function nextPage({ index }: Rotation, pages: number): Rotation {
  return { index: (index + 1) % Math.max(1, pages), shownMs: 0 };
}
