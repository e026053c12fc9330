import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SETTINGS as AGENT } from '../../agent/config/settings.ts';
import { SETTINGS as SERVER } from '../../server/config/settings.ts';
import { settingsTable, withTable } from './settings-table.ts';
import { ROOT } from './sources.ts';

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');

/** When one of these fails, run `node tests/house/write-readme.ts`. */
describe('README.md', () => {
  it('README.md lists the settings of the server as they are in its code', () => {
    expect(withTable(readme, 'server', settingsTable(SERVER))).toBe(readme);
  });

  it('README.md lists the settings of the agent as they are in its code', () => {
    expect(withTable(readme, 'agent', settingsTable(AGENT))).toBe(readme);
  });
});
