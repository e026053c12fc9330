/** Removes a channel's secrets from what people, logs and the outbox get to see. */

/** What stands where a secret was. */
const REMOVED = '[secret]';

/** Shorter ones are removed only where they are words of their own: else every `a` of an answer would vanish. */
const MIN_LENGTH = 4;

/** Parts of an address that are no secret by themselves, such as `services` or `v2`. */
const isTelling = (part: string) => part.length >= 16 || (part.length >= 6 && /\d/.test(part));

/** What is secret in an address that is one: everything but the host, which people need to know. */
function partsOfAddress(secret: string): readonly string[] {
  const { pathname, search, searchParams, username, password } = new URL(secret);
  const parts = [...pathname.split('/'), ...searchParams.values()].filter(isTelling);
  const whole = [pathname + search, pathname, search].filter((text) => text.length > 1);
  return [...whole, ...parts, username, password];
}

const isAddress = (secret: string) => /^https?:/i.test(secret) && URL.canParse(secret);

/** The forms in which a text stands in addresses, JSON, HTML and headers. */
function formsOf(text: string): readonly string[] {
  const json = JSON.stringify(text).slice(1, -1);
  const html = text
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
  return [
    text,
    encodeURIComponent(text),
    encodeURI(text),
    new URLSearchParams([['', text]]).toString().slice(1),
    json,
    json.replaceAll('/', '\\/'),
    html,
    Buffer.from(text).toString('base64'),
  ];
}

const escapeRegExp = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

function patternOf(form: string): string {
  const escaped = escapeRegExp(form);
  return form.length >= MIN_LENGTH ? escaped : `(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`;
}

/**
 * Replaces the secrets in a text, as they are and as addresses, JSON, HTML and headers write them. Of a secret that is
 * an address, its host stays, and its path and the telling parts of it go.
 */
export function redact(text: string, secrets: readonly string[]): string {
  const forms = secrets
    .flatMap((secret) => (isAddress(secret.trim()) ? partsOfAddress(secret.trim()) : [secret, secret.trim()]))
    .flatMap(formsOf)
    .filter((form) => form !== '');
  if (forms.length === 0) return text;
  // The longest first: a part must not be replaced before the whole is found.
  const longestFirst = [...new Set(forms)].sort((a, b) => b.length - a.length);
  return text.replace(new RegExp(longestFirst.map(patternOf).join('|'), 'giu'), REMOVED);
}
