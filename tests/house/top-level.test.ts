/** The agreed top level, and files small enough to hold one noun. */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readSources, ROOT } from './sources.ts';

const AGREED = {
  folders: ['server', 'agent', 'web', 'influx', 'deploy', 'tests'],
  files: ['package.json', 'package-lock.json', 'tsconfig.json', 'README.md', 'CONTRIBUTING.md', 'LICENSE'],
};
/** Made by running or installing; never committed. */
const MADE = ['node_modules', 'data', 'agent-data'];
/** A suite of many small cases may be longer than what it tests. */
const MOST_LINES = { product: 300, tests: 400 };

describe('the repository', () => {
  it('has the agreed top level: six rooms, six files, dotfiles', () => {
    const entries = readdirSync(ROOT, { withFileTypes: true }).filter(
      ({ name }) => !name.startsWith('.') && !MADE.includes(name) && !name.endsWith('.log'),
    );
    const names = (folders: boolean) =>
      entries
        .filter((entry) => entry.isDirectory() === folders)
        .map(({ name }) => name)
        .sort();
    expect(names(true)).toEqual([...AGREED.folders].sort());
    expect(names(false)).toEqual([...AGREED.files].sort());
  });

  it(`has no source file of more than ${MOST_LINES.product} lines, no test of more than ${MOST_LINES.tests}`, () => {
    const long = readSources()
      .filter(
        ({ path, lines }) => lines > (path.startsWith('tests/') ? MOST_LINES.tests : MOST_LINES.product),
      )
      .map(({ path, lines }) => `${path}: ${lines} lines`);
    expect(long).toEqual([]);
  });

  it('has no utils, helpers or common, where nouns go to hide', () => {
    const vague = readSources()
      .map(({ path }) => path)
      .filter((path) => /(^|\/)(utils?|helpers?|common|misc|shared)(\/|\.[a-z.]+$)/.test(path));
    expect(vague).toEqual([]);
  });
});
