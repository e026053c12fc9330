/** The import rules of the design (its section 1), read from the files themselves. */
import { describe, expect, it } from 'vitest';
import { importsOf, readSources, roomOf, type Source } from './sources.ts';

const sources = readSources();
const product = sources.filter(({ path }) => !path.startsWith('tests/'));

/** What `of` imports of our own, outside its room, that `allowed` does not let through: `from -> to`. */
function strays(of: readonly Source[], allowed: (to: string) => boolean): string[] {
  return of.flatMap(({ path, files }) =>
    files.filter((to) => roomOf(to) !== roomOf(path) && !allowed(to)).map((to) => `${path} -> ${to}`),
  );
}

const within = (room: string) => product.filter(({ path }) => path.startsWith(`${room}/`));
const isProtocol = (to: string) => to.startsWith('server/protocol/');

describe('imports', () => {
  it('are found in every form, and in components', () => {
    const code = `import a from './a.ts'; import type { B } from './b.ts'; export * from './c.ts';
      const d = await import('./d.ts'); export type { E } from './e.ts';`;
    expect(importsOf('x.ts', code).sort()).toEqual(['./a.ts', './b.ts', './c.ts', './d.ts', './e.ts']);
    expect(
      importsOf('x.svelte', `<script lang="ts">${code}</script><p>import x from './f.ts'</p>`),
    ).toHaveLength(5);
  });

  it('of the protocol are the schema library and itself', () => {
    const protocol = within('server/protocol');
    expect(protocol.length).toBeGreaterThan(3);
    expect(strays(protocol, () => false)).toEqual([]);
    expect(new Set(protocol.flatMap(({ packages }) => packages))).toEqual(new Set(['zod']));
  });

  it('of the agent from the server are the protocol only', () => {
    expect(strays(within('agent'), isProtocol)).toEqual([]);
  });

  it('of the web app from the server are the protocol only', () => {
    expect(strays(within('web'), isProtocol)).toEqual([]);
  });

  it('of influx from the server are the protocol and the history contract', () => {
    expect(strays(within('influx'), (to) => isProtocol(to) || to === 'server/history/history.ts')).toEqual(
      [],
    );
  });

  it.each(['live', 'alerts', 'fleet', 'history'])(
    'of server/%s are no routes, no http and no other part: what it needs is handed to it',
    (room) => {
      const closed = [
        'routes',
        'http',
        'live',
        'alerts',
        'fleet',
        'history',
        'ingest',
        'auth',
        'main.ts',
        'server.ts',
      ];
      const shut = new Set(closed.map((name) => `server/${name}`));
      expect(strays(within(`server/${room}`), (to) => !shut.has(roomOf(to)))).toEqual([]);
    },
  );

  it.each(['auth', 'ingest', 'store'])('of server/%s are no routes and no http', (room) => {
    const allowed = (to: string) => !/^server\/(routes|http|main\.ts|server\.ts)/.test(to);
    expect(strays(within(`server/${room}`), allowed)).toEqual([]);
  });

  it('of server/http are no part: it knows requests, not what they are about', () => {
    const allowed = (to: string) => isProtocol(to) || /^server\/[a-z-]+\.ts$/.test(to);
    expect(strays(within('server/http'), allowed)).toEqual([]);
  });

  it('from nearly every room happen in main.ts and server.ts only', () => {
    const rooms = ['routes', 'ingest', 'fleet', 'live', 'alerts', 'auth', 'history', 'store'];
    const wide = product.filter(({ files }) => {
      const reached = new Set(files.map(roomOf));
      return rooms.filter((room) => reached.has(`server/${room}`)).length > 4;
    });
    const paths = wide.map(({ path }) => path).filter((path) => !/^server\/(main|server)\.ts$/.test(path));
    expect(paths).toEqual([]);
  });

  it('never go from the product to its tests', () => {
    expect(strays(product, (to) => !to.startsWith('tests/'))).toEqual([]);
  });
});
