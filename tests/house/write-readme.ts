/** Puts the current settings into README.md: `node tests/house/write-readme.ts`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SETTINGS as AGENT } from '../../agent/settings.ts';
import { settingsTable, withTable } from './settings-table.ts';

const path = join(import.meta.dirname, '..', '..', 'README.md');
const readme = readFileSync(path, 'utf8');
writeFileSync(path, withTable(readme, 'agent', settingsTable(AGENT)));
