/**
 * Writes the inventory to standard output, as JSON. A process of its own, because systeminformation would stay in
 * the agent's memory with 8 MB for what is asked once.
 */
import { totalmem, uptime } from 'node:os';
import library from 'systeminformation';
import { inventoryFrom } from './inventory.ts';

const [os, cpu, system] = await Promise.all([library.osInfo(), library.cpu(), library.system()]);
const bootTime = Math.round((Date.now() - uptime() * 1000) / 1000) * 1000;
process.stdout.write(JSON.stringify(inventoryFrom({ os, cpu, system }, totalmem(), bootTime)));
