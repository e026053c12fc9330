/** Temperatures from /sys/class/hwmon, or from /sys/class/thermal on machines without. */
import { readdirSync } from 'node:fs';
import { tenth } from './rates.ts';
import type { Collector, Context, Instances } from './collector.ts';

interface Sensor {
  readonly name: string;
  readonly path: string;
}

const HWMON = '/sys/class/hwmon';
const THERMAL = '/sys/class/thermal';
/** Sensors are plugged in seldom. */
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

function findHwmon(list: List, read: Read): Sensor[] {
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

function findThermal(list: List, read: Read): Sensor[] {
  return list(THERMAL)
    .filter((zone) => zone.startsWith('thermal_zone'))
    .map((zone) => ({
      name: read(`${THERMAL}/${zone}/type`)?.trim() ?? zone,
      path: `${THERMAL}/${zone}/temp`,
    }));
}

/** Two chips of one kind have sensors of one name: the second becomes `… 2`. */
function withOwnNames(sensors: readonly Sensor[]): Sensor[] {
  const count = new Map<string, number>();
  return sensors.map(({ name, path }) => {
    const number = (count.get(name) ?? 0) + 1;
    count.set(name, number);
    return { name: number === 1 ? name : `${name} ${number}`, path };
  });
}

export function findSensors(list: List, read: Read): Sensor[] {
  const hwmon = findHwmon(list, read);
  return withOwnNames(hwmon.length > 0 ? hwmon : findThermal(list, read));
}

/** Millidegrees as the kernel writes them → °C; undefined for what no working sensor says. */
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
      const sensor: Instances = {};
      for (const { name, path } of sensors) {
        const celsius = parseMillidegrees(read(path));
        if (celsius !== undefined) sensor[name] = { celsius };
      }
      return Object.keys(sensor).length > 0 ? { sensor } : 'absent';
    },
  };
}
