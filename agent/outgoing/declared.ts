/** What the agent tells its server of the fields that are none of Watchfloor's own. */
import { createHash } from 'node:crypto';
import { MOST_DECLARATIONS, type Declarations } from '#protocol/declarations.ts';

export interface Declared {
  /** Stands for all of it: another one where something in it is another. */
  readonly mark: string;
  readonly declarations: Declarations;
}

/** All declarations in one; the same object until something in one of them has changed, and undefined without any. */
export function joinDeclared(parts: () => readonly Declarations[]): () => Declared | undefined {
  let last: readonly Declarations[] = [];
  let joined: Declared | undefined;
  return () => {
    const now = parts();
    if (now.length === last.length && now.every((one, place) => one === last[place])) return joined;
    last = now;
    const all = Object.entries<Declarations[string]>(Object.assign({}, ...now)).slice(0, MOST_DECLARATIONS);
    const declarations = Object.fromEntries(all);
    const mark = createHash('sha256').update(JSON.stringify(declarations)).digest('hex').slice(0, 16);
    if (all.length === 0) joined = undefined;
    else if (mark !== joined?.mark) joined = { mark, declarations };
    return joined;
  };
}
