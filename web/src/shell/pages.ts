/** The app's pages: those of the rail, those of the settings, and all routes. */
import { resolve } from '$app/paths';
import type { IconName } from '../ui/Icon.svelte';

interface PageLink {
  readonly label: string;
  readonly icon: IconName;
  readonly href: string;
  /** Pressed after `g`. */
  readonly key: string;
  /** Only the palette and the keyboard lead to it, not the rail. */
  readonly aside?: true;
  /** Whether a path of the app belongs to this page or to one below it. */
  readonly owns: (path: string) => boolean;
}

/** The pages that the rail, the palette and the keyboard lead to. */
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
    label: 'Boards',
    icon: 'boards',
    href: resolve('/boards'),
    key: 'b',
    owns: (path) => path.startsWith(resolve('/boards')),
  },
  {
    label: 'Compare',
    icon: 'compare',
    href: resolve('/compare'),
    key: 'c',
    aside: true,
    owns: (path) => path.startsWith(resolve('/compare')),
  },
  {
    label: 'Settings',
    icon: 'settings',
    href: resolve('/settings'),
    key: 's',
    owns: (path) => path.startsWith(resolve('/settings')),
  },
];

/** The pages of the settings, in the order of their list; `/settings` leads to the first. */
export const SETTINGS_PAGES = [
  { route: '/settings/machines', label: 'Machines', admin: false },
  { route: '/settings/enrollment', label: 'Enrollment keys', admin: true },
  { route: '/settings/probes', label: 'Probes', admin: false },
  { route: '/settings/alert-rules', label: 'Alert rules', admin: false },
  { route: '/settings/channels', label: 'Channels', admin: false },
  { route: '/settings/alert-routes', label: 'Alert routes', admin: false },
  { route: '/settings/notifications', label: 'Notifications', admin: true },
  { route: '/settings/quotas', label: 'Traffic quotas', admin: false },
  { route: '/settings/display-links', label: 'Display links', admin: false },
  { route: '/settings/playlists', label: 'Playlists', admin: false },
  { route: '/settings/users', label: 'Users', admin: true },
  { route: '/settings/account', label: 'Your account', admin: false },
  { route: '/settings/preferences', label: 'Preferences', admin: false },
  { route: '/settings/packages', label: 'Packages', admin: false },
  { route: '/settings/server', label: 'Server', admin: false },
] as const;

/** Pages that the palette leads to, besides those of the rail and of the settings. */
export const OTHER_PAGES: readonly Pick<PageLink, 'label' | 'icon' | 'href'>[] = [
  { label: 'Silences', icon: 'alerts', href: resolve('/alerts/silences') },
  { label: 'Wall of the fleet', icon: 'boards', href: resolve('/wall/fleet') },
];

/** Every route that draws a page. */
export const ROUTES = [
  '/',
  '/alerts',
  '/alerts/[id]',
  '/alerts/silences',
  '/boards',
  '/boards/[id]',
  '/boards/[id]/edit',
  '/compare',
  '/devices/[id]',
  '/login',
  '/settings',
  ...SETTINGS_PAGES.map(({ route }) => route),
] as const;
