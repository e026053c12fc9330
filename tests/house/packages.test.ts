/** Each package that the design chose is imported, and only by the room that it is for. [Must show 8] */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readSources, ROOT } from './sources.ts';

const sources = readSources();

const OWNERS: readonly (readonly [string, readonly string[]])[] = [
  ['uWebSockets.js', ['server/http/', 'server/live/']],
  ['socket.io', ['server/live/']],
  ['argon2', ['server/auth/']],
  ['jose', ['server/auth/']],
  ['lowdb', ['server/state/']],
  ['node:sqlite', ['server/history/']],
  ['@influxdata/influxdb-client', ['influx/']],
  ['@influxdata/influxdb-client-apis', ['influx/']],
  ['systeminformation', ['agent/']],
  ['layerchart', ['web/']],
  ['socket.io-client', ['web/']],
  ['svelte', ['web/']],
];

const users = (name: string) =>
  sources.filter(({ packages }) => packages.includes(name)).map(({ path }) => path);

const manifest = z
  .object({
    dependencies: z.record(z.string(), z.string()),
    devDependencies: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));

describe('packages', () => {
  it.each(OWNERS)('%s is imported by its own room only', (name, rooms) => {
    const product = users(name).filter((path) => !path.startsWith('tests/'));
    expect(product.filter((path) => !rooms.some((room) => path.startsWith(room)))).toEqual([]);
    expect(product.length).toBeGreaterThan(0);
  });

  it('playwright drives the end-to-end tests', () => {
    expect(users('playwright')).toContain('tests/browser.ts');
  });

  it('imported are listed in package.json, those of the product as dependencies', () => {
    const { dependencies, devDependencies } = manifest;
    const unlisted = sources.flatMap(({ path, packages }) =>
      packages
        .filter((name) => !/^(node:|\$|virtual:)/.test(name))
        .filter((name) => !(name in dependencies))
        .filter((name) => !(path.startsWith('tests/') && name in devDependencies))
        .map((name) => `${path} -> ${name}`),
    );
    expect(unlisted).toEqual([]);
  });

  it('listed as dependencies are imported by some file', () => {
    const imported = new Set(sources.flatMap(({ packages }) => packages));
    // Node itself is run, and the kit imports its plugin for Svelte.
    const elsewhere = ['node', '@sveltejs/vite-plugin-svelte'];
    const unused = Object.keys(manifest.dependencies).filter(
      (name) => !imported.has(name) && !elsewhere.includes(name),
    );
    expect(unused).toEqual([]);
  });
});
