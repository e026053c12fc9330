/**
 * The secret of a display link on its way from the URL to the display [W1]. It is taken out of the URL, and so out of
 * the history, before the first page is made, and waits here, in memory, until the display takes it.
 */
let waiting: string | undefined;

/** Removes the secret from the URL of a display link. Other URLs stay as they are. */
export function takeSecretFromUrl(): void {
  const { pathname, search, hash } = window.location;
  if (!pathname.endsWith('/wall/display') || hash.length < 2) return;
  waiting = decoded(hash.slice(1));
  window.history.replaceState(window.history.state, '', pathname + search);
}

/** What cannot be decoded is no secret of any link: the server says so, and the screen shows it. */
function decoded(fragment: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    return fragment;
  }
}

/** Hands the secret over, once; undefined where the URL had none. */
export function handOverSecret(): string | undefined {
  const secret = waiting;
  waiting = undefined;
  return secret;
}
