import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createAsker } from '../../../agent/collectors/asking.ts';
import type { Context, Fields } from '../../../agent/collectors/collector.ts';
import { createSensors, parseReading } from '../../../agent/collectors/sensors.ts';
import { contextAt } from './readings.ts';
import { sysFolder } from './sys.ts';

afterEach(() => void vi.useRealTimers());

/** A file's text, as the agent's reader gives it. */
const read: Context['read'] = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Not there.
    return undefined;
  }
};

async function measure(files: Readonly<Record<string, string>>): Promise<Fields | 'absent'> {
  return createSensors(sysFolder(files)).collect(contextAt(0, read));
}

describe('sensors', () => {
  it('sensors are named by chip and label, each with its own name', async () => {
    expect(
      await measure({
        'hwmon/hwmon0/name': 'coretemp',
        'hwmon/hwmon0/temp1_label': 'Package id 0',
        'hwmon/hwmon0/temp1_input': '45500',
        'hwmon/hwmon1/name': 'coretemp',
        'hwmon/hwmon1/temp1_label': 'Package id 0',
        'hwmon/hwmon1/temp1_input': '47000',
      }),
    ).toEqual({
      'sensor:coretemp Package id 0:celsius': 45.5,
      'sensor:coretemp Package id 0 2:celsius': 47,
    });
  });

  it('sensors are the chips of hwmon and the thermal zones, the processor’s first', async () => {
    const fields = await measure({
      'hwmon/hwmon0/name': 'acpitz',
      'hwmon/hwmon0/temp1_input': '27800',
      'hwmon/hwmon0/temp2_input': '29800',
      'thermal/thermal_zone0/type': 'acpitz',
      'thermal/thermal_zone0/temp': '27800',
      'thermal/thermal_zone1/type': 'x86_pkg_temp',
      'thermal/thermal_zone1/temp': '66000',
      'thermal/cooling_device0/type': 'Processor',
    });
    // The zone acpitz is the chip acpitz.
    expect(Object.entries(fields)).toEqual([
      ['sensor:x86_pkg_temp:celsius', 66],
      ['sensor:acpitz temp1:celsius', 27.8],
      ['sensor:acpitz temp2:celsius', 29.8],
    ]);
  });

  it.each([
    [
      'a board of ARM',
      { 'thermal/thermal_zone0/type': 'cpu-thermal', 'thermal/thermal_zone0/temp': '52123' },
      ['cpu-thermal'],
    ],
    [
      'a board of ARM whose zones are chips, too',
      {
        'hwmon/hwmon0/name': 'nvme',
        'hwmon/hwmon0/temp1_input': '40000',
        'hwmon/hwmon1/name': 'cpu_thermal',
        'hwmon/hwmon1/temp1_input': '52123',
        'thermal/thermal_zone0/type': 'cpu-thermal',
        'thermal/thermal_zone0/temp': '52123',
      },
      ['cpu_thermal temp1', 'nvme temp1'],
    ],
    [
      'an AMD machine with a zone of its board',
      {
        'hwmon/hwmon0/name': 'nvme',
        'hwmon/hwmon0/temp1_input': '40000',
        'hwmon/hwmon1/name': 'k10temp',
        'hwmon/hwmon1/temp1_label': 'Tctl',
        'hwmon/hwmon1/temp1_input': '61000',
        'thermal/thermal_zone0/type': 'INT3400 Thermal',
        'thermal/thermal_zone0/temp': '20000',
      },
      ['k10temp Tctl', 'nvme temp1', 'INT3400 Thermal'],
    ],
    [
      'an Intel machine, whose package is measured twice',
      {
        'hwmon/hwmon0/name': 'coretemp',
        'hwmon/hwmon0/temp1_label': 'Package id 0',
        'hwmon/hwmon0/temp1_input': '61000',
        'thermal/thermal_zone0/type': 'x86_pkg_temp',
        'thermal/thermal_zone0/temp': '61000',
      },
      ['coretemp Package id 0'],
    ],
  ])('sensors of %s are each shown once', async (_, files, names) => {
    expect(Object.keys(await measure(files))).toEqual(names.map((name) => `sensor:${name}:celsius`));
  });

  it('[G8] a temperature that no working sensor gives is left out', async () => {
    const inputs = [127000, -62000, 0, -128000, 127500, 255000, -273150, -40100, 125100];
    const files = Object.fromEntries(
      inputs.map((value, n) => [`hwmon/hwmon0/temp${n + 3}_input`, String(value)]),
    );
    expect(
      await measure({
        ...files,
        'hwmon/hwmon0/name': 'nct6775',
        'hwmon/hwmon0/temp1_input': '38500',
        // Freezing cold, but not broken.
        'hwmon/hwmon0/temp2_input': '-12000',
      }),
    ).toEqual({ 'sensor:nct6775 temp1:celsius': 38.5, 'sensor:nct6775 temp2:celsius': -12 });
    for (const text of ['', 'x', undefined]) expect(parseReading('celsius', text)).toBeUndefined();
  });

  it('[G8] a sensor whose chip says that it is broken is left out', async () => {
    expect(
      await measure({
        'hwmon/hwmon0/name': 'lm90',
        'hwmon/hwmon0/temp1_input': '38500',
        'hwmon/hwmon0/temp1_fault': '0',
        'hwmon/hwmon0/temp2_input': '85000',
        'hwmon/hwmon0/temp2_fault': '1',
      }),
    ).toEqual({ 'sensor:lm90 temp1:celsius': 38.5 });
  });

  it('sensors are absent in a container', async () => {
    expect(await measure({})).toBe('absent');
  });

  it.each(['nvme', 'drivetemp'])(
    '[G3] a sensor of %s that never answers lets the others be read',
    async (chip) => {
      const folder = sysFolder({
        'hwmon/hwmon0/name': chip,
        'hwmon/hwmon0/temp1_input': '40000',
        'hwmon/hwmon1/name': 'coretemp',
        'hwmon/hwmon1/temp1_input': '61000',
        'thermal/thermal_zone0/type': 'board',
        'thermal/thermal_zone0/temp': '30000',
      });
      vi.useFakeTimers();
      const collector = createSensors(folder, createAsker({ atOnce: 2 }));
      const readAside = (path: string) =>
        path.includes('hwmon0') ? new Promise<never>(() => undefined) : Promise.resolve(read(path));
      for (let at = 0; at < 30_000; at += 5000) {
        const answer = collector.collect({ at, read, readAside });
        await vi.advanceTimersByTimeAsync(5000);
        expect(await answer).toEqual({
          'sensor:coretemp temp1:celsius': 61,
          'sensor:board:celsius': 30,
        });
      }
    },
  );
});
