/** What `npm start` tells the person in front of it. */
import type { AdminPassword } from '../app/people.ts';
import { hexPairs } from '../tls/fingerprint.ts';

export interface Started {
  readonly url: string;
  readonly adminPassword: AdminPassword;
  readonly fingerprint: string | null;
}

function passwordLines(password: AdminPassword, isSet: boolean): string[] {
  if (password.kind === 'generated')
    return [
      `  password:  ${password.password}`,
      '',
      '  The password is shown this once. Change it under Settings.',
    ];
  if (password.kind === 'given') return ['  password:  the one you set as WATCHFLOOR_ADMIN_PASSWORD'];
  const unchanged = '  password:  as before; this start changed none';
  if (!isSet) return [unchanged];
  return [unchanged, '             (WATCHFLOOR_ADMIN_PASSWORD is read on the first start only)'];
}

function fingerprintLines(fingerprint: string): string[] {
  const pairs = hexPairs(fingerprint);
  return [
    '',
    '  The certificate is of its own authority, so the browser asks once whether to trust it.',
    `  SHA-256 of the authority: ${pairs.slice(0, 16).join(':')}`,
    `                            ${pairs.slice(16).join(':')}`,
  ];
}

/** `isPasswordSet`: a password of the administrator stands in the settings of this start. */
export function welcome({ url, adminPassword, fingerprint }: Started, isPasswordSet: boolean): string {
  return [
    '',
    `  Watchfloor is running:  ${url}/ui/`,
    '',
    '  user:      admin',
    ...passwordLines(adminPassword, isPasswordSet),
    ...(fingerprint === null ? [] : fingerprintLines(fingerprint)),
    '',
    '  Ctrl-C stops it; what it measured stays.',
    '',
  ].join('\n');
}
