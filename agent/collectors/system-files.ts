/**
 * Folders and files of the system that are looked at seldom, and that may not be there: another kernel, a container, no
 * rights for this user, or gone meanwhile. What every sample needs is read with `context.read`.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** The names in a folder; undefined where it cannot be read. */
export function namesIn(folder: string): readonly string[] | undefined {
  try {
    return readdirSync(folder);
  } catch {
    return undefined;
  }
}

/** The names of the folders in a folder; none where it cannot be read. */
export function foldersIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
      entry.isDirectory() ? entry.name : [],
    );
  } catch {
    return [];
  }
}

/** A file's text; undefined where it cannot be read. */
export function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
