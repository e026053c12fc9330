import { redirect } from '@sveltejs/kit';
import { resolve } from '$app/paths';
import { SETTINGS_PAGES } from '../../shell/pages.ts';

/** `/settings` leads to the first page of the settings. */
export function load() {
  redirect(307, resolve(SETTINGS_PAGES[0].route));
}
