/** What Windows says of all batteries together, those of an uninterruptible power supply at USB too. */
import { instanceField } from '#protocol/fields.ts';
import type { Collector, Fields } from '../collector.ts';
import { percent, tenth } from '../rates.ts';
import type { Win32 } from './win32.ts';

const CHARGE = instanceField('battery', 'all', 'charge');
const WATTS = instanceField('battery', 'all', 'watts');
/** [G8] More milliwatts than any battery gives: the system does not know them. */
const MOST_MILLIWATTS = 1e6;

/** SYSTEM_BATTERY_STATE → fields; absent without a battery. */
export function batteryFields(state: Buffer): Fields | 'absent' {
  if (state.readUInt8(1) === 0) return 'absent';
  const fields: Fields = { on_battery: state.readUInt8(0) === 0 ? 1 : 0 };
  const [full, left, rate] = [state.readUInt32LE(8), state.readUInt32LE(12), state.readInt32LE(16)];
  if (full > 0 && left <= full * 1.1) fields[CHARGE] = tenth(percent(left, full));
  if (Math.abs(rate) <= MOST_MILLIWATTS) fields[WATTS] = tenth(Math.abs(rate) / 1000);
  return fields;
}

export function createBatteries({ batteryState }: Pick<Win32, 'batteryState'>): Collector {
  return {
    collect() {
      const state = batteryState();
      return state === undefined ? 'absent' : batteryFields(state);
    },
  };
}
