import { describe, expect, it } from 'vitest';
import { parsePush, type Push } from '#protocol/sample.ts';
import { createPushReader } from '../../server/ingest/push-reader.ts';

const NOW = Date.UTC(2026, 0, 1);
const ID = 'a';

/** Repeatable: the same numbers in every run. */
function dice(seed: number): () => number {
  return () => {
    seed = (seed * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return seed / 4_294_967_296;
  };
}

type Metrics = Readonly<Record<string, unknown>>;
const batch = (samples: readonly Metrics[], more: object = {}) =>
  JSON.stringify({
    ...{ device_id: ID, hostname: 'ä"host', ip: '::1', sent_at: NOW + 7, interval_s: 5, ...more },
    samples: samples.map((metrics, i) => ({ timestamp: NOW + i * 1000, metrics })),
  }).replaceAll('\\"', "'");

/** What a push is to everybody: the numbers under their names, however they were read. */
const plain = ({ samples, ...rest }: Push) => ({
  ...rest,
  samples: samples.map(({ t, values }) => ({ t, values })),
});

/** The outcome for a body: the push, or what is said against it. */
function outcome(read: () => Push): unknown {
  try {
    return plain(read());
  } catch (error) {
    return String(error);
  }
}

function inFull(text: string): unknown {
  return outcome(() => createPushReader().read(ID, Buffer.from(text)));
}

/** A reader that has seen `texts`, which asks the next body both ways. */
function taught(...texts: readonly string[]) {
  const reader = createPushReader();
  for (const text of texts) reader.read(ID, Buffer.from(text));
  return {
    read: (text: string) => reader.read(ID, Buffer.from(text)),
    check(text: string) {
      expect([text, outcome(() => reader.read(ID, Buffer.from(text)))]).toEqual([text, inFull(text)]);
    },
  };
}

const isRow = (push: Push) => push.samples.every(({ row }) => row !== undefined);

describe('a push that is written as the one before', () => {
  it('is read by its numbers alone, to the same push', () => {
    const random = dice(1);
    const numbers = [
      () => Math.round(random() * 1000) / 10,
      () => Math.floor(random() * 2 ** 53),
      () => -random() * 1e-9,
      () => random() * 1e17,
      () => random(),
      () => -0,
      () => 0,
    ];
    const sample = () =>
      Object.fromEntries(
        numbers.map((number, i) => [`field${i}:ö/ü:x`, number()]).concat([['cpu', random() * 100]]),
      );
    const samples = () => Array.from({ length: 1 + Math.floor(random() * 6) }, sample);
    const { read, check } = taught(batch(samples()));
    for (let i = 0; i < 300; i++) {
      const text = batch(samples(), { sent_at: NOW + i });
      expect(isRow(read(text))).toBe(true);
      check(text);
    }
  });

  it.each([
    ['before the samples', 'samples', 'sent_at'],
    ['and its time behind the metrics', 'timestamp', 'metrics'],
  ])('may have its parts in any order: %s', (_, first, second) => {
    const swapped = (n: number) => {
      const metrics = { cpu: n, load1: n / 7 };
      const sample =
        first === 'timestamp' ? { metrics, timestamp: NOW + n } : { timestamp: NOW + n, metrics };
      return JSON.stringify({
        device_id: ID,
        samples: [sample],
        hostname: 'h',
        ip: '',
        sent_at: NOW + n,
        [second === 'sent_at' ? 'interval_s' : 'dropped']: 2,
      });
    };
    const { read, check } = taught(swapped(1));
    expect(isRow(read(swapped(2)))).toBe(true);
    for (let n = 3; n < 30; n++) check(swapped(n));
  });

  it('[I4] [I5] is judged as ever, whatever of it is broken', () => {
    const random = dice(2);
    const good = () =>
      batch(
        [
          { cpu: 1.5, load1: 2 },
          { cpu: 3.25, load1: 4e-7 },
        ],
        { sent_at: NOW + Math.floor(random() * 1e6) },
      );
    const alphabet = '0123456789.eE+-,:"[]{} nul\\x\u00e4';
    const at = (length: number) => Math.floor(random() * length);
    const { read, check } = taught(good());
    for (let i = 0; i < 3000; i++) {
      const text = good();
      const place = at(text.length);
      const piece = alphabet[at(alphabet.length)] ?? '';
      check(text.slice(0, place) + piece + text.slice(place + at(3)));
      // The next whole one teaches it anew.
      read(good());
    }
  });

  it.each([
    ['a percentage over 100', { cpu: 140, load1: 1 }],
    ['a negative one', { cpu: -0.1, load1: 1 }],
    ['a number past all reason', { cpu: 1, load1: 1e19 }],
    ['text', { cpu: 1, load1: '1' }],
    ['null', { cpu: null, load1: 1 }],
    ['another field', { cpu: 1, load5: 1 }],
    ['no field', {}],
    ['an instance', { cpu: 1, core: { 0: { cpu: 1 } } }],
  ])('[I5] %s is treated as ever', (_, metrics) => {
    const { check } = taught(batch([{ cpu: 1, load1: 1 }]));
    for (let i = 0; i < 3; i++) check(batch([metrics]));
  });

  it.each(['1.5', '-1', '1e3', '946684799999', '8640000000000001', '"2026-01-01T00:00:00Z"', '01'])(
    '[I5] the time %s is treated as ever',
    (time) => {
      const text = batch([{ cpu: 1 }]);
      const { check } = taught(text);
      check(text.replace(`"timestamp":${NOW}`, `"timestamp":${time}`));
      check(text.replace(`"sent_at":${NOW + 7}`, `"sent_at":${time}`));
    },
  );

  it('a name that stands twice, or is written with an escape, is left to the parser', () => {
    for (const fields of ['"cpu":1,"cpu":2', '"c\\u0070u":1,"cpu":2']) {
      const twice = (n: number) => batch([{ cpu: n }]).replace(`"cpu":${n}`, fields.replace('2', String(n)));
      const { read, check } = taught(twice(1));
      check(twice(3));
      expect(read(twice(4)).samples[0]?.values).toEqual({ cpu: 4 });
    }
  });

  it("[I3] is of the device it names: another's text teaches nothing", () => {
    const reader = createPushReader();
    const text = Buffer.from(batch([{ cpu: 1 }]));
    for (let i = 0; i < 3; i++) expect(isRow(reader.read('b', text))).toBe(false);
    reader.read(ID, text);
    expect(isRow(reader.read(ID, text))).toBe(true);
    reader.forget(ID);
    expect(isRow(reader.read(ID, text))).toBe(false);
  });

  it('is found again after a time of other texts', () => {
    const { read } = taught(batch([{ cpu: 1 }]));
    for (let i = 0; i < 20; i++) expect(isRow(read(batch([{ [`other${i}`]: 1 }])))).toBe(false);
    let tries = 0;
    while (!isRow(read(batch([{ cpu: 2 }])))) expect(++tries).toBeLessThan(300);
  });

  it('the values of a row are made once', () => {
    const { read } = taught(batch([{ cpu: 1 }]));
    const [sample] = read(batch([{ cpu: 2 }])).samples;
    expect(sample?.values).toBe(sample?.values);
    expect(parsePush(JSON.parse(batch([{ cpu: 2 }]))).data?.samples[0]?.values).toEqual(sample?.values);
  });
});
