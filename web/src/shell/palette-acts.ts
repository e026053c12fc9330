/** What the palette can do at once, without leading to a page first. */
import { goto } from '$app/navigation';
import { resolve } from '$app/paths';
import type { Preferences } from '#protocol/preferences.ts';
import { keep } from '../format/preferences.ts';
import type { App } from '../stores/app.svelte.ts';
import type { IconName } from '../ui/Icon.svelte';
import { pageMemory, THEMES, type Theme } from './theme.svelte.ts';

export interface PaletteAct {
  readonly label: string;
  readonly icon: IconName;
  /** Rejects with the server's error. */
  readonly act: () => Promise<unknown> | void;
}

/** Takes a preference over: the page writes as it was told when it was loaded, so it is loaded again. */
export async function changePreferences({ api, session }: App, part: Partial<Preferences>): Promise<void> {
  const preferences = await api.changePreferences(part);
  const chosen = { preferences, server_zone: session.me?.time_zone ?? 'UTC' };
  if (keep(pageMemory(), chosen)) location.reload();
}

/** The acts that this person may do. */
export function paletteActs(app: App, theme: Theme, showKeys: () => void): readonly PaletteAct[] {
  const { session } = app;
  const add: PaletteAct = {
    label: 'Add a machine',
    icon: 'plus',
    // eslint-disable-next-line svelte/no-navigation-without-resolve -- resolved, then given its query
    act: () => goto(`${resolve('/settings/machines')}?add`),
  };
  return [
    ...(session.isAdmin ? [add] : []),
    ...THEMES.map(({ value, label }) => ({
      label: `Theme: ${label}`,
      icon: 'settings' as const,
      act: () => theme.choose(value),
    })),
    { label: 'Language: English', icon: 'settings', act: () => changePreferences(app, { language: 'en' }) },
    { label: 'Sprache: Deutsch', icon: 'settings', act: () => changePreferences(app, { language: 'de' }) },
    { label: 'Show the keys', icon: 'settings', act: showKeys },
    { label: 'Sign out', icon: 'out', act: () => session.logout() },
  ];
}
