import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const CSS = readFileSync(join(import.meta.dirname, '../../../web/src/styles/tokens.css'), 'utf8');
const BASE = CSS.slice(0, CSS.indexOf("[data-theme='light']"));
const CONTRAST = CSS.slice(CSS.indexOf("[data-theme='contrast']"));
const HALVES = ['light', 'dark'] as const;

/** How light a colour is, as WCAG has it, from its OKLCH. */
function luminance(lightness: number, chroma: number, degrees: number): number {
  const hue = (degrees * Math.PI) / 180;
  const [a, b] = [chroma * Math.cos(hue), chroma * Math.sin(hue)];
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  const channels = [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ].map((channel) => Math.min(1, Math.max(0, channel)));
  return [0.2126, 0.7152, 0.0722].reduce((sum, part, i) => sum + part * (channels[i] ?? 0), 0);
}

/** The luminance of a token in one half of a set. */
function luminanceOf(set: string, token: string, half: (typeof HALVES)[number]): number {
  const colours = new RegExp(`${token}: light-dark\\(oklch\\(([^)]*)\\), oklch\\(([^)]*)\\)\\)`).exec(set);
  const numbers = (colours?.[half === 'light' ? 1 : 2] ?? '').split(' ').map(Number);
  const [lightness, chroma, hue] = numbers;
  if (lightness === undefined || chroma === undefined || hue === undefined) throw new Error(`no ${token}`);
  return luminance(lightness, chroma, hue);
}

/** How much two colours differ, from 1 to 21. */
function contrast(set: string, half: (typeof HALVES)[number], one: string, other: string): number {
  const [low = 0, high = 0] = [one, other]
    .map((token) => luminanceOf(set, token, half))
    .toSorted((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

describe('the colours of a meter', () => {
  const FILLS = ['--chart-cpu', '--chart-memory', '--chart-disk', '--warning', '--critical', '--good'];
  it.each([
    ['light and dark', BASE],
    ['high contrast', CONTRAST],
  ])('how far a meter is filled can be seen: in %s each fill differs from the empty part', (_, set) => {
    const faint = HALVES.flatMap((half) =>
      FILLS.filter((fill) => contrast(set, half, fill, '--track') < 3).map((fill) => `${half} ${fill}`),
    );
    expect(faint).toEqual([]);
  });
});
