import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { batteryFields, createBatteries, parseSupply } from '../../../agent/collectors/batteries.ts';
import { createRaid, parseMdstat } from '../../../agent/collectors/raid.ts';
import { createSensors } from '../../../agent/collectors/sensors.ts';
import { createUps, parseUps } from '../../../agent/collectors/ups.ts';
import { fixture } from './fixture.ts';
import { contextAt } from './readings.ts';
import { sysFolder } from './sys.ts';

const readFile = (path: string) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Not there.
    return undefined;
  }
};

describe('arrays of disks', () => {
  it('an array of /proc/mdstat is degraded while a disk is missing, or while it cannot run at all', () => {
    expect(parseMdstat(fixture('mdstat.txt'))).toEqual([
      { name: 'md0', missing: 1, done: 5.6 },
      { name: 'md127', missing: 0, done: undefined },
      { name: 'md3', missing: 1, done: undefined },
    ]);
    expect(parseMdstat('Personalities :\nunused devices: <none>\n')).toEqual([]);
  });

  it('a pool of ZFS that is not ONLINE is degraded, and a machine without arrays has none', async () => {
    const zfs = sysFolder({ 'tank/state': 'DEGRADED', 'backup/state': 'ONLINE', arcstats: 'x' });
    const read = (path: string) => (path === '/proc/mdstat' ? fixture('mdstat.txt') : readFile(path));
    expect(await createRaid(zfs).collect(contextAt(0, read))).toEqual({
      'raid:md0:degraded': 1,
      'raid:md0:missing': 1,
      'raid:md0:rebuilt': 5.6,
      'raid:md127:degraded': 0,
      'raid:md127:missing': 0,
      'raid:md3:degraded': 1,
      'raid:md3:missing': 1,
      'raid:tank:degraded': 1,
      'raid:backup:degraded': 0,
    });
    expect(await createRaid('/nowhere').collect(contextAt(0, () => undefined))).toBe('absent');
  });
});

const BATTERY = [
  'POWER_SUPPLY_TYPE=Battery',
  'POWER_SUPPLY_STATUS=Discharging',
  'POWER_SUPPLY_CAPACITY=81',
  'POWER_SUPPLY_POWER_NOW=6410000',
  'POWER_SUPPLY_ENERGY_FULL=40000000',
  'POWER_SUPPLY_ENERGY_FULL_DESIGN=50000000',
].join('\n');

describe('batteries', () => {
  it('a laptop runs on its battery while no mains feeds it', async () => {
    const supplies = (online: string) =>
      sysFolder({
        'BAT0/uevent': BATTERY,
        'AC/uevent': `POWER_SUPPLY_TYPE=Mains\nPOWER_SUPPLY_ONLINE=${online}`,
        'mouse/uevent': 'POWER_SUPPLY_TYPE=Battery\nPOWER_SUPPLY_SCOPE=Device\nPOWER_SUPPLY_CAPACITY=3',
      });
    expect(await createBatteries(supplies('0')).collect(contextAt(0, readFile))).toEqual({
      'battery:BAT0:charge': 81,
      'battery:BAT0:watts': 6.4,
      'battery:BAT0:health': 80,
      on_battery: 1,
    });
    expect(await createBatteries(supplies('1')).collect(contextAt(0, readFile))).toHaveProperty(
      'on_battery',
      0,
    );
    expect(await createBatteries('/nowhere').collect(contextAt(0, readFile))).toBe('absent');
  });

  it('[G8] power comes from current and voltage where it is not told, and what cannot be is left out', () => {
    const of = (text: string) => batteryFields('B', parseSupply(text));
    expect(of('POWER_SUPPLY_CURRENT_NOW=-1500000\nPOWER_SUPPLY_VOLTAGE_NOW=12000000\n')).toEqual({
      'battery:B:watts': 18,
    });
    expect(
      of('POWER_SUPPLY_CAPACITY=255\nPOWER_SUPPLY_CHARGE_FULL=5\nPOWER_SUPPLY_CHARGE_FULL_DESIGN=0\n'),
    ).toEqual({
      'battery:B:health': 100,
    });
  });
});

describe('supplies of Network UPS Tools', () => {
  it('a supply tells its charge, its load and the time that is left', () => {
    expect(parseUps('office', fixture('nut-list-var.txt'))).toEqual({
      'ups:office:charge': 87,
      'ups:office:load': 23.5,
      'ups:office:runtime_s': 1260,
      'ups:office:on_battery': 1,
      'ups:office:battery_low': 1,
    });
  });

  /** A server that answers each question with a text; returns its port. */
  async function nut(answer: (question: string) => string): Promise<number> {
    const server = createServer((socket) => {
      socket.setEncoding('utf8');
      socket.on('data', (question: string) => {
        if (question.startsWith('LOGOUT')) socket.end('OK Goodbye\n');
        else socket.write(answer(question.trim()));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  it('every supply of the server is asked, and one that it refuses costs only itself', async () => {
    const list = 'BEGIN LIST UPS\nUPS gone "x"\nUPS office "A dummy"\nEND LIST UPS\n';
    const port = await nut((question) => {
      if (question === 'LIST UPS') return list;
      return question === 'LIST VAR office' ? fixture('nut-list-var.txt') : 'ERR DATA-STALE\n';
    });
    expect(await createUps(port).collect(contextAt(0, readFile))).toMatchObject({ 'ups:office:charge': 87 });
  });

  it('a machine without the server has none, and is asked again after five minutes', async () => {
    const port = await nut(() => 'ERR ACCESS-DENIED\n');
    const ups = createUps(port);
    expect(await ups.collect(contextAt(0, readFile))).toBe('absent');
    expect(await createUps(1).collect(contextAt(0, readFile))).toBe('absent');
  });
});

describe('fans, voltages and power', () => {
  it('fans that ever turned, labelled voltages and power are measured beside the temperatures', async () => {
    const files = {
      'hwmon/hwmon0/name': 'nct6775',
      'hwmon/hwmon0/fan1_input': '1210',
      'hwmon/hwmon0/fan2_input': '0',
      'hwmon/hwmon0/in0_input': '1016',
      'hwmon/hwmon0/in1_input': '12040',
      'hwmon/hwmon0/in1_label': '+12V',
      'hwmon/hwmon0/power1_average': '65300000',
      'powercap/intel-rapl:0/name': 'package-0',
      'powercap/intel-rapl:0/energy_uj': '1000000',
      'powercap/intel-rapl:0:0/name': 'core',
      'powercap/intel-rapl:0:0/energy_uj': '1',
    };
    let energy = 1_000_000;
    let fan = '1210';
    const read = (path: string) => {
      if (path.endsWith('intel-rapl:0/energy_uj')) return `${energy}\n`;
      return path.endsWith('fan1_input') ? `${fan}\n` : readFile(path);
    };
    const sensors = createSensors(sysFolder(files));
    expect(await sensors.collect(contextAt(0, read))).toEqual({
      'sensor:nct6775 fan1:rpm': 1210,
      'sensor:nct6775 +12V:volts': 12.04,
      'sensor:nct6775 power1:watts': 65.3,
    });
    energy += 30_000_000;
    fan = '0';
    expect(await sensors.collect(contextAt(1000, read))).toMatchObject({
      'sensor:CPU package-0:watts': 30,
      'sensor:nct6775 fan1:rpm': 0,
    });
    // [G8] The counter of energy wraps.
    energy = 5;
    expect(await sensors.collect(contextAt(2000, read))).not.toHaveProperty(['sensor:CPU package-0:watts']);
  });
});
