/** A device whose pushes are large and valid, each with new names of fields. */
import { repeat, Tally, type Attack, type Target } from './attack.ts';
import { push } from './dial.ts';

const PER_SECOND = 10;
const SAMPLES = 1000;
const NEW_FIELDS = 20;
const MINUTE = 60_000;
/** So many pushes share a minute: the samples of each lie a millisecond after those of the one before. */
const PER_MINUTE = MINUTE / SAMPLES;
const CHARTS_PER_SECOND = 2;

/** The push of this turn: all of its samples within one minute, no two pushes with a sample of the same time. */
function pushOf(device_id: string, turn: number) {
  const minute = Math.floor(Date.now() / MINUTE) * MINUTE - (1 + Math.floor(turn / PER_MINUTE)) * MINUTE;
  const first = minute + (turn % PER_MINUTE);
  const fields = Array.from({ length: NEW_FIELDS }, (_, i) => `new_${turn * NEW_FIELDS + i}`);
  const rows = Array.from({ length: SAMPLES }, (_, i) => [
    first + (i * MINUTE) / SAMPLES,
    ...fields.map((_, place) => i + place),
  ]);
  return { device_id, hostname: device_id, ip: '10.0.0.1', fields, rows };
}

/** The devices: the attacker's, and one whose chart is asked for meanwhile. */
function roles({ devices: [attacker, other] }: Target) {
  if (attacker === undefined || other === undefined) throw new Error('the attack needs two devices');
  return { attacker, other };
}

export const manyFields: Attack = {
  name: 'many-fields',
  what: `a device sends ${PER_SECOND} pushes a second of ${SAMPLES} samples of one minute with ${NEW_FIELDS} new names each`,
  devices: 2,
  async prepare(target) {
    const { id, token } = roles(target).other;
    const body = { device_id: id, hostname: id, ip: '10.0.0.1', metrics: { cpu: 5 }, timestamp: Date.now() };
    await target.server.admin.ask('POST', '/metrics', { token, body });
  },
  async run(target) {
    const tally = new Tally();
    const { attacker, other } = roles(target);
    const client = target.server.client();
    const pushing = repeat(target, PER_SECOND, async (turn) => {
      const body = pushOf(attacker.id, turn);
      const status = await push(client, attacker.token, body);
      tally.add(`answered ${status}:`);
    });
    const charting = repeat(target, CHARTS_PER_SECOND, async () => {
      const asked = performance.now();
      const { status } = await target.server.admin.ask('GET', `/devices/${other.id}/metrics?fields=cpu`);
      tally.add(`charts of another device answered ${status}:`);
      tally.most('slowest chart, ms', Math.round(performance.now() - asked));
    });
    await Promise.all([pushing, charting]);
    return tally.counts();
  },
};
