/**
 * Reads bodies into pushes. A device sends the same list of fields with every push, so the list is checked
 * once and then remembered as a layout.
 */
import { invalidBody, parseJson } from '#protocol/body.ts';
import { checkFields, createMetricsParser, type ParseMetrics } from '#protocol/metrics.ts';
import { createFieldBound, TOO_MANY_FIELDS, UNASKED_FIELDS, type FieldBoundParts } from './field-bound.ts';
import { parsePush, type Layout, type Push, type PushForm } from '#protocol/sample.ts';

/** About how many characters the names of the shared layouts may have together; past it, all of them are dropped. */
const MAX_SHARED_CHARS = 8_000_000;

export interface PushReader {
  /**
   * The push in an inflated body. `deviceId`: the authenticated device. Where `learning` then answers a promise, it is
   * to be read again once that has resolved.
   * @throws ApiError when the body is no valid push
   */
  read(deviceId: string, body: Buffer): Push;
  /** [I8] Resolves when it is known which fields of the device's last push may be kept; undefined where it is. */
  learning(deviceId: string): Promise<void> | undefined;
  /** Pushes read since the server's start, by their form. */
  counts(): Readonly<Record<PushForm, number>>;
  forget(deviceId: string): void;
}

/** Whether `fields`, as a body has them, are the list that the layout was made of. */
function isSame({ sent }: Layout, fields: unknown): boolean {
  if (!Array.isArray(fields) || fields.length !== sent.length) return false;
  for (let place = 0; place < sent.length; place++) if (fields[place] !== sent[place]) return false;
  return true;
}

const keyOf = ({ names }: Layout) => names.join('\n');

export function createPushReader(parts: FieldBoundParts): PushReader {
  const lastLayouts = new Map<string, Layout>();
  /** By the layout's names: devices that send the same fields share one layout. */
  const sharedLayouts = new Map<string, Layout>();
  let sharedChars = 0;
  const parseMetrics = createMetricsParser();
  const fieldBound = createFieldBound(parts);
  const counts = { single: 0, batch: 0, columns: 0 };

  /** [I8] Refuses the names past the device's bound. */
  const boundOf = (deviceId: string) => (name: string) =>
    fieldBound.admits(deviceId, name) ? undefined : TOO_MANY_FIELDS;

  function layoutOf(deviceId: string, fields: unknown): Layout {
    const last = lastLayouts.get(deviceId);
    if (last !== undefined && isSame(last, fields)) return last;
    const isShort = Array.isArray(fields) && fields.length <= UNASKED_FIELDS;
    const isUnasked = isShort && !fieldBound.knows(deviceId);
    const checked = isUnasked ? checkFields(fields) : checkFields(fields, boundOf(deviceId));
    if (checked.leftOut.length > 0) return checked;
    // A device whose list changes to and fro gets the same layouts again, for which others have worked something out.
    return sharedLayouts.get(keyOf(checked)) ?? checked;
  }

  /** Keeps the layout of a device's valid push, or the equal one that another device sends. */
  function remember(deviceId: string, layout: Layout): void {
    if (lastLayouts.get(deviceId) === layout) return;
    if (layout.leftOut.length > 0) {
      fieldBound.begin(deviceId, layout.columns);
      // A list with an entry that is no text never equals the next one.
      if (layout.sent.every((entry) => typeof entry === 'string')) lastLayouts.set(deviceId, layout);
      return;
    }
    const key = keyOf(layout);
    const shared = sharedLayouts.get(key);
    fieldBound.begin(deviceId, (shared ?? layout).columns);
    lastLayouts.set(deviceId, shared ?? layout);
    if (shared !== undefined) return;
    if (sharedChars > MAX_SHARED_CHARS) {
      sharedLayouts.clear();
      sharedChars = 0;
    }
    sharedLayouts.set(key, layout);
    sharedChars += key.length;
  }

  return {
    read(deviceId, body) {
      const refuse = boundOf(deviceId);
      const parseBounded: ParseMetrics = (metrics, path, leftOut) =>
        parseMetrics(metrics, path, leftOut, refuse);
      const parsed = parsePush(parseJson(body), (fields) => layoutOf(deviceId, fields), parseBounded);
      if (!parsed.success) throw invalidBody(parsed.error);
      if (fieldBound.learning(deviceId) !== undefined) return parsed.data;
      const { form, samples } = parsed.data;
      const layout = samples[0]?.row?.layout;
      if (layout !== undefined) remember(deviceId, layout);
      counts[form]++;
      return parsed.data;
    },
    learning: fieldBound.learning,
    counts: () => ({ ...counts }),
    forget(deviceId) {
      lastLayouts.delete(deviceId);
      fieldBound.forget(deviceId);
    },
  };
}
