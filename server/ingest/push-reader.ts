/** Bodies → pushes: by the template of the device's last push where it fits, else parsed in full. */
import { isDeepStrictEqual } from 'node:util';
import { parsePush, type Push } from '#protocol/sample.ts';
import { invalidBody, parseJson } from '#protocol/body.ts';
import type { SamplePattern } from './sample-pattern.ts';
import { readPush, templateOf, type PushTemplate } from './push-template.ts';

/** After so many pushes in a row without a fit, a device is tried rarely: its text is another each time. */
const MOST_MISSES = 8;
const RARELY = 256;
const MOST_SHARED = 10_000;

interface Known {
  template: PushTemplate | undefined;
  misses: number;
}

export interface PushReader {
  /** The push in a body of a device that has shown its token. @throws ApiError when it is none */
  read(deviceId: string, body: Buffer): Push;
  forget(deviceId: string): void;
}

function parseInFull(body: Buffer): Push {
  const parsed = parsePush(parseJson(body));
  if (!parsed.success) throw invalidBody(parsed.error);
  return parsed.data;
}

/** A template is believed after it has read the body it was made of as the parser did. */
function proven(template: PushTemplate | undefined, body: Buffer, push: Push): PushTemplate | undefined {
  const read = template && readPush(template, body);
  const plain = read && { ...read, samples: read.samples.map(({ t, values }) => ({ t, values })) };
  return isDeepStrictEqual(plain, push) ? template : undefined;
}

export function createPushReader(): PushReader {
  const devices = new Map<string, Known>();
  /** One for all devices that send the same fields. */
  const shared = new Map<string, SamplePattern>();

  function share(template: PushTemplate): PushTemplate {
    const { sample } = template;
    const key = `${Buffer.from(sample.pattern.text).toString('latin1')} ${sample.pattern.ends.join()}`;
    if (shared.size > MOST_SHARED) shared.clear();
    const same = shared.get(key);
    if (same !== undefined) return { ...template, sample: same };
    shared.set(key, sample);
    return template;
  }

  function learn(known: Known, body: Buffer, push: Push): void {
    known.misses++;
    known.template = undefined;
    if (known.misses > MOST_MISSES && known.misses % RARELY > 0) return;
    const template = proven(templateOf(body, push), body, push);
    known.template = template && share(template);
  }

  return {
    read(deviceId, body) {
      let known = devices.get(deviceId);
      const read = known?.template && readPush(known.template, body);
      if (known !== undefined && read !== undefined) {
        known.misses = 0;
        return read;
      }
      const push = parseInFull(body);
      // A body in another device's name says nothing of this one's.
      if (push.device_id !== deviceId) return push;
      if (known === undefined) devices.set(deviceId, (known = { template: undefined, misses: 0 }));
      learn(known, body, push);
      return push;
    },
    forget: (deviceId) => devices.delete(deviceId),
  };
}
