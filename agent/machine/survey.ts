/**
 * Gathers the inventory. The agent does that in a process of its own, since systeminformation takes 8 MB of memory that
 * it needs only once.
 */
import { totalmem } from 'node:os';
import library from 'systeminformation';
import { bootTime, inventoryFrom, type Facts } from './inventory.ts';

async function fromLibrary(): Promise<Facts> {
  const [os, cpu, system] = await Promise.all([library.osInfo(), library.cpu(), library.system()]);
  return { os, cpu, system };
}

async function factsOfWindows(): Promise<Facts> {
  const [{ openWin32 }, { windowsFacts }] = await Promise.all([
    import('../collectors/windows/win32.ts'),
    import('./windows-facts.ts'),
  ]);
  const win32 = await openWin32();
  return windowsFacts(win32, win32.processorRelations());
}

/** The inventory as JSON. */
export async function survey(): Promise<string> {
  // Where Windows cannot be asked directly, the library still can.
  const facts =
    process.platform === 'win32' ? await factsOfWindows().catch(fromLibrary) : await fromLibrary();
  return JSON.stringify(inventoryFrom(facts, totalmem(), bootTime()));
}
