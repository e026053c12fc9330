/** The import rules of the design (its section 1), read from the files themselves. */
import { describe, expect, it } from 'vitest';
import { circlesOf, importsOf, readSources, roomOf, type Source } from './sources.ts';

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
/** Types only, so that nothing of one part reaches another by it. */
const isSharedTypes = (to: string) => to === 'server/types.ts';

describe('imports', () => {
  it('are found by this test in every form, and in components', () => {
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
    const outside = (to: string) => to.startsWith('agent/') || isProtocol(to);
    expect(strays(within('agent'), outside)).toEqual([]);
  });

  it('of the web app from the server are the protocol only', () => {
    const outside = (to: string) => to.startsWith('web/') || isProtocol(to);
    expect(strays(within('web'), outside)).toEqual([]);
  });

  it('of influx from the server are the protocol and the history contract', () => {
    const allowed = (to: string) => isProtocol(to) || to === 'server/history/history.ts';
    expect(strays(within('influx'), allowed)).toEqual([]);
  });

  it.each(['live', 'alerts', 'fleet', 'history', 'boards'])(
    'of server/%s are no routes, no http, no app and no other part: what it needs is handed to it',
    (room) => {
      const shut = new Set(
        ['routes', 'http', 'app', 'live', 'alerts', 'fleet', 'history', 'boards', 'ingest', 'auth'].map(
          (name) => `server/${name}`,
        ),
      );
      expect(strays(within(`server/${room}`), (to) => !shut.has(roomOf(to)))).toEqual([]);
    },
  );

  it.each(['auth', 'ingest', 'state'])('of server/%s are no routes, no http and no app', (room) => {
    const allowed = (to: string) => !/^server\/(routes|http|app|main\.ts)/.test(to);
    expect(strays(within(`server/${room}`), allowed)).toEqual([]);
  });

  it('of server/http are no part: it knows requests, not what they are about', () => {
    const allowed = (to: string) => isProtocol(to) || isSharedTypes(to) || to.startsWith('server/tls/');
    expect(strays(within('server/http'), allowed)).toEqual([]);
  });

  it('from nearly every room happen in server/app only', () => {
    const rooms = ['routes', 'ingest', 'fleet', 'live', 'alerts', 'auth', 'history', 'state'];
    const wide = product.filter(({ files }) => {
      const reached = new Set(files.map(roomOf));
      return rooms.filter((room) => reached.has(`server/${room}`)).length > 4;
    });
    expect(wide.map(({ path }) => path).filter((path) => !path.startsWith('server/app/'))).toEqual([]);
  });

  it('never go from the product to its tests', () => {
    expect(strays(product, (to) => !to.startsWith('tests/'))).toEqual([]);
  });

  it('never run in a circle', () => {
    const found = circlesOf([
      { path: 'a', files: ['b'] },
      { path: 'b', files: ['c', 'd'] },
      { path: 'c', files: ['a'] },
      { path: 'd', files: [] },
    ]);
    expect(found).toEqual(['a -> b -> c -> a']);
    expect(circlesOf(sources)).toEqual([]);
  });
});
