/**
 * Reads bodies into pushes. A device sends the same list of fields with every push, so the list is checked
 * once and then remembered as a layout.
 */
import { invalidBody, parseJson } from '#protocol/body.ts';
import { checkFields } from '#protocol/metrics.ts';
import { parsePush, type Layout, type Push, type PushForm } from '#protocol/sample.ts';

/** About how many field names the shared layouts may hold together; past it, all of them are dropped. */
const MAX_SHARED_NAMES = 500_000;

export interface PushReader {
  /**
   * The push in an inflated body. `deviceId`: the authenticated device.
   * @throws ApiError when the body is no valid push
   */
  read(deviceId: string, body: Buffer): Push;
  /** Pushes read since the server's start, by their form. */
  counts(): Readonly<Record<PushForm, number>>;
  forget(deviceId: string): void;
}

/** Whether `fields`, as a body has them, are the names of the layout, in the same order. */
function hasNames({ names }: Layout, fields: unknown): boolean {
  if (!Array.isArray(fields) || fields.length !== names.length) return false;
  for (let place = 0; place < names.length; place++) if (fields[place] !== names[place]) return false;
  return true;
}

export function createPushReader(): PushReader {
  const lastLayouts = new Map<string, Layout>();
  /** By the layout's names: devices that send the same fields share one layout. */
  const sharedLayouts = new Map<string, Layout>();
  let sharedNames = 0;
  const counts = { single: 0, batch: 0, columns: 0 };

  function share(layout: Layout): Layout {
    const key = layout.names.join('\n');
    const shared = sharedLayouts.get(key);
    if (shared !== undefined) return shared;
    if (sharedNames > MAX_SHARED_NAMES) {
      sharedLayouts.clear();
      sharedNames = 0;
    }
    sharedLayouts.set(key, layout);
    sharedNames += layout.names.length;
    return layout;
  }

  function layoutOf(deviceId: string, fields: unknown): Layout {
    const last = lastLayouts.get(deviceId);
    if (last !== undefined && hasNames(last, fields)) return last;
    const layout = share(checkFields(fields));
    lastLayouts.set(deviceId, layout);
    return layout;
  }

  return {
    read(deviceId, body) {
      const parsed = parsePush(parseJson(body), (fields) => layoutOf(deviceId, fields));
      if (!parsed.success) throw invalidBody(parsed.error);
      counts[parsed.data.form]++;
      return parsed.data;
    },
    counts: () => ({ ...counts }),
    forget: (deviceId) => lastLayouts.delete(deviceId),
  };
}
