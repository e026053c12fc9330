/**
 * The shapes that the packer has sent: the field names of samples, in order. [I8] Past the most fields that a device
 * can have, further ones are left out. Ingest refuses them before, but it learns only with time which fields a device
 * brought before the server's start.
 */
import { FIELDS_PER_DEVICE } from '#protocol/fields.ts';
import type { PackedWrite } from './packed.ts';
import type { Device, Registry } from './registry.ts';

/** The field ids of a sample, and its values in their order. */
export interface KeptValues {
  readonly ids: readonly number[];
  readonly values: Float64Array;
  /** Index of the first value. */
  readonly at: number;
}

export interface Shapes {
  /** Takes the new shapes of a write. */
  take(packed: Pick<PackedWrite, 'reset' | 'shapes'>): void;
  /** How many values a sample of the shape with this number has. */
  size(shape: number): number;
  /**
   * What the history keeps of a sample whose values begin at index `at` of `data`: everything, but of a device with
   * too many fields only those that it has already, and new ones as long as there is room.
   */
  keptOf(device: Device, shape: number, data: Float64Array, at: number): KeptValues;
  /** Forgets the field ids, because some may no longer be valid. */
  forgetIds(): void;
}

/** @param onTooMany called with a device that brings more than FIELDS_PER_DEVICE fields; may come often */
export function createShapes(registry: Registry, onTooMany: (device: Device) => void): Shapes {
  /** By number; the field ids are there once the shape is used. */
  let shapes: { readonly names: readonly string[]; ids?: readonly number[] }[] = [];

  function someOf(device: Device, names: readonly string[], data: Float64Array, at: number): KeptValues {
    const ids: number[] = [];
    const values: number[] = [];
    let room = FIELDS_PER_DEVICE - device.fields.size;
    names.forEach((name, i) => {
      const known = registry.findFieldId(name);
      const isOfDevice = known !== undefined && device.fields.has(known);
      if (!isOfDevice && room-- <= 0) return;
      ids.push(known ?? registry.findOrAddFieldId(name));
      values.push(data[at + i] ?? NaN);
    });
    if (ids.length < names.length) onTooMany(device);
    return { ids, values: Float64Array.from(values), at: 0 };
  }

  return {
    take({ reset, shapes: added }) {
      if (reset) shapes = [];
      for (const names of added) shapes.push({ names });
    },
    size: (number) => shapes[number]?.names.length ?? 0,
    keptOf(device, number, data, at) {
      const shape = shapes[number];
      if (shape === undefined) return { ids: [], values: data, at };
      if (device.fields.size + shape.names.length > FIELDS_PER_DEVICE)
        return someOf(device, shape.names, data, at);
      shape.ids ??= shape.names.map(registry.findOrAddFieldId);
      return { ids: shape.ids, values: data, at };
    },
    forgetIds() {
      for (const shape of shapes) delete shape.ids;
    },
  };
}
