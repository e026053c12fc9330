/** A single-page app: the browser draws every page, and the server only serves files. */
export const ssr = false;
export const prerender = false;
