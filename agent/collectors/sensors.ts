/** Temperatures from /sys/class/hwmon, or from /sys/class/thermal on machines that have no hwmon sensors. */
import { readdirSync } from 'node:fs';
import { instanceField } from '#protocol/fields.ts';
import { tenth } from './rates.ts';
import type { Collector, Context, Fields } from './collector.ts';

interface Found {
  /** Chip and label, `coretemp Package id 0`. */
  readonly name: string;
  readonly path: string;
}

interface Sensor {
  /** `sensor:coretemp Package id 0:celsius`. */
  readonly field: string;
  readonly path: string;
}

const HWMON = '/sys/class/hwmon';
const THERMAL = '/sys/class/thermal';
/** How often new sensors are looked for, in milliseconds: they are seldom plugged in. */
const SEARCH_EVERY = 60_000;

type List = (folder: string) => readonly string[];
type Read = Context['read'];

function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  } catch {
    // A container, or a machine without sensors, has no such folder.
    return [];
  }
}

function findHwmon(list: List, read: Read): Found[] {
  return list(HWMON).flatMap((chip) => {
    const chipName = read(`${HWMON}/${chip}/name`)?.trim() ?? chip;
    return list(`${HWMON}/${chip}`)
      .filter((file) => /^temp\d+_input$/.test(file))
      .map((file) => {
        const label = read(`${HWMON}/${chip}/${file.replace('_input', '_label')}`)?.trim();
        return {
          name: `${chipName} ${label ?? file.replace('_input', '')}`,
          path: `${HWMON}/${chip}/${file}`,
        };
      });
  });
}

function findThermal(list: List, read: Read): Found[] {
  return list(THERMAL)
    .filter((zone) => zone.startsWith('thermal_zone'))
    .map((zone) => ({
      name: read(`${THERMAL}/${zone}/type`)?.trim() ?? zone,
      path: `${THERMAL}/${zone}/temp`,
    }));
}

/** Two chips of one kind have sensors with equal names: the second is called `… 2`. */
function withUniqueFields(found: readonly Found[]): Sensor[] {
  const count = new Map<string, number>();
  return found.map(({ name, path }) => {
    const number = (count.get(name) ?? 0) + 1;
    count.set(name, number);
    return { field: instanceField('sensor', number === 1 ? name : `${name} ${number}`, 'celsius'), path };
  });
}

function findSensors(list: List, read: Read): Sensor[] {
  const hwmon = findHwmon(list, read);
  return withUniqueFields(hwmon.length > 0 ? hwmon : findThermal(list, read));
}

/** Millidegrees as the kernel writes them → °C; undefined for text or temperatures that no working sensor gives. */
export function parseMillidegrees(text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const celsius = Number(text) / 1000;
  return celsius > -100 && celsius < 250 ? tenth(celsius) : undefined;
}

export function createSensors(list: List = listFolder): Collector {
  let sensors: Sensor[] = [];
  let searchedAt = -Infinity;
  return {
    collect({ at, read }) {
      if (at - searchedAt >= SEARCH_EVERY) {
        sensors = findSensors(list, read);
        searchedAt = at;
      }
      const fields: Fields = {};
      let known = false;
      for (const { field, path } of sensors) {
        const celsius = parseMillidegrees(read(path));
        if (celsius === undefined) continue;
        fields[field] = celsius;
        known = true;
      }
      return known ? fields : 'absent';
    },
  };
}
