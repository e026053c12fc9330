import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LEAN_ENVIRONMENT } from '../../../agent/service/itself.ts';
import { findService } from '../../../agent/service/installed.ts';
import { systemPlaces } from '../../../agent/service/places.ts';
import { launchdPlist, openrcScript, systemdUnit, type ServiceText } from '../../../agent/service/unit.ts';
import { packagedUnit } from '../../../deploy/packages/linux-files.ts';
import { cloneUnit, UNIT_FILE } from '../../house/clone-unit.ts';
import { ownFolder } from '../data-folder/folder.ts';

const text: ServiceText = {
  kind: 'system',
  command: ['/usr/bin/watchfloor-agent'],
  environment: LEAN_ENVIRONMENT,
  settings: '/etc/watchfloor/agent.env',
  data: '/var/lib/watchfloor-agent',
};
/** Paths and values that a careless text would break on. */
const odd: ServiceText = {
  ...text,
  command: ['/opt/a b/node', '/opt/100%/it\'s "main".ts'],
  environment: { ODD: `a & <b> $HOME 'c'` },
};

const withoutComments = (unit: string) =>
  unit
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .trim();

const READ_PLIST = 'import json, plistlib, sys; print(json.dumps(plistlib.load(open(sys.argv[1], "rb"))))';

/** A tool's verdict; undefined where it is not installed. */
function verdict(command: string, ...args: string[]) {
  const { error, status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  return error === undefined ? { status, output: `${stdout}${stderr}` } : undefined;
}

describe('the text of the service', () => {
  it('the unit for a clone is the text in the code; node tests/house/write-unit.ts writes it', () => {
    expect(readFileSync(UNIT_FILE, 'utf8')).toBe(cloneUnit());
  });

  it('the unit that packages bring is the text in the code', () => {
    const packaged = packagedUnit(readFileSync(UNIT_FILE, 'utf8'));
    expect(withoutComments(packaged)).toBe(withoutComments(systemdUnit(text)));
  });

  it('a unit quotes paths and values with blanks, quotes and percent signs', () => {
    const unit = systemdUnit(odd);
    expect(unit).toContain(`ExecStart="/opt/a b/node" "/opt/100%%/it's \\"main\\".ts"\n`);
    expect(unit).toContain(`Environment="ODD=a & <b> \\$HOME 'c'"\n`);
  });

  it('[G5] a unit of a user lies in its folders, starts with its session, and asks for nothing that needs root', () => {
    const unit = systemdUnit({ ...text, kind: 'user', settings: '/home/a/agent.env', data: '/home/a/data' });
    expect(unit).toContain('WantedBy=default.target');
    expect(unit).toContain('Environment=WATCHFLOOR_AGENT_DATA=/home/a/data\n');
    expect(unit).not.toMatch(/DynamicUser|StateDirectory|network-online|ProtectSystem/);
  });

  it('the shell finds no fault in the script of OpenRC, and reads its values as they are', () => {
    const path = join(ownFolder(), 'script');
    writeFileSync(path, openrcScript(odd));
    expect(verdict('sh', '-n', path)).toEqual({ status: 0, output: '' });
    const shown = verdict('sh', '-c', `. ${path}; printf '%s\\n' "$command" "$command_args" "$ODD"`);
    expect(shown?.output.split('\n')).toEqual([
      '/opt/a b/node',
      `'/opt/100%/it'\\''s "main".ts' 'run' '--env-file' '/etc/watchfloor/agent.env'`,
      `a & <b> $HOME 'c'`,
      '',
    ]);
  });

  it('a property list has every value in its place, and no sign that XML would read otherwise', () => {
    const plist = launchdPlist(odd);
    expect(plist).toContain("<string>a &amp; &lt;b&gt; $HOME 'c'</string>");
    expect(plist).toMatch(/<key>ProgramArguments<\/key>\s*<array>\s*<string>\/opt\/a b\/node<\/string>/);
    // Python's reader of property lists, where it is installed, reads what launchd reads.
    const path = join(ownFolder(), 'plist');
    writeFileSync(path, plist);
    const read = verdict('python3', '-c', READ_PLIST, path);
    if (read !== undefined)
      expect(JSON.parse(read.output)).toMatchObject({
        Label: 'io.watchfloor.agent',
        ProgramArguments: [...odd.command, 'run', '--env-file', odd.settings],
        EnvironmentVariables: { ...odd.environment, WATCHFLOOR_AGENT_DATA: odd.data },
        UserName: 'daemon',
        KeepAlive: true,
        Umask: 0o077,
      });
  });

  it.each([
    ['systemd', systemdUnit],
    ['openrc', openrcScript],
    ['launchd', launchdPlist],
  ] as const)('a service of %s is found again with its data folder', (manager, write) => {
    const root = ownFolder();
    const places = systemPlaces(root, manager === 'launchd' ? 'darwin' : 'linux');
    const path = places.file[manager] ?? '';
    mkdirSync(join(path, '..'), { recursive: true });
    writeFileSync(path, write({ ...text, data: '/srv/agent data' }));
    expect(findService(places)).toMatchObject({
      manager,
      file: path,
      data: '/srv/agent data',
      isPackaged: false,
    });
  });
});
