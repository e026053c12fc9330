/** Graphics processors on Windows; what the driver answers is laid out by hand as nvml.h does: wine has no such driver. */
import { expect, it } from 'vitest';
import type { Context } from '../../../../agent/collectors/collector.ts';
import { createGpu } from '../../../../agent/collectors/windows/gpu.ts';
import type { GpuAnswers, Nvml } from '../../../../agent/collectors/windows/nvml-calls.ts';

const at = (ms: number): Context => ({
  at: ms,
  read: () => undefined,
  readAside: () => Promise.resolve(undefined),
});
function answers(): GpuAnswers {
  const [utilization, memory] = [Buffer.alloc(8), Buffer.alloc(24)];
  utilization.writeUInt32LE(37, 0);
  memory.writeBigUInt64LE(24_000_000_000n, 0);
  memory.writeBigUInt64LE(18_000_000_000n, 8);
  memory.writeBigUInt64LE(6_000_000_000n, 16);
  return { name: 'NVIDIA GeForce RTX 3090', utilization, memory, celsius: 61, milliwatts: 214_350 };
}
const driver = (of: GpuAnswers): Nvml => ({
  count: () => Promise.resolve(1),
  read: () => Promise.resolve(of),
});

it('how busy a graphics processor is, its memory, heat and power are told', async () => {
  const gpu = createGpu(() => Promise.resolve(driver(answers())));
  expect(await gpu.collect(at(0))).toEqual({
    'gpu:0 GeForce RTX 3090:busy': 37,
    'gpu:0 GeForce RTX 3090:mem': 25,
    'gpu:0 GeForce RTX 3090:mem_used_bytes': 6_000_000_000,
    'gpu:0 GeForce RTX 3090:celsius': 61,
    'gpu:0 GeForce RTX 3090:watts': 214.4,
  });
});

it('what a model does not tell is left out', async () => {
  const gpu = createGpu(() =>
    Promise.resolve(driver({ ...answers(), milliwatts: undefined, celsius: undefined })),
  );
  const fields = await gpu.collect(at(0));
  expect(fields).toHaveProperty('gpu:0 GeForce RTX 3090:busy');
  expect(fields).not.toHaveProperty('gpu:0 GeForce RTX 3090:watts');
});

it('a machine without the driver has none, and is asked again after ten minutes', async () => {
  let tries = 0;
  const gpu = createGpu(() => {
    tries++;
    return Promise.reject(new Error('nvml.dll is not there'));
  });
  for (const ms of [0, 5000, 599_000]) expect(await gpu.collect(at(ms))).toBe('absent');
  expect(tries).toBe(1);
  await gpu.collect(at(600_000));
  expect(tries).toBe(2);
});
