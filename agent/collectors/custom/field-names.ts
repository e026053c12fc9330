/**
 * How the metrics of exporters are called here: `kind:instance:field`. The kind is the source's name (a file's, a
 * scraped endpoint's, `statsd`), the instance is made of the labels, and the field is the metric's name.
 *
 *     backup.prom:  backup_bytes 3                          → backup:-:backup_bytes
 *                   backup_bytes{target="nas"} 3            → backup:nas:backup_bytes
 *                   backup_bytes{host="a",target="nas"} 3   → backup:host=a, target=nas:backup_bytes
 */
import { createHash } from 'node:crypto';
import { INSTANCES } from '#protocol/fields.ts';
import { WHOLE } from '#protocol/meaning.ts';
import { sendable } from '../instance-names.ts';
import type { Labels } from './exposition.ts';

/** The longest kind and field that the server takes. */
const MOST_CHARS = 64;

/** The name in letters that a kind and a field may have. What is too long is cut, and ends in a hash of the whole. */
function word(name: string, most: number): string {
  const clean = name.replaceAll(':', '.').replace(/[^A-Za-z0-9_.-]/g, '_');
  const begun = /^[A-Za-z]/.test(clean) ? clean : `x${clean}`;
  if (begun.length <= most) return begun;
  const mark = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${begun.slice(0, most - mark.length - 1)}_${mark}`;
}

/** A source's kind. None of Watchfloor's own, so that `disk.prom` changes nothing of the machine's disks. */
export function kindOf(source: string): string {
  const suffix = '_custom';
  const kind = word(source, MOST_CHARS);
  return Object.hasOwn(INSTANCES, kind) ? `${word(source, MOST_CHARS - suffix.length)}${suffix}` : kind;
}

/** A metric's field; `suffix` is what tells its parts from one another: `_p95`. */
export function fieldOf(metric: string, suffix = ''): string {
  return `${word(metric, MOST_CHARS - suffix.length)}${suffix}`;
}

/** The instance that labels make. One label is told by its value alone. */
export function instanceOf(labels: Labels): string {
  const [first, ...others] = labels;
  if (first === undefined) return WHOLE;
  if (others.length === 0)
    return sendable(first[1] === WHOLE || first[1] === '' ? first.join('=') : first[1]);
  return sendable(labels.map(([name, value]) => (value === '' ? name : `${name}=${value}`)).join(', '));
}
