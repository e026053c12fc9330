/** What the server's replies tell that a person has to know: each is logged once. */
import type { PushReply } from '#protocol/sample.ts';
import type { Log } from '../log.ts';
import { SEPARATE } from '../machine/identity.ts';

/** Logs what is new in a reply. */
export type Told = (reply: Pick<PushReply, 'other_agent'>) => void;

/** `data`: this agent's data folder. */
export function createTold(data: string, log: Log): Told {
  let lastOther = '';
  return ({ other_agent: other }) => {
    if (other === undefined) return;
    const name = `${other.hostname} ${other.ip}`;
    if (name === lastOther) return;
    lastOther = name;
    log.error(
      { hostname: other.hostname, ip: other.ip, data },
      'another agent pushes as this device too, and the readings of both are mixed: one data folder is a copy of the ' +
        `other. ${SEPARATE}`,
    );
  };
}
