/** What the server's replies tell that a person has to know: each is logged once. */
import { SEPARATE } from '#protocol/enrollment.ts';
import type { Ignored } from '#protocol/ignored.ts';
import type { PushReply } from '#protocol/sample.ts';
import type { Log } from '../log.ts';

/** Logs what is new in a reply. */
export type Told = (
  reply: Pick<PushReply, 'ignored' | 'other_agent' | 'separate' | 'upgrade' | 'probes'>,
) => void;

/** So many different fields are logged; a device whose names change all the time must not fill the log. */
const MOST_FIELDS = 200;

/** `data`: this agent's data folder. */
export function createTold(data: string, log: Log): Told {
  const ignoredFields = new Set<string>();
  let lastOther = '';

  /** [I7] */
  const tellIgnored = ({ fields }: Ignored) => {
    for (const { field, reason } of fields) {
      if (ignoredFields.has(field) || ignoredFields.size >= MOST_FIELDS) continue;
      ignoredFields.add(field);
      log.warn({ field, reason }, 'the server leaves this out of the pushes; the rest of them is stored');
      if (ignoredFields.size === MOST_FIELDS)
        log.warn(
          { fields: MOST_FIELDS },
          'the server leaves out so many fields that no further one is logged',
        );
    }
  };

  const tellOther = (other: NonNullable<PushReply['other_agent']>) => {
    const name = `${other.hostname} ${other.ip}`;
    if (name === lastOther) return;
    lastOther = name;
    log.error(
      { hostname: other.hostname, ip: other.ip, data },
      'another agent pushes as this device too, and the readings of both are mixed: one data folder is a copy of the ' +
        `other. ${SEPARATE}`,
    );
  };

  return ({ ignored, other_agent: other }) => {
    if (ignored !== undefined) tellIgnored(ignored);
    if (other !== undefined) tellOther(other);
  };
}
