/** The agreed layout (section 1 of the design): which folders there are, which files stand outside of a room, how long a file is. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSources, ROOT } from './sources.ts';

const AGREED = {
  folders: ['server', 'agent', 'web', 'influx', 'deploy', 'tests'],
  files: ['package.json', 'package-lock.json', 'tsconfig.json', 'README.md', 'CONTRIBUTING.md', 'LICENSE'],
};
/** Made by running or installing; never committed. */
const MADE = ['node_modules', 'data', 'agent-data'];

/** A new file belongs in a room: these lists grow only with the design. */
const ROOTS: readonly (readonly [string, readonly string[]])[] = [
  ['server', ['main.ts', 'types.ts']],
  ['agent', ['agent.ts', 'command.ts', 'log.ts', 'main.ts']],
  ['web/src', ['app.d.ts', 'app.html', 'hooks.client.ts']],
];
const ROOMS: readonly (readonly [string, readonly string[]])[] = [
  [
    'server',
    [
      ...['alerts', 'app', 'auth', 'boards', 'config', 'fleet', 'history', 'http', 'ingest', 'live'],
      ...['protocol', 'quickstart', 'routes', 'state', 'tls'],
    ],
  ],
  ['agent', ['collectors', 'config', 'data-folder', 'link', 'machine', 'outgoing', 'sampling', 'service']],
  [
    'web/src',
    [
      ...['alerts', 'api', 'boards', 'charts', 'device', 'fleet', 'format', 'live', 'routes', 'settings'],
      ...['shell', 'stores', 'styles', 'ui', 'wall'],
    ],
  ],
];

/** Past this many lines a file holds a second noun. */
const MOST_LINES = 500;
/** A page's file in `routes/` only names the component that is the page. */
const MOST_ROUTE_LINES = 10;

const sources = readSources();

const listed = (folder: string, folders: boolean) =>
  readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() === folders)
    .map(({ name }) => name)
    .filter((name) => !name.startsWith('.') && !MADE.includes(name) && !name.endsWith('.log'))
    .sort();

describe('the repository', () => {
  it('has the agreed top level: six rooms, six files, dotfiles', () => {
    expect(listed('.', true)).toEqual([...AGREED.folders].sort());
    expect(listed('.', false)).toEqual([...AGREED.files].sort());
  });

  it.each(ROOTS)('has no file right in %s/ but the agreed ones', (folder, files) => {
    expect(listed(folder, false)).toEqual([...files]);
  });

  it.each(ROOMS)('has no room in %s/ but the agreed ones', (folder, rooms) => {
    expect(listed(folder, true).filter((room) => !rooms.includes(room))).toEqual([]);
  });

  it('has thin files only in web/src/routes: what belongs to one page lies in its room', () => {
    const thick = sources
      .filter(({ path }) => /^web\/src\/routes\/.*\/?\+page/.test(path))
      .filter(({ lines }) => lines > MOST_ROUTE_LINES)
      .map(({ path, lines }) => `${path}: ${lines} lines`);
    expect(thick).toEqual([]);
  });

  it('mirrors the rooms of server/, agent/ and web/src/ in tests/', () => {
    const folders = (base: string) => listed(base, true);
    const beside = ['agent', 'bench', 'contract', 'deploy', 'e2e', 'fixtures', 'house', 'influx', 'web'];
    const known = [...folders('server'), ...beside];
    expect(folders('tests').filter((room) => !known.includes(room))).toEqual([]);
    expect(folders('tests/agent').filter((room) => !folders('agent').includes(room))).toEqual([]);
    expect(folders('tests/web').filter((room) => !folders('web/src').includes(room))).toEqual([]);
  });

  it(`has no source file of more than ${MOST_LINES} lines`, () => {
    const long = sources
      .filter(({ lines }) => lines > MOST_LINES)
      .map(({ path, lines }) => `${path}: ${lines} lines`);
    expect(long).toEqual([]);
  });

  it('has no utils, helpers, common or barrels, where nouns go to hide', () => {
    const vague = sources
      .map(({ path }) => path)
      .filter((path) => /(^|\/)(utils?|helpers?|common|misc|shared|index)(\/|\.[a-z.]+$)/.test(path));
    expect(vague).toEqual([]);
  });
});
