/** What this machine tells a server about itself when it joins. */
import type { RegisterRequest } from '#protocol/api.ts';
import { hostName, osName } from './identity.ts';

/** What a machine says to join, but for the enrollment key. */
export type Introduction = Omit<RegisterRequest, 'enrollment_key'>;

interface IntroductionParts {
  /** The id of this device as it is now. */
  readonly deviceId: () => string;
  /** This machine's address as it is now. */
  readonly address: () => string;
  /** What shows the server that a registration with this key is repeated by the same machine. */
  readonly joinSecret: (key: string) => string;
  /** The name and the tags from the settings. */
  readonly name: string | undefined;
  readonly tags: readonly string[] | undefined;
}

/** Returns what to say with an enrollment key. */
export function introduction(parts: IntroductionParts): (key: string) => Introduction {
  const { deviceId, address, joinSecret, name, tags } = parts;
  return (key) => ({
    join_secret: joinSecret(key),
    hostname: hostName(),
    ip: address(),
    os: osName(),
    device_id: deviceId(),
    ...(name === undefined ? {} : { name }),
    ...(tags === undefined ? {} : { tags: [...tags] }),
  });
}
