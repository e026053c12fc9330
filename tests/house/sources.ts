/** Reads every source file of the repository with what it imports, for the tests that check the structure. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';
import ts from 'typescript';

export const ROOT = join(import.meta.dirname, '..', '..');

/** Folders made by tools, never committed. */
const GENERATED = new Set(['node_modules', '.svelte-kit']);
const ROOMS = ['server', 'agent', 'influx', 'web', 'tests', 'deploy'];
const SOURCE = /\.(ts|js|svelte)$/;

export interface Source {
  /** Path from the root, with forward slashes: `server/live/live.ts`. */
  readonly path: string;
  /** Number of lines, without a component's styles. */
  readonly lines: number;
  /** Our own files that it imports, by the same kind of path. */
  readonly files: readonly string[];
  /** Packages and built-in modules that it imports: `zod`, `@influxdata/influxdb-client`, `node:fs`. */
  readonly packages: readonly string[];
}

/** Full paths of all files in a folder and its folders. */
function walk(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    const isGenerated = GENERATED.has(entry.name) || relative(ROOT, path) === join('web', 'build');
    if (isGenerated) return [];
    return entry.isDirectory() ? walk(path) : [path];
  });
}

/** The code of a file: the scripts of a Svelte component, the whole text of any other file. */
function scripts(path: string, text: string): string {
  if (!path.endsWith('.svelte')) return text;
  return [...text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)].map((match) => match[1] ?? '').join('\n');
}

/**
 * Every module that a file imports or re-exports, types and dynamic imports included, as it is written there.
 */
export function importsOf(path: string, text: string): string[] {
  const code = scripts(path, text);
  return ts.preProcessFile(code, true, true).importedFiles.map(({ fileName }) => fileName);
}

/** `@influxdata/influxdb-client` for `@influxdata/influxdb-client/dist/x.js`. */
function packageName(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

/**
 * The path of our own file that an import names; undefined where it names a package. `#protocol/…` is an
 * entry of package.json's `imports`, any other `#…` one of the web app.
 */
function ownFile(from: string, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return posix.normalize(posix.join(posix.dirname(from), specifier));
  if (specifier.startsWith('#protocol/')) return specifier.replace('#protocol/', 'server/protocol/');
  if (specifier.startsWith('#')) return `web/${specifier}`;
  return undefined;
}

function read(path: string): Source {
  const text = readFileSync(path, 'utf8');
  const from = relative(ROOT, path).split(sep).join('/');
  const files: string[] = [];
  const packages: string[] = [];
  for (const specifier of importsOf(from, text)) {
    const own = ownFile(from, specifier);
    if (own !== undefined) files.push(own);
    else packages.push(packageName(specifier));
  }
  const counted = text.replace(/<style>[\s\S]*<\/style>/, '');
  return { path: from, lines: counted.split('\n').length - 1, files, packages };
}

/** All source files of the rooms. */
export function readSources(): readonly Source[] {
  return ROOMS.flatMap((room) => walk(join(ROOT, room)))
    .filter((path) => SOURCE.test(path))
    .map(read);
}

/**
 * The room of a path: `server/live`, `agent/link`, `web/src/charts`, `influx`. For a file that stands outside
 * of a room it is the file's own path: `server/main.ts`.
 */
export function roomOf(path: string): string {
  const parts = path.split('/');
  const depth = path.startsWith('web/src/') ? 3 : /^(server|agent)\//.test(path) ? 2 : 1;
  return parts.slice(0, depth).join('/');
}

/**
 * Circles of imports, each once, as `a -> b -> a`. Files are walked depth first; `trail` is the way to the
 * present one.
 */
export function circlesOf(files: readonly Pick<Source, 'path' | 'files'>[]): string[] {
  const importsByPath = new Map(files.map((file) => [file.path, file.files]));
  const done = new Set<string>();
  const trail: string[] = [];
  const circles: string[] = [];
  const visit = (path: string): void => {
    const at = trail.indexOf(path);
    if (at >= 0) circles.push([...trail.slice(at), path].join(' -> '));
    if (at >= 0 || done.has(path)) return;
    trail.push(path);
    for (const next of importsByPath.get(path) ?? []) visit(next);
    trail.pop();
    done.add(path);
  };
  for (const path of importsByPath.keys()) visit(path);
  return circles;
}
