/**
 * `node tests/packages/installing.ts`, as root: pastes the line of "Add a machine" on a clean Debian, waits until the
 * machine is in the list, gives the service numbers of others and a probe to take, removes the package again, and says which
 * files are left. It needs the packages of linux-x64.
 */
import { join } from 'node:path';
import { devicesReply, enrollmentKeyCreated } from '#protocol/api.ts';
import { deviceFieldsReply } from '#protocol/device-fields.ts';
import { eventually } from '../e2e/eventually.ts';
import { startServer } from '../e2e/product.ts';
import { bootMachine } from './nspawn-machine.ts';

const packages =
  process.env['WATCHFLOOR_PACKAGES'] ?? join(import.meta.dirname, '..', '..', 'data', 'packages');
const server = await startServer({ env: { WATCHFLOOR_PACKAGES: packages } });
const made = () =>
  server.admin
    .ask('POST', '/enrollment-keys', { body: {} })
    .then((answer) => answer.as(enrollmentKeyCreated));
const { command } = await eventually('the packages were checked', async () => {
  const key = await made();
  return key.install.linux !== null && key;
});
const machine = await bootMachine('wf-installing');
try {
  const before = machine.files();
  console.log(`$ ${command}`);
  console.log(machine.run(command).output);
  const began = Date.now();
  const device = await eventually('the machine was in the list', async () => {
    const { devices } = (await server.admin.ask('GET', '/devices')).as(devicesReply);
    return devices.find(({ metrics }) => metrics['cpu'] !== undefined);
  });
  console.log(`In GET /devices after ${Date.now() - began} ms: ${JSON.stringify(device).slice(0, 240)}`);
  const show = (lines: string) => console.log(machine.run(lines).output);
  show(
    'systemctl status watchfloor-agent --no-pager -n 3; systemctl is-enabled watchfloor-agent; ls -l /etc/watchfloor',
  );
  show('tr "\\0" " " </proc/$(systemctl show -p MainPID --value watchfloor-agent)/cmdline');
  machine.run(`
    echo 'WATCHFLOOR_STATSD=18125,/run/watchfloor-agent/statsd.sock' >>/etc/watchfloor/agent.env
    echo 'WATCHFLOOR_PROBES=local' >>/etc/watchfloor/agent.env
    printf '# UNIT backup_bytes bytes\\nbackup_bytes 5\\n' >/var/lib/watchfloor-metrics/backup.prom
    systemctl restart watchfloor-agent`);
  const probe = { kind: 'tcp', name: 'Own', target: `127.0.0.1:${server.port}`, interval_s: 5, scope: {} };
  await server.admin.ask('POST', '/probes', { body: probe });
  const own = await eventually(
    'numbers of a file, of a line and of a probe came from the hardened service',
    async () => {
      machine.run(`bash -c 'echo "jobs:3|c" >/dev/udp/127.0.0.1/18125'`);
      const path = `/devices/${device.device_id}/fields?top=100`;
      const { instances } = (await server.admin.ask('GET', path)).as(deviceFieldsReply);
      const found = instances.filter(({ kind }) => ['backup', 'statsd', 'probe'].includes(kind));
      return (
        new Set(found.map(({ kind }) => kind)).size === 3 &&
        found.map(({ fields, values }) => `${fields.join(' ')}: ${values.join(' ')}`)
      );
    },
    60_000,
  );
  console.log(own.join('\n'));
  show('ls -l /run/watchfloor-agent; systemd-analyze security watchfloor-agent --no-pager | tail -1');
  const added = [...machine.files()].filter((path) => !before.has(path));
  console.log(`${added.length} files more:\n${added.join('\n')}\n`);
  show('dpkg -P watchfloor-agent');
  const left = [...machine.files()].filter((path) => !before.has(path));
  console.log(`Files that are left: ${left.length === 0 ? 'none' : left.join(', ')}`);
  show('systemctl list-units --all | grep -i watchfloor; getent passwd watchfloor-agent; true');
} finally {
  await machine.stop();
  await server.dispose();
}
