import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const folder = join(import.meta.dirname, '..', '..', 'deploy', 'kiosk');
const script = join(folder, 'watchfloor-kiosk');
const scratch = mkdtempSync(join(tmpdir(), 'watchfloor-kiosk-'));
const hasSystemd = spawnSync('systemd-analyze', ['--version']).error === undefined;

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

function runWith(link: string) {
  const file = join(scratch, 'display-link');
  writeFileSync(file, link);
  const env = { PATH: process.env['PATH'] ?? '', KIOSK_DISPLAY: 'none', KIOSK_LINK_FILE: file };
  const runtime = { RUNTIME_DIRECTORY: join(scratch, 'run'), KIOSK_CHROMIUM: 'false' };
  return spawnSync(script, { encoding: 'utf8', env: { ...env, ...runtime } });
}

describe('the recipe for a display computer', () => {
  it('what can be set is what the example names', () => {
    const known = [...readFileSync(script, 'utf8').matchAll(/^: "\$\{(KIOSK_[A-Z_]+):=/gm)].map(
      ([, name]) => name,
    );
    const named = [...readFileSync(join(folder, 'kiosk.conf'), 'utf8').matchAll(/^#(KIOSK_[A-Z_]+)=/gm)];
    const notForPeople = ['KIOSK_LINK_FILE', 'KIOSK_CHROMIUM', 'KIOSK_SILENCE_S'];
    expect(named.map(([, name]) => name).sort()).toEqual(
      known.filter((name) => !notForPeople.includes(name ?? '')).sort(),
    );
  });

  it('a file without a display link is told, and not tried again', () => {
    for (const link of ['', 'https://server:8443/ui/\n', "https://server/ui/wall/display#a'+alert(1)+'\n"]) {
      const { status, stderr } = runWith(link);
      expect(status, link).toBe(78);
      expect(stderr).toContain('display-link');
      expect(stderr).not.toContain('alert(1)');
    }
    expect(readFileSync(join(folder, 'watchfloor-kiosk.service'), 'utf8')).toContain(
      'RestartPreventExitStatus=78',
    );
  });

  it('[W2] cage has its socket in the unit’s own folder, and where cage cannot start the script ends, to be started again', () => {
    const bin = join(scratch, 'cage-bin');
    const run = join(scratch, 'cage-run');
    mkdirSync(bin);
    writeFileSync(join(bin, 'cage'), '#!/bin/sh\necho "socket in $XDG_RUNTIME_DIR"\nexit 1\n', {
      mode: 0o755,
    });
    const file = join(scratch, 'cage-link');
    writeFileSync(file, 'https://server:8443/ui/wall/display#secret');
    const { status, stdout, stderr } = spawnSync(script, {
      encoding: 'utf8',
      timeout: 10_000,
      env: {
        ...{ PATH: `${bin}:${process.env['PATH'] ?? ''}`, RUNTIME_DIRECTORY: run, KIOSK_LINK_FILE: file },
        // As PAM names it, hidden by the unit.
        ...{ XDG_RUNTIME_DIR: '/run/user/1234', KIOSK_AUTHORITY: join(scratch, 'none') },
      },
    });
    expect(stdout).toBe(`socket in ${run}\n`);
    expect(stderr).toContain('cage ended');
    expect(status).toBe(0);
  });

  it.skipIf(!hasSystemd)('systemd-analyze verify finds no fault in the unit', () => {
    const unit = join(scratch, 'watchfloor-kiosk.service');
    mkdirSync(join(scratch, 'bin'));
    copyFileSync(script, join(scratch, 'bin', 'watchfloor-kiosk'));
    const text = readFileSync(join(folder, 'watchfloor-kiosk.service'), 'utf8');
    writeFileSync(unit, text.replaceAll('/usr/local/bin', join(scratch, 'bin')));
    const { stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', unit], {
      encoding: 'utf8',
    });
    expect(stdout + stderr).toBe('');
  });
});
