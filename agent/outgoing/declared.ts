/** What the agent tells its server of the fields that are none of Watchfloor's own. */
import { createHash } from 'node:crypto';
import { MOST_DECLARATIONS, type Declaration, type Declarations } from '#protocol/declarations.ts';
import { onChange } from '../collectors/on-change.ts';

export interface Declared {
  /** Stands for all of it: another one where something in it is another. */
  readonly mark: string;
  readonly declarations: Declarations;
}

/** All declarations in one; the same object until something in one of them has changed, and undefined without any. */
export function joinDeclared(parts: () => readonly Declarations[]): () => Declared | undefined {
  let joined: Declared | undefined;
  const join = onChange((all: readonly Declarations[]): Declared | undefined => {
    const first = Object.entries<Declaration>(Object.assign({}, ...all)).slice(0, MOST_DECLARATIONS);
    const declarations = Object.fromEntries(first);
    const mark = createHash('sha256').update(JSON.stringify(declarations)).digest('hex').slice(0, 16);
    if (first.length === 0) joined = undefined;
    else if (mark !== joined?.mark) joined = { mark, declarations };
    return joined;
  });
  return () => join(parts());
}
