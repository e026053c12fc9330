import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { formatEnrollment, parseEnrollment } from '#protocol/enrollment.ts';
import { parseEnvFile } from '../../../agent/config/env-file.ts';
import { install, type Plan } from '../../../agent/service/install.ts';
import { findService } from '../../../agent/service/installed.ts';
import type { RunProgram } from '../../../agent/service/manager.ts';
import { systemPlaces, userPlaces, type Places } from '../../../agent/service/places.ts';
import { uninstall } from '../../../agent/service/uninstall.ts';
import { MAIN } from '../command.ts';
import { ownFolder } from '../data-folder/folder.ts';
import { makeServerTls, type Authority } from '../link/certificates.ts';
import { startServer, type Tls } from '../link/server.ts';

let authority: Authority;
let tls: Tls;

beforeAll(async () => {
  ({ authority, tls } = await makeServerTls());
});

/** Starts a server; an enrollment string for it. */
async function enrolling() {
  const server = await startServer(tls);
  onTestFinished(() => server.close());
  const ca = authority.fingerprint;
  const text = formatEnrollment({ key: 'key-1', host: '127.0.0.1', port: server.port, ca, tls: true });
  return { server, text };
}

/**
 * A machine in a folder. Its systemctl starts and stops the real agent, with the settings of the service, and keeps what
 * it was asked.
 */
function pretendedMachine(places: Places, packages: readonly string[] = []) {
  const asked: string[] = [];
  let agent: ChildProcess | undefined;
  const end = async () => {
    const running = agent;
    agent = undefined;
    if (running === undefined) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill('SIGTERM');
    await ended;
  };
  onTestFinished(end);
  const begin = () => {
    const settings = parseEnvFile(readFileSync(places.settings, 'utf8'));
    const env = { PATH: process.env['PATH'], WATCHFLOOR_AGENT_DATA: places.data, ...settings };
    mkdirSync(places.data, { recursive: true });
    agent = spawn(process.execPath, [MAIN], { env, stdio: 'ignore' });
  };
  const answer = (status: number, stdout = '') => ({ status, stdout, stderr: '' });
  const run: RunProgram = async (file, args) => {
    const line = [file, ...args].join(' ');
    asked.push(line);
    if (file === 'dpkg-query') return answer(packages.includes('deb') ? 0 : 1);
    if (/ restart /.test(line)) {
      await end();
      begin();
    }
    if (/ disable .*--now/.test(line)) await end();
    if (/ is-active /.test(line)) return answer(0, agent === undefined ? 'inactive\n' : 'active\n');
    return answer(0);
  };
  const said: string[] = [];
  const plan = (changes: Partial<Plan> = {}): Plan => ({
    places,
    manager: 'systemd',
    program: undefined,
    isBooted: true,
    run,
    say: (line) => said.push(line),
    ask: () => Promise.resolve(undefined),
    ...changes,
  });
  return { asked, said, plan, run, places };
}

