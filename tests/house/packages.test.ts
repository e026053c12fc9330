/**
 * Checks that each package the design chose is imported, and only by the rooms that it is for. [Must show 8]
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readSources, ROOT } from './sources.ts';

const sources = readSources();

/** The packages, each with the folders that may import it. */
const OWNERS: readonly (readonly [string, readonly string[]])[] = [
  ['uWebSockets.js', ['server/http/', 'server/live/']],
  ['socket.io', ['server/live/']],
  ['argon2', ['server/auth/']],
  ['jose', ['server/auth/']],
  ['lowdb', ['server/state/']],
  ['nodemailer', ['server/alerts/notify/channels/']],
  ['web-push', ['server/alerts/notify/channels/']],
  ['liquidjs', ['server/alerts/notify/template.ts']],
  ['@resvg/resvg-js', ['server/alerts/notify/chart-image.ts']],
  ['https-proxy-agent', ['server/alerts/notify/outgoing.ts']],
  ['proxy-from-env', ['server/alerts/notify/outgoing.ts']],
  ['node:sqlite', ['server/history/', 'server/state/lock.ts', 'agent/data-folder/lock.ts']],
  ['@influxdata/influxdb-client', ['influx/']],
  ['@influxdata/influxdb-client-apis', ['influx/']],
  ['systeminformation', ['agent/']],
  ['koffi', ['agent/']],
  ['layerchart', ['web/']],
  ['socket.io-client', ['web/']],
  ['svelte', ['web/']],
];

/** Paths of the files that import the package. */
const importersOf = (name: string) =>
  sources.filter(({ packages }) => packages.includes(name)).map(({ path }) => path);

const manifest = z
  .object({
    dependencies: z.record(z.string(), z.string()),
    devDependencies: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));

describe('packages', () => {
  it.each(OWNERS)('the package %s is imported, and only by the rooms it is for', (name, rooms) => {
    const product = importersOf(name).filter((path) => !path.startsWith('tests/'));
    expect(product.filter((path) => !rooms.some((room) => path.startsWith(room)))).toEqual([]);
    expect(product.length).toBeGreaterThan(0);
  });

  it('tests/browser.ts starts the end-to-end browser with playwright', () => {
    expect(importersOf('playwright')).toContain('tests/browser.ts');
  });

  it('every imported package is listed in package.json, those of the product as dependencies', () => {
    const { dependencies, devDependencies } = manifest;
    const unlisted = sources.flatMap(({ path, packages }) =>
      packages
        .filter((name) => !/^(node:|\$|virtual:)/.test(name))
        .filter((name) => !(name in dependencies))
        .filter((name) => !(/^(tests|deploy)\//.test(path) && name in devDependencies))
        .map((name) => `${path} -> ${name}`),
    );
    expect(unlisted).toEqual([]);
  });

  it('every package listed as a dependency is imported by some file', () => {
    const imported = new Set(sources.flatMap(({ packages }) => packages));
    // Node is run and not imported; the Svelte plugin is imported by SvelteKit.
    const usedOtherwise = ['node', '@sveltejs/vite-plugin-svelte'];
    const unused = Object.keys(manifest.dependencies).filter(
      (name) => !imported.has(name) && !usedOtherwise.includes(name),
    );
    expect(unused).toEqual([]);
  });
});
