import { expect, test } from 'vitest';
import { openInfluxHistory } from '../../influx/influx.ts';
import { influxName, originalName } from '../../influx/names.ts';
import { createLog } from '../../server/app/log.ts';

test.each([
  'cpu',
  'mount:/var:used',
  'C\\',
  'a "b"',
  '100%',
  '%5C',
  'two\nlines',
  'time',
  '_field',
  '日本 🛰',
  '',
])('the name %j is read back unchanged', (name) => {
  const stored = influxName(name);
  expect(originalName(stored)).toBe(name);
  expect(stored).not.toMatch(/[\\"\n]|^_|^time$/);
});

test('[H4] the history opens while InfluxDB is down, and its calls say what is wrong', async () => {
  const access = { token: 't', org: 'o', bucket: 'b', log: createLog('silent') };
  // Nothing listens on port 9 (discard).
  const history = await openInfluxHistory({ url: 'http://127.0.0.1:9', ...access });
  const samples = [{ t: Date.now(), values: { cpu: 1 } }];
  await expect(history.write([{ deviceId: 'd', samples }], 1)).rejects.toThrow(
    /InfluxDB at http:\/\/127\.0\.0\.1:9 does not take samples: it cannot be reached.*check INFLUX_URL/,
  );
  expect(await history.health()).toMatchObject({ kind: 'influxdb', healthy: false });
  await history.close();
});
