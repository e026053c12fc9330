/** Graphics processors of NVIDIA on Windows, by the library of their driver. */
import { wide } from '../bytes.ts';
import type { Collector, Fields } from '../collector.ts';
import { gpuFields, type GpuReading } from '../gpu.ts';
import { openNvml, type GpuAnswers, type Nvml } from './nvml-calls.ts';

/** A machine without the driver is asked again after this time, in milliseconds. */
const TRY_AGAIN = 600_000;
const MOST = 32;

/** What the driver answers → the form in which all systems tell it. nvmlMemory_t holds all, free and used bytes. */
export function readingOf(index: number, answers: GpuAnswers): GpuReading {
  const { name = '', utilization, memory, celsius, milliwatts } = answers;
  return {
    name: `${index} ${name.replace(/^NVIDIA /, '')}`.trim(),
    busy: utilization?.readUInt32LE(0),
    memoryTotal: memory && wide(memory, 0),
    memoryUsed: memory && wide(memory, 16),
    celsius,
    watts: milliwatts === undefined ? undefined : milliwatts / 1000,
  };
}

export function createGpu(open: () => Promise<Nvml> = openNvml): Collector {
  let library: Nvml | undefined;
  let triedAt = -Infinity;
  return {
    async collect({ at }) {
      if (library === undefined) {
        if (at - triedAt < TRY_AGAIN) return 'absent';
        triedAt = at;
        // Most machines have none.
        library = await open().catch(() => undefined);
        if (library === undefined) return 'absent';
      }
      const fields: Fields = {};
      const count = Math.min(MOST, await library.count());
      for (let index = 0; index < count; index++)
        Object.assign(fields, gpuFields(readingOf(index, await library.read(index))));
      return count === 0 ? 'absent' : fields;
    },
  };
}
