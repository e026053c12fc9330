/**
 * Samples on their way to the store's thread: one array of numbers that is handed over, not copied, instead of
 * an object per sample. Field names travel once per shape (the list of a sample's fields, in order).
 */
import type { Layout, Row } from '#protocol/sample.ts';
import type { Position, SampleBatch } from '../history.ts';

export interface Packed {
  /** Forget all shapes of before. */
  readonly reset: boolean;
  /** Shapes not sent before; numbered on from the last. */
  readonly shapes: readonly (readonly string[])[];
  /** The device of each run. */
  readonly devices: readonly string[];
  /** Runs: number of samples, then for each sample its time, its shape's number, its values. */
  readonly data: Float64Array<ArrayBuffer>;
  readonly upTo: Position;
}

interface Shape {
  readonly id: number;
  readonly names: readonly string[];
}

export interface Packer {
  pack(batches: readonly SampleBatch[], upTo: Position): Packed;
}

/** Keeps the shapes it has sent: everything it packs MUST reach the same store in order. */
export function createPacker(mostShapes = 10_000): Packer {
  const known = new Map<string, Shape>();
  const ofDevice = new Map<string, Shape>();
  let ofLayout = new WeakMap<Layout, Shape>();
  let fresh: (readonly string[])[] = [];
  let reset = false;

  function shapeNamed(names: readonly string[]): Shape {
    const key = names.join('\n');
    let shape = known.get(key);
    if (shape === undefined) {
      shape = { id: known.size, names };
      known.set(key, shape);
      fresh.push(names);
    }
    return shape;
  }

  function shapeOf(deviceId: string, values: Readonly<Record<string, number>>): Shape {
    const last = ofDevice.get(deviceId);
    if (last !== undefined && fits(last.names, values)) return last;
    const shape = shapeNamed(Object.keys(values));
    ofDevice.set(deviceId, shape);
    return shape;
  }

  function shapeOfLayout(layout: Layout): Shape {
    let shape = ofLayout.get(layout);
    if (shape === undefined) ofLayout.set(layout, (shape = shapeNamed(layout.names)));
    return shape;
  }

  return {
    pack(batches, upTo) {
      if (known.size > mostShapes || ofDevice.size > 10 * mostShapes) {
        known.clear();
        ofDevice.clear();
        ofLayout = new WeakMap();
        reset = true;
      }
      let data = new Float64Array(4096);
      let at = 0;
      const devices: string[] = [];
      for (const { deviceId, samples } of batches) {
        devices.push(deviceId);
        if (at + 1 > data.length) data = doubled(data, at + 1);
        data[at++] = samples.length;
        for (const sample of samples) {
          const { row } = sample;
          const { id, names } = row ? shapeOfLayout(row.layout) : shapeOf(deviceId, sample.values);
          const end = at + 2 + names.length;
          if (end > data.length) data = doubled(data, end);
          data[at++] = sample.t;
          data[at++] = id;
          if (row) copyNumbers(row, names.length, data, at);
          else for (const [i, name] of names.entries()) data[at + i] = sample.values[name] ?? NaN;
          at = end;
        }
      }
      const packed = { reset, shapes: fresh, devices, data: data.slice(0, at), upTo };
      fresh = [];
      reset = false;
      return packed;
    },
  };
}

/** Whether a sample has exactly these fields in this order. */
function fits(names: readonly string[], values: Readonly<Record<string, number>>): boolean {
  let i = 0;
  for (const name in values) if (names[i++] !== name) return false;
  return i === names.length;
}

/** A loop: `set` would need a view of the row, an object for each sample. */
function copyNumbers({ numbers, offset }: Row, count: number, data: Float64Array, at: number): void {
  for (let place = 0; place < count; place++) data[at + place] = numbers[offset + place] ?? NaN;
}

function doubled(data: Float64Array<ArrayBuffer>, atLeast: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(Math.max(data.length * 2, atLeast));
  larger.set(data);
  return larger;
}
