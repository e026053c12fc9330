/** What the page of packages says of them. */
import type { ChecksumsState, HeldPackage } from '#protocol/packages.ts';

export const SYSTEM_NAMES = { linux: 'Linux', macos: 'macOS', windows: 'Windows' } as const;

export const KIND_NAMES = {
  executable: 'Executable',
  deb: 'Debian package',
  rpm: 'RPM package',
  zip: 'Archive',
} as const;

export const PACKAGE_STATES: Readonly<
  Record<
    HeldPackage['state'],
    { readonly state: 'good' | 'critical' | 'warning' | 'stale'; readonly word: string }
  >
> = {
  ready: { state: 'good', word: 'Handed out' },
  checking: { state: 'stale', word: 'Being checked' },
  damaged: { state: 'critical', word: 'Damaged' },
  unlisted: { state: 'warning', word: 'Without a checksum' },
  missing: { state: 'warning', word: 'Missing' },
};

export const CHECKSUM_STATES: Readonly<
  Record<ChecksumsState, { readonly state: 'good' | 'critical' | 'warning' | 'stale'; readonly word: string }>
> = {
  signed: { state: 'good', word: 'Signed' },
  unsigned: { state: 'warning', word: 'Not signed' },
  bad: { state: 'critical', word: 'Wrong signature' },
  unreadable: { state: 'critical', word: 'Not readable' },
  none: { state: 'stale', word: 'No checksums' },
};
