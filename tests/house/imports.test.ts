/** Checks the import rules of section 1 of the design in every source file. */
import { describe, expect, it } from 'vitest';
import { circlesOf, importsOf, readSources, roomOf, type Source } from './sources.ts';

const sources = readSources();
const product = sources.filter(({ path }) => !path.startsWith('tests/'));

/**
 * The imports of our own files that leave the room of the importing file and are not allowed, as `from ->
 * to`.
 * @param allowed whether a file of another room, by its path from the root, may be imported
 */
function forbiddenImports(importers: readonly Source[], allowed: (to: string) => boolean): string[] {
  return importers.flatMap(({ path, files }) =>
    files.filter((to) => roomOf(to) !== roomOf(path) && !allowed(to)).map((to) => `${path} -> ${to}`),
  );
}

const filesOf = (room: string) => product.filter(({ path }) => path.startsWith(`${room}/`));
const isProtocol = (to: string) => to.startsWith('server/protocol/');
/** The file of shared types. It holds types only, so importing it makes no part depend on another. */
const isSharedTypes = (to: string) => to === 'server/types.ts';

describe('imports', () => {
  it('every form of import is found, in components too', () => {
    const code = `import a from './a.ts'; import type { B } from './b.ts'; export * from './c.ts';
      const d = await import('./d.ts'); export type { E } from './e.ts';`;
    expect(importsOf('x.ts', code).sort()).toEqual(['./a.ts', './b.ts', './c.ts', './d.ts', './e.ts']);
    expect(
      importsOf('x.svelte', `<script lang="ts">${code}</script><p>import x from './f.ts'</p>`),
    ).toHaveLength(5);
  });

  it('the protocol imports only itself and the schema library', () => {
    const protocol = filesOf('server/protocol');
    expect(protocol.length).toBeGreaterThan(3);
    expect(forbiddenImports(protocol, () => false)).toEqual([]);
    expect(new Set(protocol.flatMap(({ packages }) => packages))).toEqual(new Set(['zod']));
  });

  it('the agent imports nothing of the server but the protocol', () => {
    const allowed = (to: string) => to.startsWith('agent/') || isProtocol(to);
    expect(forbiddenImports(filesOf('agent'), allowed)).toEqual([]);
  });

  it('the web app imports nothing of the server but the protocol', () => {
    const allowed = (to: string) => to.startsWith('web/') || isProtocol(to);
    expect(forbiddenImports(filesOf('web'), allowed)).toEqual([]);
  });

  it('influx imports nothing of the server but the protocol and the history contract', () => {
    const allowed = (to: string) => isProtocol(to) || to === 'server/history/history.ts';
    expect(forbiddenImports(filesOf('influx'), allowed)).toEqual([]);
  });

  it.each(['live', 'alerts', 'fleet', 'history', 'boards', 'probes'])(
    'server/%s imports no routes, http, app or other part: server/app passes it what it needs',
    (room) => {
      const forbidden = new Set(
        ['routes', 'http', 'app', 'live', 'alerts', 'fleet', 'history', 'boards', 'ingest', 'auth'].map(
          (name) => `server/${name}`,
        ),
      );
      expect(forbiddenImports(filesOf(`server/${room}`), (to) => !forbidden.has(roomOf(to)))).toEqual([]);
    },
  );

  it.each(['auth', 'ingest', 'state'])('server/%s imports no routes, http or app', (room) => {
    const allowed = (to: string) => !/^server\/(routes|http|app|main\.ts)/.test(to);
    expect(forbiddenImports(filesOf(`server/${room}`), allowed)).toEqual([]);
  });

  it('server/http imports no part, because it knows requests and not what they are about', () => {
    const allowed = (to: string) => isProtocol(to) || isSharedTypes(to) || to.startsWith('server/tls/');
    expect(forbiddenImports(filesOf('server/http'), allowed)).toEqual([]);
  });

  it('only files of server/app import from more than four rooms of the server', () => {
    const rooms = ['routes', 'ingest', 'fleet', 'live', 'alerts', 'auth', 'history', 'state'];
    const composing = product.filter(({ files }) => {
      const imported = new Set(files.map(roomOf));
      return rooms.filter((room) => imported.has(`server/${room}`)).length > 4;
    });
    expect(composing.map(({ path }) => path).filter((path) => !path.startsWith('server/app/'))).toEqual([]);
  });

  it('the product imports nothing of its tests', () => {
    expect(forbiddenImports(product, (to) => !to.startsWith('tests/'))).toEqual([]);
  });

  it('no file imports itself through others', () => {
    const circles = circlesOf([
      { path: 'a', files: ['b'] },
      { path: 'b', files: ['c', 'd'] },
      { path: 'c', files: ['a'] },
      { path: 'd', files: [] },
    ]);
    expect(circles).toEqual(['a -> b -> c -> a']);
    expect(circlesOf(sources)).toEqual([]);
  });
});
