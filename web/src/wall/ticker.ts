/** A worker that does nothing but tell the page, every few seconds, that time has passed. */
const EVERY_MS = 2000;

setInterval(() => postMessage('tick'), EVERY_MS);
