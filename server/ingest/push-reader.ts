/** Bodies → pushes. A device sends the same list of fields with every push: it is checked once and remembered. */
import { invalidBody, parseJson } from '#protocol/body.ts';
import { checkFields } from '#protocol/metrics.ts';
import { parsePush, type Layout, type Push, type PushForm } from '#protocol/sample.ts';

/** Names in all remembered lists together, about: past it they are forgotten and checked again. */
const MOST_NAMES = 500_000;

export interface PushReader {
  /** The push in an inflated body of a device that has shown its token. @throws ApiError when it is none */
  read(deviceId: string, body: Buffer): Push;
  /** Pushes read since the start, by their form. */
  counts(): Readonly<Record<PushForm, number>>;
  forget(deviceId: string): void;
}

function isLayout({ names }: Layout, fields: unknown): boolean {
  if (!Array.isArray(fields) || fields.length !== names.length) return false;
  for (let place = 0; place < names.length; place++) if (fields[place] !== names[place]) return false;
  return true;
}

export function createPushReader(): PushReader {
  const ofDevice = new Map<string, Layout>();
  /** By their names: devices that send the same fields share one layout. */
  const shared = new Map<string, Layout>();
  let sharedNames = 0;
  const counts = { single: 0, batch: 0, columns: 0 };

  function share(layout: Layout): Layout {
    const key = layout.names.join('\n');
    const same = shared.get(key);
    if (same !== undefined) return same;
    if (sharedNames > MOST_NAMES) {
      shared.clear();
      sharedNames = 0;
    }
    shared.set(key, layout);
    sharedNames += layout.names.length;
    return layout;
  }

  function layoutOf(deviceId: string, fields: unknown): Layout {
    const last = ofDevice.get(deviceId);
    if (last !== undefined && isLayout(last, fields)) return last;
    const layout = share(checkFields(fields));
    ofDevice.set(deviceId, layout);
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
    forget: (deviceId) => ofDevice.delete(deviceId),
  };
}
