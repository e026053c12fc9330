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

/** The unit as it would be installed for this very tree, so that its paths can be checked too. */
function installed(name: string): string {
  const unit = readFileSync(join(root, 'deploy', 'systemd', name), 'utf8');
  const path = join(scratch, name);
  writeFileSync(path, unit.replaceAll('/opt/watchfloor', root));
  return path;
}

function analyze(...args: string[]): { readonly output: string; readonly status: number | null } {
  const { stdout, stderr, status } = spawnSync('systemd-analyze', args, { encoding: 'utf8' });
  return { output: `${stdout}${stderr}`, status };
}

/** Where systemd-analyze is absent these are skipped and counted. */
describe.skipIf(!present).each(['watchfloor-server.service', 'watchfloor-agent.service'])('%s', (name) => {
  it('is clean for systemd-analyze verify, paths included', () => {
    expect(analyze('verify', '--man=no', installed(name))).toEqual({ output: '', status: 0 });
  });

  it('is rated OK by systemd-analyze security', () => {
    // Tenths: 2.0 of 10; a service without any hardening has 9.6.
    const { output, status } = analyze('security', '--offline=yes', '--threshold=20', installed(name));
    expect(output).toContain('Overall exposure level');
    expect(status).toBe(0);
  });

  it('keeps V8 able to compile, and says so', () => {
    expect(readFileSync(installed(name), 'utf8')).toContain('MemoryDenyWriteExecute=no');
  });
});
