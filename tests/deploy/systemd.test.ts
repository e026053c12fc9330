import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const scratch = mkdtempSync(join(tmpdir(), 'watchfloor-units-'));
const present = spawnSync('systemd-analyze', ['--version']).error === undefined;

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

/**
 * Writes the unit with the paths of this source tree, so that systemd can check them, and returns its path.
 */
function writeUnit(name: string): string {
  const unit = readFileSync(join(root, 'deploy', 'systemd', name), 'utf8');
  const path = join(scratch, name);
  writeFileSync(path, unit.replaceAll('/opt/watchfloor', root));
  return path;
}

function analyze(...args: string[]): { readonly output: string; readonly status: number | null } {
  const { stdout, stderr, status } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  return { output: `${stdout}${stderr}`, status };
}

/** Skipped, and counted as such, where systemd-analyze is not installed. */
describe.skipIf(!present).each(['watchfloor-server.service', 'watchfloor-agent.service'])('%s', (name) => {
  it(`systemd-analyze verify finds no fault in ${name}, paths included`, () => {
    expect(analyze('verify', '--man=no', writeUnit(name))).toEqual({ output: '', status: 0 });
  });

  it(`systemd-analyze security rates ${name} as OK`, () => {
    // The threshold is in tenths: an exposure of 2.0 of 10. A service without any hardening has 9.6.
    const { output, status } = analyze('security', '--offline=yes', '--threshold=20', writeUnit(name));
    expect(output).toContain('Overall exposure level');
    expect(status).toBe(0);
  });

  it(`${name} leaves V8 able to compile code`, () => {
    expect(readFileSync(writeUnit(name), 'utf8')).toContain('MemoryDenyWriteExecute=no');
  });
});
