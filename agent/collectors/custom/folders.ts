/**
 * Folders into which anybody drops files of metrics, `*.prom`, as for the textfile collector of node_exporter. A file's
 * name is what its metrics are called by: `backup.prom` → `backup:-:backup_bytes`.
 */
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { errorCode, errorText } from '#protocol/errors.ts';
import type { Declarations } from '#protocol/declarations.ts';
import { createAsker, shareOfThreads } from '../asking.ts';
import type { Collector, Fields } from '../collector.ts';
import { onChange } from '../on-change.ts';
import { kindOf } from './field-names.ts';
import { openMetricsFile, type FileState, type MetricsFile } from './metrics-file.ts';

const ENDING = '.prom';
/** The most files that are read, of all folders. */
const MOST_FILES = 200;
/** So many problems are told; all are counted. */
const MOST_TOLD = 3;

export interface FoldersParts {
  readonly folders: readonly string[];
  /** Whether these folders were asked for; the usual one may as well not be there. */
  readonly isAsked: boolean;
  /** Kinds that other sources have. */
  readonly taken: ReadonlySet<string>;
  /** For how long after a file was written its numbers are current, in milliseconds. */
  readonly freshMs: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** Why a folder gives no files; undefined where it may as well not be there. */
function folderProblem(folder: string, error: unknown, isAsked: boolean): string | undefined {
  const code = errorCode(error);
  if (code === 'ENOENT')
    return isAsked ? `${folder}: there is no such folder: make it (mkdir -p)` : undefined;
  if (code === 'EACCES' || code === 'EPERM')
    return `${folder}: the user of the agent may not read this folder: chmod o+rx`;
  if (code === 'ENOTDIR') return `${folder}: is no folder`;
  return `${folder}: ${errorText(error)}`;
}

interface Found {
  readonly path: string;
  readonly kind: string;
}

/** Joins the problems into one text; undefined where there are none. */
function told(problems: readonly string[]): string | undefined {
  const more = problems.length - MOST_TOLD;
  if (problems.length === 0) return undefined;
  return [...problems.slice(0, MOST_TOLD), ...(more > 0 ? [`and ${more} more`] : [])].join('; ');
}

export function createFolders({ folders, isAsked, taken, freshMs, now }: FoldersParts): Collector {
  const asker = createAsker<FileState>({ atOnce: shareOfThreads(0.5) });
  const files = new Map<string, MetricsFile>();
  let trouble: string | undefined;
  const joinParts = onChange((parts: readonly Declarations[]): Declarations => Object.assign({}, ...parts));
  let declarations: Declarations = {};

  const list = async (problems: string[]): Promise<Found[]> => {
    const found: Found[] = [];
    const owners = new Map<string, string>();
    let isAny = false;
    for (const folder of folders) {
      let names: string[] = [];
      try {
        names = await readdir(folder);
        isAny = true;
      } catch (error) {
        const problem = folderProblem(folder, error, isAsked);
        if (problem !== undefined) problems.push(problem);
      }
      for (const name of names.filter((one) => one.endsWith(ENDING) && !one.startsWith('.')).sort()) {
        const path = join(folder, name);
        const kind = kindOf(basename(name, ENDING));
        const owner = taken.has(kind) ? 'another source' : owners.get(kind);
        if (owner !== undefined) problems.push(`${path}: ${owner} has the same name: rename one of them`);
        else if (found.length >= MOST_FILES)
          problems.push(`${path}: is past the ${MOST_FILES} files that are read`);
        else {
          owners.set(kind, path);
          found.push({ path, kind });
        }
      }
    }
    if (!isAny && problems.length > 0) throw new Error(told(problems));
    return found;
  };

  const open = ({ path, kind }: Found): MetricsFile => {
    let file = files.get(path);
    if (file === undefined) files.set(path, (file = openMetricsFile({ path, kind, freshMs })));
    return file;
  };

  return {
    async collect() {
      const problems: string[] = [];
      const found = await list(problems);
      const paths = new Set(found.map(({ path }) => path));
      for (const path of files.keys()) if (!paths.has(path)) files.delete(path);
      const answers = await asker.ask(new Map(found.map((one) => [one.path, () => open(one).read(now())])));
      const fields: Fields = {};
      const declared: Declarations[] = [];
      for (const { path } of found) {
        const answer = answers.get(path);
        if (answer === undefined) {
          problems.push(`${path}: does not answer: see whether its file system does`);
          continue;
        }
        Object.assign(fields, answer.fields);
        declared.push(answer.declarations);
        if (answer.problem !== undefined) problems.push(`${path}: ${answer.problem}`);
      }
      trouble = told(problems);
      declarations = joinParts(declared);
      return found.length === 0 && problems.length === 0 ? 'absent' : fields;
    },
    declared: () => declarations,
    trouble: () => trouble,
  };
}
