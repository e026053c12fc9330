/** The same numbers for both pages: CHARTS charts of two fields, POINTS points each, one more each second. */
export const CHARTS = 24;
export const POINTS = 300;
export const SECOND = 1000;
/** Of one chart, in pixels. */
export const WIDTH = 400;
export const HEIGHT = 150;

export const fieldsOf = (chart: number): readonly string[] => [`chart${chart}_in`, `chart${chart}_out`];

/** The values of all fields at one time, 0 to 100. */
export function rowAt(at: number): readonly (readonly [field: string, value: number])[] {
  return Array.from({ length: CHARTS }, (_, chart) =>
    fieldsOf(chart).map((field, i): [string, number] => {
      const phase = chart + i * 2;
      const wave = Math.sin(at / 23_000 + phase) + Math.sin(at / 7_000 + 3 * phase);
      return [field, 50 + 20 * wave + 8 * Math.random()];
    }),
  ).flat();
}
