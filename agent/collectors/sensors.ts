/** Temperatures from /sys/class/hwmon and /sys/class/thermal, the processor's first. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { instanceField } from '#protocol/fields.ts';
import { createAsker, shareOfThreads, type Asker } from './asking.ts';
import type { Collector, Context, Fields } from './collector.ts';
import { keepNames } from './instance-names.ts';
import { tenth } from './rates.ts';

interface Found {
  /** The chip's name, or the zone's type. */
  readonly chip: string;
  /** Chip and label, `coretemp Package id 0`. */
  readonly name: string;
  readonly path: string;
  /** The file that says 1 while the sensor is broken or not connected. */
  readonly fault?: string;
}

interface Sensor extends Found {
  /** `sensor:coretemp Package id 0:celsius`. */
  readonly field: string;
}

/** How often new sensors are looked for, in milliseconds: they are seldom plugged in. */
const SEARCH_EVERY = 60_000;
/** The chips and zones that measure the processor. */
const PROCESSOR = /^(coretemp|k\d+temp|zenpower|via_cputemp|x86_pkg_temp|cpu|soc)/i;

type Read = Context['read'];

function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  } catch {
    // A container, or a machine without sensors, has no such folder.
    return [];
  }
}

function findHwmon(hwmon: string, read: Read): Found[] {
  return listFolder(hwmon).flatMap((entry) => {
    const folder = join(hwmon, entry);
    const chipName = read(join(folder, 'name'))?.trim() ?? entry;
    const files = listFolder(folder);
    return files
      .filter((file) => /^temp\d+_input$/.test(file))
      .map((file) => {
        const label = read(join(folder, file.replace('_input', '_label')))?.trim();
        const fault = file.replace('_input', '_fault');
        return {
          chip: chipName,
          name: `${chipName} ${label ?? file.replace('_input', '')}`,
          path: join(folder, file),
          ...(files.includes(fault) ? { fault: join(folder, fault) } : {}),
        };
      });
  });
}

/** Zones that have a chip of their own in hwmon are measured there. */
function findThermal(thermal: string, read: Read, hwmon: readonly Found[]): Found[] {
  const chips = new Set(hwmon.map(({ chip }) => chip));
  return listFolder(thermal)
    .filter((zone) => zone.startsWith('thermal_zone'))
    .map((zone) => {
      const type = read(join(thermal, zone, 'type'))?.trim() ?? zone;
      return { chip: type, name: type, path: join(thermal, zone, 'temp') };
    })
    .filter(({ chip }) => {
      // coretemp measures the same sensor as this zone.
      if (chip === 'x86_pkg_temp' && chips.has('coretemp')) return false;
      // A chip's name has no hyphen.
      return !chips.has(chip.replaceAll('-', '_'));
    });
}

const fieldOf = keepNames((name) => instanceField('sensor', name, 'celsius'));

/** Two chips of one kind have sensors with equal names: the second is called `… 2`. */
function withUniqueFields(found: readonly Found[]): Sensor[] {
  const count = new Map<string, number>();
  return found.map((one) => {
    const number = (count.get(one.name) ?? 0) + 1;
    count.set(one.name, number);
    return { ...one, field: fieldOf(number === 1 ? one.name : `${one.name} ${number}`) };
  });
}

function findSensors(sysClass: string, read: Read): Sensor[] {
  const hwmon = findHwmon(join(sysClass, 'hwmon'), read);
  const all = withUniqueFields([...hwmon, ...findThermal(join(sysClass, 'thermal'), read, hwmon)]);
  const isProcessor = ({ chip }: Found) => PROCESSOR.test(chip);
  return [...all.filter(isProcessor), ...all.filter((one) => !isProcessor(one))];
}

/** The range in which electronics work, in °C: chips are made for −40 to 125. */
const LEAST_CELSIUS = -40;
const MOST_CELSIUS = 125;

/**
 * [G8] The temperature, rounded; undefined for one that no working sensor gives. Inputs without a sensor often show the
 * ends of their range (127, −62, −128 °C) or exactly 0.
 */
export function plausibleCelsius(celsius: number): number | undefined {
  const isPlausible = celsius >= LEAST_CELSIUS && celsius <= MOST_CELSIUS && celsius !== 0;
  return isPlausible ? tenth(celsius) : undefined;
}

/** Millidegrees as the kernel writes them → °C; undefined for other text. */
export function parseMillidegrees(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  return plausibleCelsius(Number(text) / 1000);
}

/** [G3] A chip that hangs lets the others be read: each is read beside the sampling, with a quarter of Node's threads. */
export function createSensors(
  sysClass = '/sys/class',
  asker: Asker<number | undefined> = createAsker({ atOnce: shareOfThreads(0.25) }),
): Collector {
  let sensors: Sensor[] = [];
  let searchedAt = -Infinity;
  return {
    async collect({ at, read, readAside }) {
      if (at - searchedAt >= SEARCH_EVERY) {
        sensors = findSensors(sysClass, read);
        searchedAt = at;
      }
      if (sensors.length === 0) return 'absent';
      const measure = async ({ path, fault }: Sensor): Promise<number | undefined> => {
        if (fault !== undefined && (await readAside(fault))?.trim() === '1') return undefined;
        return parseMillidegrees(await readAside(path));
      };
      const answers = await asker.ask(new Map(sensors.map((one) => [one.field, () => measure(one)])));
      const fields: Fields = {};
      for (const { field } of sensors) {
        const celsius = answers.get(field);
        if (celsius !== undefined) fields[field] = celsius;
      }
      return Object.keys(fields).length > 0 ? fields : 'absent';
    },
  };
}
