/** The enrollment key of the agent that `npm start` starts: one at a time, used once, for ten minutes. */
import type { EnrollmentKeys } from '../auth/enrollment-keys.ts';
import type { Collection } from '../state/collection.ts';
import type { EnrollmentKeyRecord } from '../state/records.ts';

const NAME = 'This machine (npm start)';
const TEN_MINUTES = 600_000;

/** Takes back the one of the last start. Resolves with the new one's secret. */
export async function ownMachineKey(
  keys: Collection<EnrollmentKeyRecord>,
  enrollment: EnrollmentKeys,
  now: () => number,
): Promise<string> {
  const before = keys.all().filter(({ name }) => name === NAME);
  await Promise.all(before.map(({ id }) => keys.remove(id)));
  const { secret } = await enrollment.create({
    name: NAME,
    created_by: 'server',
    expires_at: now() + TEN_MINUTES,
    max_uses: 1,
    tags: [],
  });
  return secret;
}
