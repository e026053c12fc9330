/** Writes the agent's sources without their types to standard output, as JSON `[[url, text], …]`. `lean.js` runs it. */
import { readdirSync, readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '..', '..');
const files = ['agent', join('server', 'protocol')].flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => join(root, folder, name)),
);
const stripped = files.map((path) => [
  pathToFileURL(path).href,
  stripTypeScriptTypes(readFileSync(path, 'utf8')),
]);
process.stdout.write(JSON.stringify(stripped));
