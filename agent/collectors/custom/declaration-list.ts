/**
 * The declarations of one source, as many as the server takes. Past them, what was declared first stays, as another
 * choice at each reading would be sent anew each time.
 */
import { MOST_DECLARATIONS, type Declaration, type Declarations } from '#protocol/declarations.ts';

export interface DeclarationList {
  get(key: string): Declaration | undefined;
  /** Declares a field, or declares it anew; what there is no room for is left out. */
  set(key: string, declaration: Declaration): void;
  isFull(): boolean;
  /** For fields that came and went: those that are still there are declared anew. */
  clear(): void;
  /** The same object until something in it has changed. */
  all(): Declarations;
}

export function createDeclarationList(): DeclarationList {
  const declared = new Map<string, Declaration>();
  let copy: Declarations = {};
  let hasChanged = false;
  const isFull = () => declared.size >= MOST_DECLARATIONS;
  return {
    get: (key) => declared.get(key),
    set(key, declaration) {
      if (isFull() && !declared.has(key)) return;
      declared.set(key, declaration);
      hasChanged = true;
    },
    isFull,
    clear() {
      declared.clear();
      hasChanged = true;
    },
    all() {
      // Copied here, once for all that was declared of a reading.
      if (hasChanged) copy = Object.fromEntries(declared);
      hasChanged = false;
      return copy;
    },
  };
}
