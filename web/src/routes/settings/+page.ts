import { redirect } from '@sveltejs/kit';
import { resolve } from '$app/paths';

/** `/settings` is its first section. */
export function load() {
  redirect(307, resolve('/settings/machines'));
}
