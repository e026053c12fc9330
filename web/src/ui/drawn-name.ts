/** A name in one line on a canvas. */

/** Letters of Hebrew, Arabic and the other scripts that are written from right to left. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
/** No place on a canvas has room for more letters: the rest of a name need not be measured. */
const MOST = 80;

/** Whether a text is written from right to left: its first letter decides. */
export function isRightToLeft(text: string): boolean {
  const first = /\p{L}/u.exec(text)?.[0];
  return first !== undefined && RIGHT_TO_LEFT.test(first);
}

/** The text, cut at its end where it is wider than `width` pixels; empty where not even one letter has room. */
export function cutText(context: Pick<CanvasRenderingContext2D, 'measureText'>, text: string, width: number) {
  const fits = (part: string) => context.measureText(part).width <= width;
  const letters = [...text.slice(0, 2 * MOST)].slice(0, MOST);
  const first = letters.join('');
  if (first === text && fits(text)) return text;
  const cut = (count: number) => `${letters.slice(0, count).join('')}…`;
  let [low, high] = [0, letters.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (fits(cut(middle))) low = middle;
    else high = middle - 1;
  }
  return low === 0 ? '' : cut(low);
}

/**
 * Draws a name with the font and the fill of `context`. Each name begins at `x`; one that is written from right to left
 * ends there, so that its dots stand at its end too.
 */
export function drawName(
  context: CanvasRenderingContext2D,
  name: string,
  { x, y, width }: { readonly x: number; readonly y: number; readonly width: number },
): void {
  context.direction = isRightToLeft(name) ? 'rtl' : 'ltr';
  context.textAlign = 'left';
  context.fillText(cutText(context, name, width), x, y);
}
