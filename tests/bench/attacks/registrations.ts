/** Registrations with wrong keys and with a spent key, which try to push administrators' entries out of the audit log. */
import { auditReply, enrollmentKeyCreated } from '#protocol/api.ts';
import { Tally, type Attack, type Target } from './attack.ts';
import { ask } from './dial.ts';

const CONNECTIONS = 10;

function register(target: Target, enrollment_key: string, hostname: string): Promise<number> {
  const machine = { enrollment_key, hostname, ip: '', os: 'Linux', device_id: 'attacked' };
  const body = Buffer.from(JSON.stringify({ ...machine, join_secret: 'the secret of the attacker' }));
  return ask(target, ['POST /devices/register HTTP/1.1', 'Content-Type: application/json'], body);
}

export const registrations: Attack = {
  name: 'registrations',
  what: `${CONNECTIONS} connections register with wrong keys, and one device again and again with a spent key`,
  async run(target) {
    const tally = new Tally();
    const { admin } = target.server;
    const made = await admin.ask('POST', '/enrollment-keys', { body: { name: 'spent', max_uses: 1 } });
    const { key } = made.as(enrollmentKeyCreated);
    async function attack(index: number): Promise<void> {
      for (let i = 0; !target.over(); i++) {
        const isSpent = index === 0;
        const status = await register(target, isSpent ? key : `wf_key_wrong_${i}`, `host-${index}-${i}`);
        tally.add(`${isSpent ? 'spent' : 'wrong'} key answered ${status}`);
      }
    }
    await Promise.all(Array.from({ length: CONNECTIONS }, (_, index) => attack(index)));
    const { entries } = (await admin.ask('GET', '/audit')).as(auditReply);
    const kept = entries.filter(
      ({ action, target: name }) => action === 'made an enrollment key' && name === 'spent',
    );
    tally.add("the administrator's entry is in the audit log", kept.length);
    return tally.counts();
  },
};
