/**
 * Gathers the inventory. The agent does that in a process of its own, since systeminformation takes 8 MB of memory that
 * it needs only once.
 */
import { totalmem } from 'node:os';
import library from 'systeminformation';
import { bootTime, inventoryFrom } from './inventory.ts';

/** The inventory as JSON. */
export async function survey(): Promise<string> {
  const [os, cpu, system] = await Promise.all([library.osInfo(), library.cpu(), library.system()]);
  return JSON.stringify(inventoryFrom({ os, cpu, system }, totalmem(), bootTime()));
}
