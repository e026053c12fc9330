/** The pages one can go to from anywhere. */
import { resolve } from '$app/paths';
import type { IconName } from '../ui/icons.ts';

export interface PageLink {
  readonly label: string;
  readonly icon: IconName;
  readonly href: string;
  /** Pressed after `g`. */
  readonly key: string;
  /** Whether a path inside the app belongs to it. */
  readonly owns: (path: string) => boolean;
}

export const PAGES: readonly PageLink[] = [
  {
    label: 'Fleet',
    icon: 'fleet',
    href: resolve('/'),
    key: 'f',
    owns: (path) => path === resolve('/') || path.startsWith(`${resolve('/')}devices/`),
  },
  {
    label: 'Alerts',
    icon: 'alerts',
    href: resolve('/alerts'),
    key: 'a',
    owns: (path) => path.startsWith(resolve('/alerts')),
  },
  {
    label: 'Settings',
    icon: 'settings',
    href: resolve('/settings'),
    key: 's',
    owns: (path) => path.startsWith(resolve('/settings')),
  },
];
