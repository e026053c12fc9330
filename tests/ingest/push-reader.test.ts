import { describe, expect, it } from 'vitest';
import { createPushReader } from '../../server/ingest/push-reader.ts';

const NOW = Date.UTC(2026, 0, 1);
const envelope = { device_id: 'a', hostname: 'h', ip: '::1' };
const body = (parts: object) => Buffer.from(JSON.stringify({ ...envelope, ...parts }));
const columns = (fields: unknown, ...rows: unknown[]) => body({ fields, rows });

const newReader = () =>
  createPushReader({
    storedFields: () => Promise.resolve([]),
    onLookUpFailed: () => undefined,
    now: () => NOW,
  });

/** The push as it is taken: read again where the reader had to learn about the device. */
async function readFinally(reader: ReturnType<typeof newReader>, deviceId: string, bytes: Buffer) {
  reader.read(deviceId, bytes);
  await reader.learning(deviceId);
  return reader.read(deviceId, bytes);
}

/** The remembered list of fields with which the first sample of a body was read. */
function layoutOf(reader: ReturnType<typeof createPushReader>, deviceId: string, bytes: Buffer) {
  return reader.read(deviceId, bytes).samples[0]?.row?.layout;
}

describe('push reader', () => {
  it('the list of fields that a device sends is remembered', () => {
    const reader = newReader();
    const first = layoutOf(reader, 'a', columns(['cpu', 'ram'], [NOW, 1, 2]));
    expect(layoutOf(reader, 'a', columns(['cpu', 'ram'], [NOW, 3, 4]))).toBe(first);
    expect(first?.names).toEqual(['cpu', 'ram']);
  });

  it('a refused push leaves no list of fields behind', () => {
    const reader = newReader();
    expect(() => reader.read('a', columns(['cpu'], [NOW]))).toThrow('rows.0');
    const first = layoutOf(reader, 'a', columns(['cpu'], [NOW, 1]));
    expect(layoutOf(reader, 'a', columns(['cpu'], [NOW, 2]))).toBe(first);
  });

  it('devices that send the same list of fields share one', () => {
    const reader = newReader();
    const first = layoutOf(reader, 'a', columns(['cpu'], [NOW, 1]));
    expect(layoutOf(reader, 'b', columns(['cpu'], [NOW, 2]))).toBe(first);
  });

  it('a device whose list of fields changes to and fro gets the same lists again', () => {
    const reader = newReader();
    const lists = [['cpu'], ['cpu', 'ram'], ['cpu'], ['cpu', 'ram']];
    const found = lists.map((fields) =>
      layoutOf(reader, 'a', columns(fields, [NOW, ...fields.map(() => 1)])),
    );
    expect(found[2]).toBe(found[0]);
    expect(found[3]).toBe(found[1]);
  });

  it('a list of fields is checked again when a name, the order or the number of names changes', () => {
    const reader = newReader();
    for (const fields of [['cpu', 'ram'], ['ram', 'cpu'], ['cpu'], ['cpu', 'ram', 'disk'], ['cpu', 'swap']])
      expect(layoutOf(reader, 'a', columns(fields, [NOW, ...fields.map(() => 1)]))?.names).toEqual(fields);
  });

  it('[I7] a list with a wrong name is remembered, and the name is noted with every push', () => {
    const reader = newReader();
    const [first, second] = [1, 2].map((cpu) => reader.read('a', columns(['a b', 'cpu'], [NOW, 9, cpu])));
    expect(second?.samples[0]?.row?.layout).toBe(first?.samples[0]?.row?.layout);
    expect(second?.samples[0]?.values).toEqual({ cpu: 2 });
    for (const push of [first, second]) expect(push?.leftOut.summary()?.fields[0]?.field).toBe('a b');
    // Another device sends the same valid names, and nothing wrong.
    expect(reader.read('b', columns(['cpu'], [NOW, 3])).leftOut.isEmpty).toBe(true);
  });

  it('[I4] a list of fields with no valid one is refused every time, and a valid one accepted after it', () => {
    const reader = newReader();
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(() => reader.read('a', columns(['a b'], [NOW, 1]))).toThrow('fields.0: a field name is');
      expect(reader.read('a', columns(['cpu'], [NOW, 1])).samples[0]?.values).toEqual({ cpu: 1 });
    }
  });

  it('[I4] pushes are read correctly when their fields change every time and old lists are dropped', async () => {
    const reader = newReader();
    const fieldsOf = (push: number) => Array.from({ length: 4000 }, (_, i) => `n${push}_${i}`);
    for (let push = 0; push < 130; push++) {
      const fields = fieldsOf(push);
      const [sample] = (
        await readFinally(reader, `d${push}`, columns(fields, [NOW, ...fields.map((_, i) => i)]))
      ).samples;
      expect(sample?.values[`n${push}_3999`]).toBe(3999);
    }
    // The first list was dropped meanwhile, so it is checked again.
    const again = layoutOf(reader, 'b', columns(fieldsOf(0), [NOW, ...fieldsOf(0).map(() => 1)]));
    expect(again?.names).toEqual(fieldsOf(0));
  });

  it.each(['columns', 'objects'])(
    '[I8] a device that brings ever new names in %s is bounded',
    async (form) => {
      const reader = newReader();
      const pushOf = (names: string[]) =>
        form === 'columns'
          ? columns(names, [NOW, ...names.map(() => 1)])
          : body({ timestamp: NOW, metrics: Object.fromEntries(names.map((name) => [name, 1])) });
      const read = async (names: string[], deviceId = 'a') => {
        const push = await readFinally(reader, deviceId, pushOf(names));
        return {
          kept: Object.keys(push.samples[0]?.values ?? {}),
          ignored: push.leftOut.summary()?.count ?? 0,
        };
      };
      const news = (push: number) => Array.from({ length: 1000 }, (_, i) => `n${push}_${i}`);
      for (let push = 0; push < 5; push++)
        expect((await read(['cpu', ...news(push)].slice(0, 1000))).ignored).toBe(0);
      const over = await read(['cpu', ...news(9)]);
      expect(over.kept[0]).toBe('cpu');
      expect(over.kept.length + over.ignored).toBe(1001);
      expect(over.kept.length).toBeLessThan(10);
      // What it brought before is still read, and no other device is bounded by it.
      expect(await read(['cpu', 'n0_5'])).toEqual({ kept: ['cpu', 'n0_5'], ignored: 0 });
      expect((await read(['cpu', ...news(9)], 'b')).ignored).toBe(0);
      reader.forget('a');
      expect((await read(['cpu', ...news(9)])).ignored).toBe(0);
    },
  );

  it('valid pushes are counted by their form, invalid ones are not', () => {
    const reader = newReader();
    reader.read('a', columns(['cpu'], [NOW, 1]));
    reader.read('a', columns(['cpu'], [NOW, 1]));
    reader.read('a', body({ timestamp: NOW, metrics: { cpu: 1 } }));
    reader.read('a', body({ samples: [{ timestamp: NOW, metrics: { cpu: 1 } }] }));
    expect(() => reader.read('a', columns(['cpu'], [NOW]))).toThrow('rows.0: has 1 entries');
    expect(reader.counts()).toEqual({ single: 1, batch: 1, columns: 2 });
  });

  it('a device that was removed and pushes again is read correctly', () => {
    const reader = newReader();
    reader.read('a', columns(['cpu'], [NOW, 1]));
    reader.forget('a');
    expect(reader.read('a', columns(['cpu'], [NOW, 2])).samples[0]?.values).toEqual({ cpu: 2 });
  });
});
