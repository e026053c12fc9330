/**
 * The web app for a server that a reverse proxy has below a path. Kit builds `/ui` into its files, so each file of text
 * gets the path before it, once at the start; the hashes of what stands in a page, in its content security policy, are
 * made anew.
 */
import { createHash } from 'node:crypto';
import { extname } from 'node:path';

const TEXT = ['.html', '.js', '.css', '.webmanifest'];
/** `/ui` as a whole, or at the beginning of a longer address. */
const MOUNT = /(?<![\w./-])\/ui(?=[/"'`)])/g;
const IN_PAGE = /<(script|style)[^>]*>([^]*?)<\/\1>/g;

const hashOf = (text: string) => `sha256-${createHash('sha256').update(text).digest('base64')}`;

/** The file of this name as it is served below `base`, such as `/watchfloor`; undefined where nothing in it changes. */
export function belowPath(name: string, content: Buffer, base: string): Buffer | undefined {
  if (base === '' || !TEXT.includes(extname(name))) return undefined;
  const before = content.toString('utf8');
  const move = (text: string) => text.replaceAll(MOUNT, `${base}/ui`);
  let after = move(before);
  if (after === before) return undefined;
  for (const [, , inside = ''] of before.matchAll(IN_PAGE))
    after = after.replaceAll(hashOf(inside), hashOf(move(inside)));
  return Buffer.from(after);
}
