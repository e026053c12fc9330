/** Devices with thousands of mounts that fill up and empty again in each push, under a rule about every mount. */
import { FIELDS_PER_SAMPLE } from '#protocol/fields.ts';
import { repeat, Tally, type Attack } from './attack.ts';
import { push } from './dial.ts';

const DEVICES = 5;
const PER_SECOND = 10;
const SAMPLES = 5;
const RULE = {
  name: 'Mount full',
  condition: {
    ...{ kind: 'threshold', metric: 'mount:*:used', threshold: 90, for_s: 0 },
    ...{ clear: 80, clear_for_s: 0 },
  },
  severity: 'warning',
};

const fields = Array.from({ length: FIELDS_PER_SAMPLE }, (_, i) => `mount:/srv/${i}:used`);

/** All mounts full in every other push, and empty in those between. */
function pushOf(device_id: string, turn: number) {
  const used = turn % 2 === 0 ? 99 : 1;
  const now = Date.now();
  const rows = Array.from({ length: SAMPLES }, (_, i) => [now - (SAMPLES - i), ...fields.map(() => used)]);
  return { device_id, hostname: device_id, ip: '10.0.0.1', fields, rows };
}

export const manyMounts: Attack = {
  name: 'many-mounts',
  what: `${DEVICES} devices push ${PER_SECOND} times a second in all; ${FIELDS_PER_SAMPLE} mounts each fill up and empty in turns`,
  devices: DEVICES,
  async prepare({ server }) {
    const { status, text } = await server.admin.ask('POST', '/alert-rules', { body: RULE });
    if (status !== 201) throw new Error(`the rule was not made: ${status} ${text}`);
  },
  async run(target) {
    const tally = new Tally();
    const client = target.server.client();
    await repeat(target, PER_SECOND, async (turn) => {
      const device = target.devices[turn % DEVICES];
      if (device === undefined) return;
      const body = pushOf(device.id, Math.floor(turn / DEVICES));
      const status = await push(client, device.token, body);
      tally.add(`answered ${status}:`);
    });
    return tally.counts();
  },
};
