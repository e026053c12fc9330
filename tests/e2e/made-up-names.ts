/** [S6] Everything that has a name gets the longest one: machines, tags, fields, a rule, a person and a key. */
import type { TestServer } from './product.ts';
import { register } from './pushing-device.ts';

/** Names without a place to break: Latin, right-to-left and full-width letters; and one that is markup. */
const HOSTS = [
  'W'.repeat(255),
  'עברית'.repeat(51),
  '漢字'.repeat(127),
  `${'x'.repeat(60)}.`.repeat(4),
  '<img src=x onerror=alert(1)>'.repeat(9),
];
const INSTANCE = `/srv/${'long-'.repeat(50)}`;

/** Adds them to a server; returns the ids of the machines. */
export async function addLongNames(server: TestServer): Promise<string[]> {
  const create = async (path: string, body: object) => {
    const { status, text } = await server.admin.ask('POST', path, { body });
    if (status !== 201) throw new Error(`${path} answered ${status}: ${text}`);
  };
  const deviceIds: string[] = [];
  const tags = Array.from({ length: 20 }, (_, i) => `${'t'.repeat(38)}${i % 10}${i < 10 ? 'a' : 'b'}`);
  for (const hostname of HOSTS) {
    const { id, token } = await register(server, hostname);
    deviceIds.push(id);
    await server.admin.ask('PATCH', `/devices/${id}`, { body: { tags } });
    const metrics = {
      ...{ cpu: 99, ram: 50, disk: 99, net_rx: 1e9, net_tx: 1e9 },
      [`mount:${INSTANCE}:used`]: 99,
      [`interface:${INSTANCE}1:rx`]: 1,
      [`interface:${INSTANCE}2:rx`]: 1,
      [`sensor:${INSTANCE}:celsius`]: 50,
      [`${'f'.repeat(63)}`]: 1,
    };
    const body = {
      device_id: id,
      hostname,
      ip: '2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff',
      timestamp: Date.now(),
      metrics,
    };
    const { status, text } = await server.client().ask('POST', '/metrics', { token, body });
    if (status !== 200) throw new Error(`a push was answered ${status}: ${text}`);
  }
  const condition = {
    kind: 'threshold',
    metric: 'mount:*:used',
    threshold: 20,
    clear: 10,
    for_s: 0,
    clear_for_s: 0,
  };
  const rule = {
    name: 'R'.repeat(120),
    condition,
    severity: 'critical',
    scope: { devices: deviceIds, tags: [] },
  };
  await create('/alert-rules', rule);
  const user = { username: 'u'.repeat(64), password: 'correct horse battery', role: 'viewer' };
  await create('/users', user);
  await create('/enrollment-keys', { name: 'K'.repeat(120), tags });
  return deviceIds;
}
