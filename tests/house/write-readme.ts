/** Writes the tables of the settings in the code into README.md: `node tests/house/write-readme.ts`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SETTINGS as AGENT } from '../../agent/config/settings.ts';
import { SETTINGS as SERVER } from '../../server/config/settings.ts';
import { settingsTable, withTable } from './settings-table.ts';

const path = join(import.meta.dirname, '..', '..', 'README.md');
const readme = readFileSync(path, 'utf8');
const withAgent = withTable(readme, 'agent', settingsTable(AGENT));
writeFileSync(path, withTable(withAgent, 'server', settingsTable(SERVER)));
