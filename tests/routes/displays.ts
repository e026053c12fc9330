/** Display links and the screens that open them, for tests of routes. */
import { displayLinkCreated, type DisplayLink, type displayLinkCreate } from '#protocol/walls.ts';
import type { z } from 'zod';
import type { Answer, Client } from '../e2e/client.ts';
import type { Stage } from './stage.ts';

export type MadeLink = DisplayLink & { readonly path: string; readonly secret: string };

const withSecret = (link: z.infer<typeof displayLinkCreated>): MadeLink => ({
  ...link,
  secret: link.path.slice(link.path.indexOf('#') + 1),
});

/** A link to a wall of all machines, where `changes` say nothing else. */
export async function makeLink(
  { admin }: Stage,
  changes: Partial<z.input<typeof displayLinkCreate>> = {},
): Promise<MadeLink> {
  const pages = [{ kind: 'fleet', scope: {} }];
  const body = { name: 'Lobby', shows: { kind: 'pages', pages }, ...changes };
  return withSecret((await admin.ask('POST', '/display-links', { body })).as(displayLinkCreated));
}

/** The link with another secret. */
export async function renewLink({ admin }: Stage, { id }: DisplayLink): Promise<MadeLink> {
  return withSecret((await admin.ask('POST', `/display-links/${id}/secret`)).as(displayLinkCreated));
}

/** Opens the link, as its page does; the client keeps the cookie beside those that it has. */
export async function openLink(client: Client, secret: string, version = '1'): Promise<Answer> {
  const answer = await client.ask('POST', '/display-links/open', { body: { secret, version } });
  const [cookie] = (answer.headers['set-cookie'] ?? []).map((each) => each.split(';')[0] ?? '');
  if (cookie !== undefined) {
    const others = (client.cookie ?? '')
      .split('; ')
      .filter((each) => each !== '' && !each.includes('-display='));
    client.cookie = [...others, cookie].join('; ');
  }
  return answer;
}
