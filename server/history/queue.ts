/**
 * The journal entries that wait in memory for the history, so that they need not be read from the journal. They are
 * without a gap between them. [I8] Both their samples and their memory are bounded: a sample may have one value or
 * thousands.
 */
import type { Layout } from '#protocol/sample.ts';
import type { Position, SampleBatch } from './history.ts';
import type { EntryBatch } from './removals.ts';

export interface QueueBounds {
  readonly samples: number;
  /** About how much memory. */
  readonly bytes: number;
}

export interface Queue {
  /** Position of the first entry; undefined while there is none. */
  readonly first: Position | undefined;
  /** Takes an entry, where it follows the last one and there is room; else it is to be read from the journal. */
  add(position: Position, batch: SampleBatch): void;
  /** Removes entries from the front and returns them, until either bound is reached. */
  take(bounds: QueueBounds): readonly EntryBatch[];
  /** Says that the entry at `position` is the next one that can be added. Call it only while the queue is empty. */
  continueAt(position: Position): void;
  clear(): void;
}

/** An entry and its memory, as `batchBytes` estimates it. */
interface Waiting extends EntryBatch {
  readonly bytes: number;
}

export function createQueue(bounds: QueueBounds, start: Position): Queue {
  let entries: Waiting[] = [];
  /** Position after the last entry. */
  let end = start;
  let samples = 0;
  /** Memory of the entries and of their layouts. */
  let bytes = 0;
  /** The layouts of the entries, each with the number of its entries: most devices send one with every push. */
  const layouts = new Map<Layout, number>();

  /** What a further entry with this layout needs beside its own memory. */
  const newLayoutBytes = (layout: Layout | undefined) =>
    layout === undefined || layouts.has(layout) ? 0 : layoutBytes(layout);

  function release({ batch, bytes: own }: Waiting): void {
    samples -= batch.samples.length;
    bytes -= own;
    const layout = layoutOf(batch);
    if (layout === undefined) return;
    const uses = layouts.get(layout) ?? 0;
    if (uses > 1) return void layouts.set(layout, uses - 1);
    layouts.delete(layout);
    bytes -= layoutBytes(layout);
  }

  return {
    get first() {
      return entries[0]?.position;
    },
    add(position, batch) {
      if (position !== end || samples + batch.samples.length > bounds.samples) return;
      const layout = layoutOf(batch);
      const own = batchBytes(batch);
      const more = own + newLayoutBytes(layout);
      if (bytes + more > bounds.bytes) return;
      entries.push({ position, batch, bytes: own });
      samples += batch.samples.length;
      bytes += more;
      if (layout !== undefined) layouts.set(layout, (layouts.get(layout) ?? 0) + 1);
      end = position + 1;
    },
    take(most) {
      let count = 0;
      let takenSamples = 0;
      let takenBytes = 0;
      for (const entry of entries) {
        if (takenSamples >= most.samples || takenBytes >= most.bytes) break;
        count++;
        takenSamples += entry.batch.samples.length;
        takenBytes += entry.bytes;
      }
      const taken = entries.slice(0, count);
      entries = entries.slice(count);
      for (const entry of taken) release(entry);
      return taken;
    },
    continueAt(position) {
      end = position;
    },
    clear() {
      entries = [];
      samples = 0;
      bytes = 0;
      layouts.clear();
    },
  };
}

/** What a sample needs beside its values, in bytes. */
const SAMPLE_BYTES = 150;
/** What a row about a process needs; its texts are bounded. */
const PROCESS_BYTES = 400;
/** What a value of a sample that came as an object needs beside its name: 60 to 90 bytes were measured. */
const OBJECT_VALUE_BYTES = 80;
/** What a name of a layout needs beside its characters, and what the reason needs why it is left out. */
const LAYOUT_NAME_BYTES = 100;
const LEFT_OUT_BYTES = 200;

/** The samples of one push have the same layout, or none. */
function layoutOf({ samples }: SampleBatch): Layout | undefined {
  return samples[0]?.row?.layout;
}

/** About how much memory the samples of one push need beside their layout, in bytes. */
function batchBytes({ samples, processes = [] }: SampleBatch): number {
  let shared = samples.length * SAMPLE_BYTES;
  for (const { rows } of processes) shared += (1 + rows.length) * PROCESS_BYTES;
  const row = samples[0]?.row;
  // The rows of a push share one buffer, which is kept as long as one of them is.
  if (row !== undefined) return shared + row.numbers.byteLength;
  let bytes = shared;
  for (const { values } of samples) for (const name in values) bytes += OBJECT_VALUE_BYTES + name.length;
  return bytes;
}

/** By layout, because a layout is used for long and has hundreds of names. */
const layoutSizes = new WeakMap<Layout, number>();

/** About how much memory a layout needs, in bytes. */
function layoutBytes(layout: Layout): number {
  let bytes = layoutSizes.get(layout);
  if (bytes === undefined) {
    bytes = layout.sent.length * LAYOUT_NAME_BYTES + layout.leftOut.length * LEFT_OUT_BYTES;
    for (const name of layout.sent) if (typeof name === 'string') bytes += name.length;
    layoutSizes.set(layout, bytes);
  }
  return bytes;
}
