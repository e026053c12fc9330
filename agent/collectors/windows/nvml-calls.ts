/** NVIDIA's library for its graphics processors, which comes with the driver. Its calls may wait for the driver. */
import { win32 } from 'node:path';
import { inBackground, loadNativeLibrary } from '../../service/native-library.ts';
import { untilNul } from '../bytes.ts';

/** A graphics processor of the library. */
type Device = unknown;

export interface Nvml {
  /** How many there are. Rejects where the driver does not answer. */
  count(): Promise<number>;
  /** What the driver has of one of them, each undefined where it does not tell. */
  read(index: number): Promise<GpuAnswers>;
}

export interface GpuAnswers {
  readonly name: string | undefined;
  /** nvmlUtilization_t */
  readonly utilization: Buffer | undefined;
  /** nvmlMemory_t */
  readonly memory: Buffer | undefined;
  readonly celsius: number | undefined;
  readonly milliwatts: number | undefined;
}

const DONE = 0;
const NAME_BYTES = 96;
/** Of the processor itself. */
const CORE_SENSOR = 0;

/** @throws an error where the driver is not installed */
export async function openNvml(env: NodeJS.ProcessEnv = process.env): Promise<Nvml> {
  const koffi = await loadNativeLibrary();
  // Where the driver puts it, and nobody else may write.
  const library = koffi.load(win32.join(env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'nvml.dll'));
  const begin = library.func('int nvmlInit_v2()');
  const count = library.func('int nvmlDeviceGetCount_v2(_Out_ uint32*)');
  const device = library.func('int nvmlDeviceGetHandleByIndex_v2(uint32, _Out_ void**)');
  const name = library.func('int nvmlDeviceGetName(void*, void*, uint32)');
  const utilization = library.func('int nvmlDeviceGetUtilizationRates(void*, void*)');
  const memory = library.func('int nvmlDeviceGetMemoryInfo(void*, void*)');
  const temperature = library.func('int nvmlDeviceGetTemperature(void*, int, _Out_ uint32*)');
  const power = library.func('int nvmlDeviceGetPowerUsage(void*, _Out_ uint32*)');
  const isDone = async (...call: Parameters<typeof inBackground>) =>
    (await inBackground<number>(...call)) === DONE;
  if (!(await isDone(begin))) throw new Error('the driver of NVIDIA does not answer');

  const bytes = async (call: typeof memory, of: Device, size: number): Promise<Buffer | undefined> => {
    const to = Buffer.alloc(size);
    return (await isDone(call, of, to)) ? to : undefined;
  };
  const number = async (call: typeof power, ...args: readonly unknown[]): Promise<number | undefined> => {
    const to = [0];
    return (await isDone(call, ...args, to)) ? to[0] : undefined;
  };
  const nameOf = async (of: Device): Promise<string | undefined> => {
    const to = Buffer.alloc(NAME_BYTES);
    return (await isDone(name, of, to, to.length)) ? untilNul(to.toString('utf8')) : undefined;
  };
  return {
    async count() {
      const found = await number(count);
      if (found === undefined) throw new Error('the driver of NVIDIA does not answer');
      return found;
    },
    async read(index) {
      const found: unknown[] = [null];
      if (!(await isDone(device, index, found)))
        return {
          ...{ name: undefined, utilization: undefined, memory: undefined },
          ...{ celsius: undefined, milliwatts: undefined },
        };
      const [of] = found;
      return {
        name: await nameOf(of),
        utilization: await bytes(utilization, of, 8),
        memory: await bytes(memory, of, 24),
        celsius: await number(temperature, of, CORE_SENSOR),
        milliwatts: await number(power, of),
      };
    },
  };
}
