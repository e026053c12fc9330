/** Icons of the browser's tab that tell what the page would, with the page out of sight. They need no server. */

/** The same mark as `static/favicon.svg`, where the colours of pages do not reach. */
const SQUARE = '<rect width="32" height="32" rx="7" fill="#14202e"/>';
const MARK =
  SQUARE +
  '<path d="M3 12h4l2-6 3 9 3-12 2 9h4" fill="none" stroke="#5fb0ff" stroke-width="2.2" stroke-linecap="round"/>';

const iconOf = (drawing: string) =>
  `data:image/svg+xml,${encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${drawing}</svg>`,
  )}`;

/** While no data comes: a flat, grey line, for nothing is known of alerts now. */
export const OLD_ICON = iconOf(
  `<title>no data</title>${SQUARE}` +
    '<path d="M5 18h5m4 0h4m4 0h5" fill="none" stroke="#8b98a8" stroke-width="2.6" stroke-linecap="round"/>',
);

/** An icon as a data URL, with the number of critical alerts; `9+` above nine. */
export function faviconFor(critical: number): string {
  const text = critical > 9 ? '9+' : String(critical);
  return iconOf(
    `<title>${text} critical</title>${MARK}<rect x="9" y="13" width="23" height="19" rx="6" fill="#d8322b"/>` +
      '<text x="20.5" y="28.5" font-family="sans-serif" font-size="17" font-weight="700" text-anchor="middle" ' +
      `fill="#ffffff">${text}</text>`,
  );
}
