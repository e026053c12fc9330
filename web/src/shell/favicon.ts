/** The page's icon in its tab: it tells of alerts where the page itself is not seen. */
import type { Severity } from '#protocol/api.ts';

/** The file for what is worst, in the folder of static files. */
export function faviconFor(worst: Severity | undefined): 'favicon.svg' | `favicon-${Severity}.svg` {
  return worst === undefined ? 'favicon.svg' : `favicon-${worst}.svg`;
}

/** Shows `href` as the icon of this page. */
export function showFavicon(href: string): void {
  const link = document.querySelector('link[rel="icon"]');
  if (link instanceof HTMLLinkElement && link.getAttribute('href') !== href) link.href = href;
}