/** An executable that stands for the packaged agent. */
function program(text = 'one'): string {
  const path = join(ownFolder(), 'watchfloor-agent');
  writeFileSync(path, `#!/bin/sh\n# ${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

const user = () => pretendedMachine(userPlaces(ownFolder(), {}, 'linux'));
const system = (packages?: readonly string[]) =>
  pretendedMachine(systemPlaces(ownFolder(), 'linux'), packages);
const quiet = (machine: ReturnType<typeof user>) => ({
  places: machine.places,
  run: machine.run,
  say: () => undefined,
});
const mode = (path: string) => statSync(path).mode & 0o777;

describe('watchfloor-agent install', () => {
  it('install makes a service that joins; again, it upgrades in place with the same device, token and settings', async () => {
    const { text } = await enrolling();
    const machine = user();
    const { places, said, asked } = machine;
    const first = await install(machine.plan({ program: program() }), ['--name', 'box'], {
      WATCHFLOOR_ENROLL: text,
      WATCHFLOOR_TAGS: 'a,b',
      https_proxy: 'http://proxy.example:3128',
    });
    expect(first).toBe(0);
    expect(said.at(-1)).toMatch(/^It runs as the device [0-9a-f-]{36} of 127\.0\.0\.1:\d+\.$/);
    expect(said.join('\n')).toMatch(/To have it run always: sudo loginctl enable-linger/);
    expect(mode(places.settings)).toBe(0o600);
    expect(parseEnvFile(readFileSync(places.settings, 'utf8'))).toEqual({
      WATCHFLOOR_ENROLL: text,
      WATCHFLOOR_NAME: 'box',
      WATCHFLOOR_TAGS: 'a,b',
      HTTPS_PROXY: 'http://proxy.example:3128',
    });
    expect(mode(places.program)).toBe(0o755);
    const unit = readFileSync(places.file.systemd ?? '', 'utf8');
    expect(unit).toContain(`ExecStart=${places.program}\n`);
    expect(unit).not.toContain('key-1');
    const membership = readFileSync(join(places.data, 'membership.json'), 'utf8');

    writeFileSync(places.settings, `# mine\n${readFileSync(places.settings, 'utf8')}`);
    const before = asked.length;
    expect(await install(machine.plan({ program: program('two') }), [], {})).toBe(0);
    expect(readFileSync(places.program, 'utf8')).toContain('# two');
    expect(readFileSync(join(places.data, 'membership.json'), 'utf8')).toBe(membership);
    expect(readFileSync(places.settings, 'utf8')).toMatch(/^# mine\nWATCHFLOOR_ENROLL=/);
    expect(asked.slice(before)).toContain('systemctl --user restart watchfloor-agent');
  });

  it('uninstall removes what install wrote and keeps the settings and the identity, which --purge removes', async () => {
    const { text } = await enrolling();
    const machine = user();
    const { places, plan } = machine;
    await install(plan({ program: program() }), [], { WATCHFLOOR_ENROLL: text });
    const membership = readFileSync(join(places.data, 'membership.json'), 'utf8');
    expect(await uninstall(quiet(machine), [])).toBe(0);
    for (const path of [places.file.systemd ?? '', places.program])
      expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
    expect(findService(places)).toBeUndefined();
    expect(await uninstall(quiet(machine), [])).toBe(0);

    expect(await install(plan({ program: program() }), [], {})).toBe(0);
    expect(readFileSync(join(places.data, 'membership.json'), 'utf8')).toBe(membership);
    expect(await uninstall(quiet(machine), ['--purge'])).toBe(0);
    for (const path of [places.settings, places.data, places.program, dirname(places.settings)])
      expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
  });

  it('a program that was put in its place by others stays there when the service is uninstalled', async () => {
    const { text } = await enrolling();
    const machine = user();
    const { places } = machine;
    mkdirSync(dirname(places.program), { recursive: true });
    writeFileSync(places.program, readFileSync(program()));
    await install(machine.plan({ program: places.program }), ['--no-start'], { WATCHFLOOR_ENROLL: text });
    await uninstall(quiet(machine), []);
    expect(statSync(places.program).isFile()).toBe(true);
  });

  it.each([
    ['deb', /^a Debian package brought the service.*dpkg -i/],
    ['rpm', /^an rpm package brought the service.*rpm -U/],
  ])('a service that a %s brought is refused, with the command to use', async (kind, message) => {
    const machine = system([kind]);
    const [unit = ''] = machine.places.packaged;
    mkdirSync(dirname(unit), { recursive: true });
    writeFileSync(unit, '[Service]\n');
    await expect(install(machine.plan(), [], {})).rejects.toThrow(message);
    await expect(uninstall(quiet(machine), [])).rejects.toThrow(/dpkg -r|rpm -e/);
    expect(statSync(machine.places.settings, { throwIfNoEntry: false })).toBeUndefined();
  });

  it('a unit that an administrator wrote is not overwritten, nor removed', async () => {
    const { text } = await enrolling();
    const machine = system();
    const unit = machine.places.file.systemd ?? '';
    mkdirSync(dirname(unit), { recursive: true });
    writeFileSync(unit, '[Service]\nExecStart=/opt/mine\n');
    const parts = machine.plan({ program: program() });
    await expect(install(parts, ['--no-start'], { WATCHFLOOR_ENROLL: text })).rejects.toThrow(
      /did not write it/,
    );
    await expect(uninstall(quiet(machine), [])).rejects.toThrow(/was not written by/);
    expect(readFileSync(unit, 'utf8')).toContain('/opt/mine');
    expect(machine.asked.join('\n')).not.toContain('disable');
  });

  it('[G5] without an enrollment string install asks for one, and where none comes it writes nothing', async () => {
    const { text } = await enrolling();
    const machine = system();
    const parts = machine.plan({ program: program() });
    await expect(install(parts, ['--no-start'], {})).rejects.toThrow(/no enrollment string was given/);
    await expect(install(parts, ['--interval', 'often'], { WATCHFLOOR_ENROLL: text })).rejects.toThrow(
      /mistake/,
    );
    await expect(install(parts, ['--data', '/else'], { WATCHFLOOR_ENROLL: text })).rejects.toThrow(
      /leave out --data/,
    );
    expect(findService(machine.places)).toBeUndefined();
    const ask = () => Promise.resolve(parseEnrollment(text));
    expect(await install({ ...parts, ask }, ['--no-start'], {})).toBe(0);
    expect(parseEnvFile(readFileSync(machine.places.settings, 'utf8'))).toEqual({ WATCHFLOOR_ENROLL: text });
  });

  it('an image whose systemd does not run gets the service enabled, and nothing is started', async () => {
    const { text } = await enrolling();
    const machine = system();
    const parts = machine.plan({ program: program(), isBooted: false });
    expect(await install(parts, [], { WATCHFLOOR_ENROLL: text })).toBe(0);
    expect(machine.asked).toEqual([
      'grep -q ^watchfloor-agent: /etc/passwd',
      'systemctl enable --quiet watchfloor-agent',
    ]);
  });

  it('the service of a machine gets the user that dbus-daemon lets in, as from a package, and a purge removes it', async () => {
    const { text } = await enrolling();
    const machine = system();
    const { run } = machine.plan();
    const noUser: RunProgram = async (file, args) => {
      const ran = await run(file, args);
      return file === 'grep' ? { ...ran, status: 1 } : ran;
    };
    const parts = machine.plan({ program: program(), run: noUser });
    expect(await install(parts, [], { WATCHFLOOR_ENROLL: text })).toBe(0);
    const made = machine.asked.findIndex((line) => line.startsWith('useradd --system'));
    // While the service runs as a user that systemd made, the name is taken.
    expect(machine.asked.indexOf('systemctl stop watchfloor-agent')).toBe(made - 1);
    expect(machine.asked.indexOf('systemctl restart watchfloor-agent')).toBeGreaterThan(made);
    await uninstall(quiet(machine), ['--purge']);
    expect(machine.asked).toContain('userdel watchfloor-agent');
  });

  it('where that user cannot be made, the service is installed all the same, and it is said what is missing', async () => {
    const { text } = await enrolling();
    const machine = system();
    const { run } = machine.plan();
    const readOnly: RunProgram = async (file, args) => {
      const ran = await run(file, args);
      return ['grep', 'useradd'].includes(file)
        ? { ...ran, status: 1, stderr: 'cannot lock /etc/passwd' }
        : ran;
    };
    const parts = machine.plan({ program: program(), run: readOnly });
    expect(await install(parts, [], { WATCHFLOOR_ENROLL: text })).toBe(0);
    expect(machine.said.join('\n')).toContain('cannot be made (cannot lock /etc/passwd)');
  });

  it('[G5] on Windows the folder is private before the enrollment string is written there', async () => {
    const { text } = await enrolling();
    const machine = system();
    const found: boolean[] = [];
    const run: RunProgram = (file) => {
      if (file === 'icacls.exe') found.push(existsSync(machine.places.settings));
      return Promise.resolve({ status: 0, stdout: '', stderr: '' });
    };
    const places = { ...machine.places, file: { windows: 'C:\\service' } };
    const parts = machine.plan({ places, manager: 'windows', program: program(), run });
    expect(await install(parts, ['--no-start'], { WATCHFLOOR_ENROLL: text })).toBe(0);
    expect(found).toEqual([false]);
    expect(existsSync(machine.places.settings)).toBe(true);
  });

  it('a user without a running systemd is told how to start the service', async () => {
    const { text } = await enrolling();
    const machine = user();
    const run: RunProgram = () =>
      Promise.resolve({ status: 1, stdout: '', stderr: 'Failed to connect to bus' });
    expect(await install(machine.plan({ program: program(), run }), [], { WATCHFLOOR_ENROLL: text })).toBe(0);
    expect(machine.said.join('\n')).toMatch(/Log in as this user.*\n +systemctl --user enable --now/);
  });
});

describe('watchfloor-agent install and uninstall as commands', () => {
  it('uninstall takes no other flags, and says so before it touches anything', async () => {
    const machine = user();
    await expect(uninstall(quiet(machine), ['--prune'])).rejects.toThrow(/mistake/);
    expect(machine.asked).toEqual([]);
    expect(execFileSync(process.execPath, [MAIN, 'uninstall', '--help'], { encoding: 'utf8' })).toContain(
      '--purge',
    );
  });
});
