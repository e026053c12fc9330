/** Batteries and whether the machine runs on them, from /sys/class/power_supply. */
import { join } from 'node:path';
import { instanceField } from '#protocol/fields.ts';
import type { Collector, Context, Fields } from './collector.ts';
import { keepNames } from './instance-names.ts';
import { tenth } from './rates.ts';
import { namesIn } from './system-files.ts';

const SEARCH_EVERY = 60_000;
const namesOf = keepNames((name) => ({
  charge: instanceField('battery', name, 'charge'),
  watts: instanceField('battery', name, 'watts'),
  health: instanceField('battery', name, 'health'),
}));

/** uevent of a supply, `POWER_SUPPLY_STATUS=Discharging` a line → by the name without its beginning. */
export function parseSupply(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name = '', value = ''] of text.matchAll(/^POWER_SUPPLY_(\w+)=(.*)$/gm))
    found.set(name, value);
  return found;
}

/** What a battery says: charge and health in percent, and the watts that flow out of it or into it. */
export function batteryFields(name: string, supply: ReadonlyMap<string, string>): Fields {
  const names = namesOf(name);
  const of = (key: string) => Number(supply.get(key) ?? NaN);
  const fields: Fields = {};
  const add = (field: string, value: number, most: number) => {
    if (value >= 0 && value <= most) fields[field] = tenth(value);
  };
  add(names.charge, of('CAPACITY'), 100);
  const micro = supply.has('POWER_NOW') ? of('POWER_NOW') : (of('CURRENT_NOW') * of('VOLTAGE_NOW')) / 1e6;
  add(names.watts, Math.abs(micro) / 1e6, 1000);
  const kind = supply.has('ENERGY_FULL') ? 'ENERGY' : 'CHARGE';
  // What it holds when full, of what it held when it was new; a new one may hold a little more.
  add(names.health, Math.min(100, (of(`${kind}_FULL`) * 100) / of(`${kind}_FULL_DESIGN`)), 100);
  return fields;
}

export function createBatteries(folder = '/sys/class/power_supply'): Collector {
  let supplies: readonly string[] = [];
  let searchedAt = -Infinity;

  const readAll = async ({ readAside }: Context): Promise<(readonly [string, Map<string, string>])[]> => {
    const found: (readonly [string, Map<string, string>])[] = [];
    // The controller of a battery may let the reader wait.
    for (const name of supplies)
      found.push([name, parseSupply((await readAside(join(folder, name, 'uevent'))) ?? '')]);
    return found;
  };

  return {
    async collect(context) {
      if (context.at - searchedAt >= SEARCH_EVERY) {
        supplies = namesIn(folder) ?? [];
        searchedAt = context.at;
      }
      if (supplies.length === 0) return 'absent';
      const all = await readAll(context);
      // Mice and headsets have batteries, too.
      const batteries = all.filter(
        ([, supply]) => supply.get('TYPE') === 'Battery' && supply.get('SCOPE') !== 'Device',
      );
      if (batteries.length === 0) return 'absent';
      const fields: Fields = {};
      for (const [name, supply] of batteries) Object.assign(fields, batteryFields(name, supply));
      const mains = all.filter(([, supply]) => ['Mains', 'USB', 'UPS'].includes(supply.get('TYPE') ?? ''));
      const isFed = mains.some(([, supply]) => supply.get('ONLINE') === '1');
      const isDraining = batteries.some(([, supply]) => supply.get('STATUS') === 'Discharging');
      fields['on_battery'] = isDraining && !isFed ? 1 : 0;
      return fields;
    },
  };
}
