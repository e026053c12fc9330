/**
 * Writes the inventory to standard output, as JSON. It runs in its own process, because systeminformation takes 8 MB of
 * memory that the agent needs only once.
 */
import { totalmem } from 'node:os';
import library from 'systeminformation';
import { bootTime, inventoryFrom } from './inventory.ts';

const [os, cpu, system] = await Promise.all([library.osInfo(), library.cpu(), library.system()]);
process.stdout.write(JSON.stringify(inventoryFrom({ os, cpu, system }, totalmem(), bootTime())));
