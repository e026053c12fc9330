/**
 * Checks the layout that section 1 of the design agrees on: the folders, the files outside of rooms, the
 * length of files.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readSources, ROOT } from './sources.ts';

/** What lies at the top level, beside dotfiles. */
const AGREED = {
  folders: ['server', 'agent', 'web', 'influx', 'deploy', 'tests'],
  files: ['package.json', 'package-lock.json', 'tsconfig.json', 'README.md', 'CONTRIBUTING.md', 'LICENSE'],
};
/** Made by running or installing, never committed. */
const GENERATED = ['node_modules', 'data', 'agent-data'];

/**
 * The files that may stand outside of a room, by folder. A new file belongs in a room: this grows only with
 * the design.
 */
const ROOTS: readonly (readonly [string, readonly string[]])[] = [
  ['server', ['main.ts', 'types.ts']],
  ['agent', ['agent.ts', 'command.ts', 'log.ts', 'main.ts']],
  ['web/src', ['app.d.ts', 'app.html', 'hooks.client.ts']],
];
/** The rooms of each folder. */
const ROOMS: readonly (readonly [string, readonly string[]])[] = [
  [
    'server',
    [
      ...['alerts', 'app', 'auth', 'boards', 'config', 'fleet', 'history', 'http', 'ingest', 'live'],
      ...['packages', 'probes', 'protocol', 'quickstart', 'routes', 'state', 'tls', 'traffic'],
    ],
  ],
  [
    'agent',
    [
      ...['collectors', 'config', 'data-folder', 'link', 'machine', 'outgoing', 'probes', 'sampling'],
      ...['service', 'upgrade'],
    ],
  ],
  [
    'web/src',
    [
      ...['alerts', 'api', 'boards', 'charts', 'device', 'fleet', 'format', 'live', 'routes', 'settings'],
      ...['shell', 'stores', 'styles', 'ui', 'wall'],
    ],
  ],
];

/** A longer file holds a second noun, which belongs in a file of its own. */
const MAX_LINES = 500;
/** A page's file in `routes/` only names the component that is the page. */
const MAX_ROUTE_LINES = 10;

const sources = readSources();

/** The names in a folder, sorted: of its folders or of its files. */
const namesIn = (folder: string, kind: 'folders' | 'files') =>
  readdirSync(join(ROOT, folder), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() === (kind === 'folders'))
    .map(({ name }) => name)
    .filter((name) => !name.startsWith('.') && !GENERATED.includes(name) && !name.endsWith('.log'))
    .sort();

describe('the repository', () => {
  it('the top level has only the agreed folders and files, and dotfiles', () => {
    expect(namesIn('.', 'folders')).toEqual([...AGREED.folders].sort());
    expect(namesIn('.', 'files')).toEqual([...AGREED.files].sort());
  });

  it.each(ROOTS)('%s/ has only the agreed files outside of its rooms', (folder, files) => {
    expect(namesIn(folder, 'files')).toEqual([...files]);
  });

  it.each(ROOMS)('%s/ has only the agreed rooms', (folder, rooms) => {
    expect(namesIn(folder, 'folders').filter((room) => !rooms.includes(room))).toEqual([]);
  });

  it(`a page in web/src/routes has at most ${MAX_ROUTE_LINES} lines; its content lies in its room`, () => {
    const tooLong = sources
      .filter(({ path }) => /^web\/src\/routes\/.*\/?\+page/.test(path))
      .filter(({ lines }) => lines > MAX_ROUTE_LINES)
      .map(({ path, lines }) => `${path}: ${lines} lines`);
    expect(tooLong).toEqual([]);
  });

  it('tests/ mirrors the rooms of server/, agent/ and web/src/', () => {
    const folders = (base: string) => namesIn(base, 'folders');
    const others = ['agent', 'bench', 'contract', 'deploy', 'e2e', 'fixtures', 'house', 'influx', 'web'];
    const known = [...folders('server'), ...others];
    expect(folders('tests').filter((room) => !known.includes(room))).toEqual([]);
    expect(folders('tests/agent').filter((room) => !folders('agent').includes(room))).toEqual([]);
    expect(folders('tests/web').filter((room) => !folders('web/src').includes(room))).toEqual([]);
  });

  it(`no source file has more than ${MAX_LINES} lines`, () => {
    const tooLong = sources
      .filter(({ lines }) => lines > MAX_LINES)
      .map(({ path, lines }) => `${path}: ${lines} lines`);
    expect(tooLong).toEqual([]);
  });

  it('no file or folder is called utils, helpers, common, misc, shared or index', () => {
    const vague = sources
      .map(({ path }) => path)
      .filter((path) => /(^|\/)(utils?|helpers?|common|misc|shared|index)(\/|\.[a-z.]+$)/.test(path));
    expect(vague).toEqual([]);
  });
});
