/**
 * A process that takes and releases the lock of a data folder, for tests of locks between processes. It obeys the
 * lines `take` and `release` on its standard input and answers each with one line.
 * Arguments: `server` or `agent`, the folder.
 */
import { createInterface } from 'node:readline';
import { lockFolder } from '../../agent/data-folder/lock.ts';
import { openDataFolder } from '../../server/state/data-folder.ts';

/** Takes the lock without waiting; resolves with its release. */
const takes = {
  server: async (folder: string) => (await openDataFolder(folder, 0)).close,
  agent: (folder: string) => lockFolder(folder, 0),
};
export type Kind = keyof typeof takes;

/** Takes the lock of one kind without waiting; resolves with its release. */
export function take(kind: Kind, folder: string): Promise<() => void> {
  return takes[kind](folder);
}

if (import.meta.main) {
  const [, , kind = '', folder = ''] = process.argv;
  let release = (): void => undefined;
  for await (const line of createInterface(process.stdin)) {
    if (line === 'release') {
      release();
      console.log('released');
      continue;
    }
    try {
      release = await take(kind === 'agent' ? 'agent' : 'server', folder);
      console.log('held');
    } catch (error) {
      console.log(`refused: ${String(error)}`);
    }
  }
}
