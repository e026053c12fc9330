/**
 * Temperatures, fans, labelled voltages and power from /sys/class/hwmon and /sys/class/thermal, the processor's first; and
 * the processor's power from its own counter of energy, which most systems let root alone read.
 */
import { join } from 'node:path';
import { instanceField } from '#protocol/fields.ts';
import { createAsker, shareOfThreads, type Asker } from './asking.ts';
import type { Collector, Context, Fields } from './collector.ts';
import { keepNames } from './instance-names.ts';
import { createRates, hundredth, isKnown, tenth, type Rates } from './rates.ts';
import { namesIn } from './system-files.ts';

/** `energy` is counted, and becomes watts. */
type Quantity = 'celsius' | 'rpm' | 'volts' | 'watts' | 'energy';

interface Found {
  /** The chip's name, or the zone's type. */
  readonly chip: string;
  /** Chip and label, `coretemp Package id 0`. */
  readonly name: string;
  readonly path: string;
  readonly quantity: Quantity;
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
  return (namesIn(folder) ?? []).toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

function findHwmon(hwmon: string, read: Read): Found[] {
  return listFolder(hwmon).flatMap((entry) => {
    const folder = join(hwmon, entry);
    const chipName = read(join(folder, 'name'))?.trim() ?? entry;
    const files = listFolder(folder);
    return files.flatMap((file): Found[] => {
      const [, kind = '', number = '', reading = ''] =
        /^(temp|fan|in|power)(\d+)_(input|average)$/.exec(file) ?? [];
      const quantity = QUANTITIES[kind];
      if (quantity === undefined) return [];
      const input = `${kind}${number}`;
      const label = read(join(folder, `${input}_label`))?.trim();
      // Boards have a dozen voltages, of which only the labelled ones say something.
      if (kind === 'in' && label === undefined) return [];
      if (reading === 'average' && files.includes(`${input}_input`)) return [];
      const fault = `${input}_fault`;
      return [
        {
          chip: chipName,
          name: `${chipName} ${label ?? input}`,
          path: join(folder, file),
          quantity,
          ...(files.includes(fault) ? { fault: join(folder, fault) } : {}),
        },
      ];
    });
  });
}

const QUANTITIES: Readonly<Record<string, Quantity>> = {
  temp: 'celsius',
  fan: 'rpm',
  in: 'volts',
  power: 'watts',
};

/** The counters of energy of whole processors; those of their parts have a name with two numbers. */
function findEnergy(powercap: string, read: Read): Found[] {
  return listFolder(powercap)
    .filter((zone) => /^intel-rapl:\d+$/.test(zone))
    .flatMap((zone) => {
      const path = join(powercap, zone, 'energy_uj');
      const name = read(join(powercap, zone, 'name'))?.trim() ?? zone;
      // Only root may read it, on most systems.
      return read(path) === undefined
        ? []
        : [{ chip: 'cpu', name: `CPU ${name}`, path, quantity: 'energy' as const }];
    });
}

/** Zones that have a chip of their own in hwmon are measured there. */
function findThermal(thermal: string, read: Read, hwmon: readonly Found[]): Found[] {
  const chips = new Set(hwmon.map(({ chip }) => chip));
  return listFolder(thermal)
    .filter((zone) => zone.startsWith('thermal_zone'))
    .map((zone) => {
      const type = read(join(thermal, zone, 'type'))?.trim() ?? zone;
      return { chip: type, name: type, path: join(thermal, zone, 'temp'), quantity: 'celsius' as const };
    })
    .filter(({ chip }) => {
      // coretemp measures the same sensor as this zone.
      if (chip === 'x86_pkg_temp' && chips.has('coretemp')) return false;
      // A chip's name has no hyphen.
      return !chips.has(chip.replaceAll('-', '_'));
    });
}

const fieldsOf = keepNames((name) => {
  const watts = instanceField('sensor', name, 'watts');
  return {
    celsius: instanceField('sensor', name, 'celsius'),
    rpm: instanceField('sensor', name, 'rpm'),
    volts: instanceField('sensor', name, 'volts'),
    watts,
    energy: watts,
  } satisfies Record<Quantity, string>;
});

/** Two chips of one kind have sensors with equal names: the second is called `… 2`. */
function withUniqueFields(found: readonly Found[]): Sensor[] {
  const count = new Map<string, number>();
  return found.map((one) => {
    const same = `${one.name}:${one.quantity}`;
    const number = (count.get(same) ?? 0) + 1;
    count.set(same, number);
    return { ...one, field: fieldsOf(number === 1 ? one.name : `${one.name} ${number}`)[one.quantity] };
  });
}

function findSensors(sysClass: string, read: Read): Sensor[] {
  const hwmon = findHwmon(join(sysClass, 'hwmon'), read);
  const all = withUniqueFields([
    ...hwmon,
    ...findThermal(join(sysClass, 'thermal'), read, hwmon),
    ...findEnergy(join(sysClass, 'powercap'), read),
  ]);
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

/** [G8] What fans, voltages and powers of machines can be, in the unit of the field. */
const MOST_RPM = 50_000;
const MOST_VOLTS = 500;
const MOST_WATTS = 20_000;

/** The number as the kernel writes it → the value in the field's unit; undefined for one that cannot be. */
export function parseReading(quantity: Quantity, text: string | undefined): number | undefined {
  if (text === undefined || text.trim() === '') return undefined;
  const number = Number(text);
  const within = (value: number, most: number) => (Math.abs(value) <= most ? value : undefined);
  switch (quantity) {
    case 'celsius':
      return plausibleCelsius(number / 1000);
    case 'rpm':
      return number >= 0 ? within(number, MOST_RPM) : undefined;
    case 'volts':
      return within(hundredth(number / 1000), MOST_VOLTS);
    case 'watts':
      return number >= 0 ? within(tenth(number / 1e6), MOST_WATTS) : undefined;
    case 'energy':
      return number >= 0 ? number : undefined;
  }
}

/** Microjoules a second → watts; undefined while there is no rate. */
function wattsOf(rates: Rates, field: string, microjoules: number): number | undefined {
  const rate = rates.perSecond(field, microjoules, MOST_WATTS * 1e6);
  return isKnown(rate) ? tenth(rate / 1e6) : undefined;
}

/** [G3] A chip that hangs lets the others be read: each is read beside the sampling, with a quarter of Node's threads. */
export function createSensors(
  sysClass = '/sys/class',
  asker: Asker<number | undefined> = createAsker({ atOnce: shareOfThreads(0.25) }),
): Collector {
  let sensors: Sensor[] = [];
  let searchedAt = -Infinity;
  const rates = createRates();
  /** Fans that turned since the start: a plug without a fan shows 0, and so does a fan that stopped. */
  const turned = new Set<string>();

  const valueOf = ({ field, quantity }: Sensor, reading: number): number | undefined => {
    if (quantity === 'energy') return wattsOf(rates, field, reading);
    if (quantity !== 'rpm') return reading;
    if (reading > 0) turned.add(field);
    return turned.has(field) ? reading : undefined;
  };

  return {
    async collect({ at, read, readAside }) {
      if (at - searchedAt >= SEARCH_EVERY) {
        sensors = findSensors(sysClass, read);
        searchedAt = at;
      }
      if (sensors.length === 0) return 'absent';
      const measure = async ({ path, fault, quantity }: Sensor): Promise<number | undefined> => {
        if (fault !== undefined && (await readAside(fault))?.trim() === '1') return undefined;
        return parseReading(quantity, await readAside(path));
      };
      const answers = await asker.ask(new Map(sensors.map((one) => [one.field, () => measure(one)])));
      const fields: Fields = {};
      rates.begin(at);
      for (const one of sensors) {
        const reading = answers.get(one.field);
        const value = reading === undefined ? undefined : valueOf(one, reading);
        if (value !== undefined) fields[one.field] = value;
      }
      return Object.keys(fields).length > 0 ? fields : 'absent';
    },
  };
}
