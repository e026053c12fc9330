/** The text that `npm start` shows when the server runs. */
import type { AdminPassword } from '../app/people.ts';
import { hexPairs } from '../tls/fingerprint.ts';

/** The parts of a running server that the text shows. */
export interface Started {
  readonly url: string;
  readonly adminPassword: AdminPassword;
  /** Of the authority, lower-case hex; null when there is none. */
  readonly fingerprint: string | null;
  /** What is wrong with the server, in sentences. */
  readonly notices: readonly string[];
}

function passwordLines(password: AdminPassword, isPasswordSet: boolean): string[] {
  if (password.kind === 'generated')
    return [
      `  password:  ${password.password}`,
      '',
      '  The password is shown only this once. Change it under Settings.',
    ];
  if (password.kind === 'configured') return ['  password:  the one you set as WATCHFLOOR_ADMIN_PASSWORD'];
  const unchanged = '  password:  as before; this start did not change it';
  if (!isPasswordSet) return [unchanged];
  return [unchanged, '             (WATCHFLOOR_ADMIN_PASSWORD is read on the first start only)'];
}

function fingerprintLines(fingerprint: string): string[] {
  const pairs = hexPairs(fingerprint);
  return [
    '',
    '  The server made its own certificate authority, so the browser asks once whether to trust it.',
    `  SHA-256 of the authority: ${pairs.slice(0, 16).join(':')}`,
    `                            ${pairs.slice(16).join(':')}`,
  ];
}

/** @param isPasswordSet whether the settings of this start contain the administrator's password */
export function welcome(
  { url, adminPassword, fingerprint, notices }: Started,
  isPasswordSet: boolean,
): string {
  return [
    '',
    `  Watchfloor is running:  ${url}/ui/`,
    '',
    '  user:      admin',
    ...passwordLines(adminPassword, isPasswordSet),
    ...(fingerprint === null ? [] : fingerprintLines(fingerprint)),
    ...notices.flatMap((notice) => ['', `  ! ${notice}`]),
    '',
    '  Ctrl-C stops Watchfloor; the stored samples are kept.',
    '',
  ].join('\n');
}
