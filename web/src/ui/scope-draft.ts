/** Machines as a form holds them: all parts of a scope as they were typed, and which of them the form shows. */
import { ALL_MACHINES, type MachineScope } from '#protocol/machine-scope.ts';

export type ScopeKind = 'all' | 'machines' | 'tags' | 'name';

export interface ScopeDraft {
  scopeKind: ScopeKind;
  devices: readonly string[];
  tags: readonly string[];
  /** A pattern of machines' names. */
  name: string;
}

export function scopeDraftOf({ devices, tags, name }: MachineScope): ScopeDraft {
  const scopeKind = devices.length > 0 ? 'machines' : tags.length > 0 ? 'tags' : name === '' ? 'all' : 'name';
  return { scopeKind, devices, tags, name };
}

/** The machines that the form names: a part that it does not show counts for nothing. */
export function scopeOf({ scopeKind, devices, tags, name }: ScopeDraft): MachineScope {
  return {
    ...ALL_MACHINES,
    ...(scopeKind === 'machines' ? { devices: [...devices] } : {}),
    ...(scopeKind === 'tags' ? { tags: [...tags] } : {}),
    ...(scopeKind === 'name' ? { name } : {}),
  };
}

/** Whether the part that the form shows says which machines; an empty one would stand for all. */
export function isGiven({ scopeKind, devices, tags, name }: ScopeDraft): boolean {
  switch (scopeKind) {
    case 'all':
      return true;
    case 'machines':
      return devices.length > 0;
    case 'tags':
      return tags.length > 0;
    case 'name':
      return name.trim() !== '';
  }
}
