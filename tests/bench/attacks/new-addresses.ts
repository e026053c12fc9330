/** Devices that have another address and another name in each push, so that their records change all the time. */
import { repeat, Tally, type Attack } from './attack.ts';
import { push } from './dial.ts';

const DEVICES = 10_000;
const PER_SECOND = 400;

export const newAddresses: Attack = {
  name: 'new-addresses',
  what: `${DEVICES} devices push ${PER_SECOND} times a second in all, each time from a new address and host name`,
  devices: DEVICES,
  async run(target) {
    const tally = new Tally();
    const client = target.server.client();
    await repeat(target, PER_SECOND, async (turn) => {
      const device = target.devices[turn % target.devices.length];
      if (device === undefined) return;
      const [ip, hostname] = [`10.${(turn >> 16) & 255}.${(turn >> 8) & 255}.${turn & 255}`, `host-${turn}`];
      const body = { device_id: device.id, hostname, ip, metrics: { cpu: 5 }, timestamp: Date.now() };
      const status = await push(client, device.token, body);
      tally.add(`answered ${status}:`);
    });
    return tally.counts();
  },
};
