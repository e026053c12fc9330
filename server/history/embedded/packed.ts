/**
 * Samples on their way to the embedded history's thread: one array of numbers, which is transferred and not
 * copied, instead of an object per sample. The field names of a sample, in order, are its shape; each shape
 * is sent once and then referred to by its number.
 */
import type { Layout, Row } from '#protocol/sample.ts';
import type { Position, SampleBatch } from '../history.ts';

export interface PackedWrite {
  /** Whether the receiver must forget all shapes that came before. */
  readonly reset: boolean;
  /** Shapes that were not sent before. Their numbers go on from the last one. */
  readonly shapes: readonly (readonly string[])[];
  /** The device of each run in `data`. */
  readonly devices: readonly string[];
  /**
   * One run per device: the number of samples, then for each sample its time (epoch milliseconds), its
   * shape's number and its values in the shape's order.
   */
  readonly data: Float64Array<ArrayBuffer>;
  readonly upTo: Position;
}

interface Shape {
  readonly id: number;
  readonly names: readonly string[];
}

export interface Packer {
  pack(batches: readonly SampleBatch[], upTo: Position): PackedWrite;
}

/** What a name of a shape needs beside its characters here and at the receiver, in bytes. */
const NAME_BYTES = 50;

/**
 * A packer remembers the shapes it has sent, so everything it packs MUST reach the same receiver in order.
 * @param maxShapes beyond this many shapes (or ten times as many devices) it forgets them all and begins anew
 * @param maxBytes [I8] so it does beyond about this much memory of shapes, both here and at the receiver: a shape may
 *   have one name or thousands, and one device may send others with every sample
 */
export function createPacker(maxShapes = 10_000, maxBytes = 128 * 1024 * 1024): Packer {
  /** By the field names, joined. */
  const shapes = new Map<string, Shape>();
  let shapeBytes = 0;
  /** The shape of each device's last sample that came as an object. */
  const lastOfDevice = new Map<string, Shape>();
  let shapeByLayout = new WeakMap<Layout, Shape>();
  let newShapes: (readonly string[])[] = [];
  let reset = false;

  function shapeNamed(names: readonly string[]): Shape {
    const key = names.join('\n');
    let shape = shapes.get(key);
    if (shape === undefined) {
      shape = { id: shapes.size, names };
      shapes.set(key, shape);
      // The characters are here in the key, and in the names of the receiver.
      shapeBytes += 2 * key.length + names.length * NAME_BYTES;
      newShapes.push(names);
    }
    return shape;
  }

  function shapeOf(deviceId: string, values: Readonly<Record<string, number>>): Shape {
    const last = lastOfDevice.get(deviceId);
    if (last !== undefined && hasExactly(last.names, values)) return last;
    const shape = shapeNamed(Object.keys(values));
    lastOfDevice.set(deviceId, shape);
    return shape;
  }

  function shapeOfLayout(layout: Layout): Shape {
    let shape = shapeByLayout.get(layout);
    if (shape === undefined) shapeByLayout.set(layout, (shape = shapeNamed(layout.names)));
    return shape;
  }

  return {
    pack(batches, upTo) {
      if (shapes.size > maxShapes || shapeBytes > maxBytes || lastOfDevice.size > 10 * maxShapes) {
        shapes.clear();
        shapeBytes = 0;
        lastOfDevice.clear();
        shapeByLayout = new WeakMap();
        reset = true;
      }
      let data = new Float64Array(4096);
      let at = 0;
      const devices: string[] = [];
      for (const { deviceId, samples } of batches) {
        devices.push(deviceId);
        if (at + 1 > data.length) data = enlarged(data, at + 1);
        data[at++] = samples.length;
        for (const sample of samples) {
          const { row } = sample;
          const { id, names } = row ? shapeOfLayout(row.layout) : shapeOf(deviceId, sample.values);
          const end = at + 2 + names.length;
          if (end > data.length) data = enlarged(data, end);
          data[at++] = sample.t;
          data[at++] = id;
          if (row) copyNumbers(row, names.length, data, at);
          else for (const [i, name] of names.entries()) data[at + i] = sample.values[name] ?? NaN;
          at = end;
        }
      }
      const packed = { reset, shapes: newShapes, devices, data: data.slice(0, at), upTo };
      newShapes = [];
      reset = false;
      return packed;
    },
  };
}

/** Whether a sample has exactly these fields, in this order. */
function hasExactly(names: readonly string[], values: Readonly<Record<string, number>>): boolean {
  let i = 0;
  for (const name in values) if (names[i++] !== name) return false;
  return i === names.length;
}

/** Copies in a loop, because `set` would need a view of the row: one object per sample. */
function copyNumbers({ numbers, offset }: Row, count: number, data: Float64Array, at: number): void {
  for (let place = 0; place < count; place++) data[at + place] = numbers[offset + place] ?? NaN;
}

function enlarged(data: Float64Array<ArrayBuffer>, atLeast: number): Float64Array<ArrayBuffer> {
  const larger = new Float64Array(Math.max(data.length * 2, atLeast));
  larger.set(data);
  return larger;
}
