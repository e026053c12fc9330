/** The battery of a Mac, from its driver. */
import { instanceField } from '#protocol/fields.ts';
import type { Collector, Fields } from '../collector.ts';
import { percent, tenth } from '../rates.ts';
import type { Driver, IoKit } from './iokit.ts';

const CLASS = 'AppleSmartBattery';
const of = (field: string) => instanceField('battery', 'internal', field);
/** [G8] No battery gives more. */
const MOST_WATTS = 1000;

/** The driver's properties → fields. Newer ones tell the charge in percent, and what it holds apart from that. */
export function batteryFields(driver: Driver): Fields {
  const number = (key: string) => driver.number(key) ?? NaN;
  const fields: Fields = {};
  const [now, full] = [number('CurrentCapacity'), number('MaxCapacity')];
  if (full > 0 && now >= 0) fields[of('charge')] = tenth(percent(now, full));
  // Milliampere and millivolt.
  const watts = Math.abs(number('Amperage') * number('Voltage')) / 1e6;
  if (watts <= MOST_WATTS) fields[of('watts')] = tenth(watts);
  const holds = driver.number('AppleRawMaxCapacity') ?? full;
  const held = number('DesignCapacity');
  if (holds > 0 && held > 0) fields[of('health')] = tenth(percent(holds, held));
  const isFed = driver.number('ExternalConnected');
  if (isFed !== undefined) fields['on_battery'] = isFed === 0 ? 1 : 0;
  return fields;
}

export function createBatteries({ drivers }: IoKit): Collector {
  return {
    collect() {
      const [fields] = drivers(CLASS, batteryFields);
      return fields === undefined || Object.keys(fields).length === 0 ? 'absent' : fields;
    },
  };
}
