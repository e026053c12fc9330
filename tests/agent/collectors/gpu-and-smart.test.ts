import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createGpu, gpuFields, parseNvidiaLine } from '../../../agent/collectors/gpu.ts';
import { createSmart, diskOfState, parseSmartState } from '../../../agent/collectors/smart.ts';
import { contextAt } from './readings.ts';
import { sysFolder } from './sys.ts';

const STATE = 'smartd.WDC_WD40EFRX_68N32N0-WD_WCC7K0XXXX.ata.state';
const DISK = 'WDC_WD40EFRX_68N32N0-WD_WCC7K0XXXX';

const read = (path: string) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Not there.
    return undefined;
  }
};

function ownFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'watchfloor-gpu-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe('graphics processors', () => {
  it('a line of nvidia-smi is one card, and what a card does not tell is left out', () => {
    const line = '0, NVIDIA GeForce RTX 3090, 37, 4211, 24576, 61, 214.35';
    const reading = parseNvidiaLine(line);
    expect(reading && gpuFields(reading)).toEqual({
      'gpu:0 GeForce RTX 3090:busy': 37,
      'gpu:0 GeForce RTX 3090:mem': 17.13,
      'gpu:0 GeForce RTX 3090:mem_used_bytes': 4211 * 1024 * 1024,
      'gpu:0 GeForce RTX 3090:celsius': 61,
      'gpu:0 GeForce RTX 3090:watts': 214.4,
    });
    const silent = parseNvidiaLine('1, Tesla K80, [N/A], 0, 11441, 30, [N/A]');
    expect(silent && Object.keys(gpuFields(silent))).toEqual([
      'gpu:1 Tesla K80:mem_used_bytes',
      'gpu:1 Tesla K80:mem',
      'gpu:1 Tesla K80:celsius',
    ]);
    expect(
      parseNvidiaLine('NVIDIA-SMI has failed because it could not communicate with the driver'),
    ).toBeUndefined();
  });

  it('[G4] one nvidia-smi serves all samples, and ends with the agent', async () => {
    const folder = ownFolder();
    const command = join(folder, 'nvidia-smi');
    const runs = join(folder, 'runs');
    writeFileSync(
      command,
      `#!/bin/sh\necho $$ >> ${runs}\necho '0, NVIDIA A2, 5, 10, 100, 40, 20'\nexec sleep 600\n`,
    );
    chmodSync(command, 0o755);
    const gpu = createGpu('/nowhere', { driver: '/proc/self/stat', command });
    let at = 0;
    const sample = async () => gpu.collect(contextAt((at += 5000), read));
    await expect.poll(sample).toHaveProperty(['gpu:0 A2:busy'], 5);
    await sample();
    const pids = readFileSync(runs, 'utf8').trim().split('\n').map(Number);
    expect(pids).toHaveLength(1);
    gpu.stop?.();
    const isRunning = () => read(`/proc/${pids[0]}/stat`)?.includes(') S') ?? false;
    await expect.poll(isRunning).toBe(false);
  });

  it('a machine without the driver starts nothing, and AMD’s cards are read from /sys', async () => {
    const drm = sysFolder({
      'card0/device/gpu_busy_percent': '42',
      'card0/device/mem_info_vram_used': '1000',
      'card0/device/mem_info_vram_total': '4000',
      'card0-HDMI-A-1/status': 'connected',
      'card1/device/vendor': '0x8086',
    });
    const none = { driver: '/nowhere', command: '/nowhere' };
    expect(await createGpu(drm, none).collect(contextAt(0, read))).toEqual({
      'gpu:card0:busy': 42,
      'gpu:card0:mem_used_bytes': 1000,
      'gpu:card0:mem': 25,
    });
    expect(await createGpu('/nowhere', none).collect(contextAt(0, read))).toBe('absent');
  });
});

describe('the health of disks', () => {
  it('what smartd keeps of a disk tells that it fails, and by what', async () => {
    const folder = ownFolder();
    copyFileSync(join(import.meta.dirname, 'fixtures', STATE), join(folder, STATE));
    writeFileSync(join(folder, `attrlog.${DISK}.ata.csv`), '');
    expect(await createSmart(folder).collect(contextAt(0, read))).toEqual({
      [`smart:${DISK}:failing`]: 1,
      [`smart:${DISK}:reallocated`]: 8,
      [`smart:${DISK}:pending`]: 3,
      [`smart:${DISK}:errors`]: 3,
    });
    expect(await createSmart('/nowhere').collect(contextAt(0, read))).toBe('absent');
  });

  it('a disk of which smartd told nothing is not failing, and raw numbers above 32 bits are cut', () => {
    expect(
      parseSmartState('d', 'ata-smart-attribute.0.id = 5\nata-smart-attribute.0.raw = 4294967298\n'),
    ).toEqual({
      'smart:d:failing': 0,
      'smart:d:reallocated': 2,
    });
    expect(diskOfState('smartd.Samsung_SSD_980-S64-n1.nvme.state')).toBe('Samsung_SSD_980-S64');
    expect(diskOfState('attrlog.x.ata.csv')).toBeUndefined();
  });
});
