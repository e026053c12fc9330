import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { enrollmentKeyCreated, type EnrollmentKeyCreated } from '#protocol/api.ts';
import { PROGRAM } from './made-up-packages.ts';
import { eventually } from '../e2e/eventually.ts';
import { openStage, type Stage } from '../routes/stage.ts';
import { openAuthority } from '../../server/tls/authority.ts';
import { ownFolder } from '../state/folder.ts';
import { writePackages } from './made-up-packages.ts';
import { pretendedMachine, type MachineOptions } from './pretended-machine.ts';

const DEB = 'watchfloor-agent_0.1.0_amd64.deb';
const RPM = 'watchfloor-agent-0.1.0-1.x86_64.rpm';
const EXECUTABLE = 'watchfloor-agent-0.1.0-linux-x64';
const contents = {
  [DEB]: 'the Debian package',
  [RPM]: 'the RPM package',
  [EXECUTABLE]: PROGRAM,
  'watchfloor-agent-0.1.0-macos-arm64': 'a program for macOS',
  'watchfloor-agent-0.1.0-windows-x64.exe': 'a program for Windows',
};

/** Kubernetes' documents, as far as the test reads them. */
const manifest = z.object({
  spec: z
    .object({
      template: z.object({
        spec: z.object({ initContainers: z.array(z.object({ command: z.array(z.string()) })) }),
      }),
    })
    .optional(),
});
const composeFile = z.object({
  services: z.object({ 'watchfloor-fetch': z.object({ command: z.array(z.string()) }) }),
});

const folder = mkdtempSync(join(tmpdir(), 'watchfloor-packages-'));
let stage: Stage;
beforeAll(async () => {
  writePackages(folder, contents);
  stage = await openStage({ packages: folder });
  await eventually('the packages were checked', async () => (await newKey()).install.linux !== null);
});
afterAll(async () => {
  await stage.close();
  rmSync(folder, { recursive: true, force: true });
});

async function newKey(): Promise<EnrollmentKeyCreated> {
  const created = await stage.admin.ask('POST', '/enrollment-keys', { body: {} });
  return created.as(enrollmentKeyCreated);
}
let key: EnrollmentKeyCreated;
beforeEach(async () => {
  key = await newKey();
});
/** The text of a way to install. */
function text(way: keyof EnrollmentKeyCreated['install']): string {
  const found = key.install[way];
  if (found === null) throw new Error(`there is no text for ${way}`);
  return found;
}

const debian = (more: Partial<MachineOptions> = {}) =>
  pretendedMachine({ root: true, tools: ['curl'], noting: ['dpkg', 'apt-get', 'systemctl'], ...more });
const user = (more: Partial<MachineOptions> = {}) =>
  pretendedMachine({ root: false, tools: ['curl'], noting: [], ...more });
const programOf = ({ home }: { home: string }) => join(home, '.local', 'bin', 'watchfloor-agent');

/** A certificate for the same names, by another authority. */
async function foreign() {
  const { certFile, keyFile } = await openAuthority(ownFolder(), ['localhost', '127.0.0.1']);
  return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
}

/** A server that answers everything with what `answer` says; with a certificate of its own, or the one of `tls`. */
async function otherServer(
  answer: () => { body: string; length?: number },
  tls?: { cert: string; key: string },
) {
  const seen = { connections: 0, bytes: 0, requests: 0 };
  const server = https.createServer(tls ?? (await foreign()), (_, response) => {
    seen.requests++;
    const { body, length = body.length } = answer();
    response.writeHead(200, { 'content-length': length });
    response.write(body);
    if (length > body.length) response.destroy();
    else response.end();
  });
  server.on('connection', () => seen.connections++);
  server.on('secureConnection', (socket) => socket.on('data', (piece) => (seen.bytes += piece.length)));
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => new Promise<void>((resolve) => void server.close(() => resolve())));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  /** The text with this server in the place of the real one. */
  const inPlace = (of: string) =>
    of.replaceAll(`localhost:${stage.server().port}`, `localhost:${address.port}`);
  return { seen, inPlace };
}

/** The real server's certificate and key, for one in between that has stolen both, or a server with damaged files. */
const stolen = () => ({
  cert: readFileSync(join(stage.data, 'tls', 'server.crt'), 'utf8'),
  key: readFileSync(join(stage.data, 'tls', 'server.key'), 'utf8'),
});
const scriptText = async () => (await stage.client().ask('GET', '/install/agent.sh')).text;

describe('the line that installs an agent', () => {
  it('on Debian as root the line installs the .deb, and the string is in no process list', async () => {
    const machine = debian();
    expect(key.command).toBe(text('linux'));
    const { status, output } = await machine.paste(key.command);
    expect([status, output]).toEqual([0, expect.stringContaining('To remove it: dpkg -P watchfloor-agent')]);
    expect(machine.calls()).toEqual([
      expect.stringMatching(
        new RegExp(`^dpkg -i /\\S+/${DEB} WATCHFLOOR_ENROLL=${key.enrollment.replace('?', '\\?')}$`),
      ),
    ]);
    expect(machine.leftovers()).toEqual([]);
  });

  it('with sudo the string comes through the pipe, and is not in what sudo logs', async () => {
    const machine = debian({ noting: ['dpkg', 'apt-get', 'systemctl', 'sudo'] });
    expect((await machine.paste(text('linux_sudo'))).status).toBe(0);
    expect(machine.calls()).toEqual([
      'sudo sh WATCHFLOOR_ENROLL=',
      expect.stringContaining(`${DEB} WATCHFLOOR_ENROLL=${key.enrollment}`),
    ]);
  });

  it('where there is no apt-get, root gets the .rpm', async () => {
    const machine = pretendedMachine({ root: true, tools: ['curl'], noting: ['rpm', 'dpkg', 'systemctl'] });
    expect((await machine.paste(key.command)).status).toBe(0);
    expect(machine.calls()).toEqual([expect.stringMatching(`^rpm -U --replacepkgs /\\S+/${RPM} `)]);
  });

  it('without root the executable is put into ~/.local/bin and installs a service of its user', async () => {
    const machine = user();
    const { status, output } = await machine.paste(key.command);
    expect([status, output]).toEqual([0, expect.stringContaining(`installed with ${key.enrollment}`)]);
    expect(output).toContain(`To remove it: ${programOf(machine)} uninstall`);
    expect(readFileSync(programOf(machine), 'utf8')).toBe(PROGRAM);
    expect(machine.leftovers()).toEqual([]);
    // Again, for a newer version: the machine has joined already.
    expect((await machine.paste(text('linux').replace(/WATCHFLOOR_ENROLL='[^']*' /, ''))).status).toBe(0);
  });

  it('a machine without curl gets it by wget, which checks the authority', async () => {
    const machine = user({ tools: ['wget'] });
    const { status, output } = await machine.paste(text('linux_wget'));
    expect([status, output]).toEqual([0, expect.stringContaining(`installed with ${key.enrollment}`)]);
    const other = await otherServer(() => ({ body: 'echo "$WATCHFLOOR_ENROLL"\n' }));
    const outcome = await machine.paste(other.inPlace(text('linux_wget')));
    expect(outcome.output).not.toContain('wf_key');
    expect(other.seen).toMatchObject({ bytes: 0, requests: 0 });
  });

  it('what cloud-init and Ansible carry installs the agent, too', async () => {
    const block = /(?:content|stdin): \|\n((?: {6}.*\n)+)/;
    for (const way of ['cloud_init', 'ansible'] as const) {
      const machine = user();
      const script = (block.exec(text(way))?.[1] ?? '').replaceAll(/^ {6}/gm, '');
      expect((await machine.paste(script)).output).toContain(`installed with ${key.enrollment}`);
    }
  });

  it('the first container of a DaemonSet and of Compose fetches the executable, and checks it', async () => {
    const [, daemonSet] = parseAllDocuments(text('kubernetes')).map((one) => manifest.parse(one.toJS()));
    const compose = composeFile.parse(parse(text('compose')));
    const scripts = [
      daemonSet?.spec?.template.spec.initContainers[0]?.command[2] ?? '',
      // Compose makes one dollar of two.
      compose.services['watchfloor-fetch'].command[0]?.replaceAll('$$', '$') ?? '',
    ];
    for (const script of scripts) {
      const machine = user();
      const here = script.replaceAll('/agent/watchfloor-agent', join(machine.home, 'agent'));
      expect(await machine.paste(here)).toMatchObject({ status: 0 });
      expect(readFileSync(join(machine.home, 'agent'), 'utf8')).toBe(PROGRAM);
      const changed = await machine.paste(here.replace(/sum=[0-9a-f]{4}/, 'sum=0000'));
      expect(changed.status).toBe(1);
    }
  });

  it.each([
    [
      'a processor without a package',
      { processor: 'aarch64' },
      /no package for linux-arm64; its page Settings/,
    ],
    ['an unknown processor', { processor: 'riscv64' }, /no package for the processor riscv64/],
  ])('on %s it says so, and changes nothing', async (_, options, expected) => {
    const machine = user(options);
    const { status, output } = await machine.paste(key.command);
    expect([status, output]).toEqual([1, expect.stringMatching(expected)]);
    expect(machine.leftovers()).toEqual([]);
  });

  it('without the enrollment string it says where that is shown', async () => {
    const { status, output } = await user().paste(await scriptText());
    expect([status, output]).toEqual([1, expect.stringContaining('WATCHFLOOR_ENROLL is not set')]);
  });
});

describe('[S1] a false server in between', () => {
  it('[S1] curl with the pin ends the connection to another server before it sends a byte', async () => {
    const other = await otherServer(() => ({ body: 'echo "ran $WATCHFLOOR_ENROLL"\n' }));
    const machine = debian();
    const { output } = await machine.paste(other.inPlace(key.command));
    expect(output).toMatch(/public key does not match pinned public key/);
    expect(output).not.toContain('ran');
    expect(other.seen).toEqual({ connections: 1, bytes: 0, requests: 0 });
    expect(machine.calls()).toEqual([]);
  });

  it('[S1] the script asks no other server for packages either', async () => {
    const other = await otherServer(() => ({ body: contents[EXECUTABLE] }));
    const machine = user();
    const script = other.inPlace(await scriptText());
    const { status, output } = await machine.paste(`WATCHFLOOR_ENROLL=x\n${script}`);
    expect([status, output]).toEqual([1, expect.stringContaining('could not be fetched')]);
    expect(other.seen).toMatchObject({ bytes: 0, requests: 0 });
  });

  it.each([
    ['the checksum of another package', () => ({ body: 'the Debian package' })],
    ['a byte more', () => ({ body: `${PROGRAM}#` })],
  ])('[S1] a package with %s is not run', async (_, answer) => {
    const other = await otherServer(answer, stolen());
    const machine = user();
    const script = other.inPlace(await scriptText());
    const { status, output } = await machine.paste(`WATCHFLOOR_ENROLL=x\n${script}`);
    expect([status, output]).toEqual([1, expect.stringContaining(`${EXECUTABLE} is not the listed one`)]);
    expect(other.seen.requests).toBe(1);
    expect(() => readFileSync(programOf(machine))).toThrow(/ENOENT/);
    expect(machine.leftovers()).toEqual([]);
  });

  it('[S1] a package that breaks off is not run', async () => {
    const answer = () => ({ body: PROGRAM.slice(0, 40), length: PROGRAM.length });
    const other = await otherServer(answer, stolen());
    const machine = user();
    const script = other.inPlace(await scriptText());
    const { status, output } = await machine.paste(`WATCHFLOOR_ENROLL=x\n${script}`);
    expect([status, output]).toEqual([1, expect.stringContaining('could not be fetched')]);
    expect(() => readFileSync(programOf(machine))).toThrow(/ENOENT/);
  });

  it('[S1] no part of a script that breaks off is run', async () => {
    const machine = user();
    const script = await scriptText();
    const lines = script.split('\n');
    for (const count of [10, 30, lines.length - 3]) {
      const { output } = await machine.paste(`WATCHFLOOR_ENROLL=x\n${lines.slice(0, count).join('\n')}`);
      expect(output).not.toContain('installed');
    }
    expect(() => readFileSync(programOf(machine))).toThrow(/ENOENT/);
  });
});

describe('the texts for other systems', () => {
  it('Windows and macOS get the same pin, and the script of Windows lists the program of Windows', async () => {
    const [, pin = 'no pin'] = /--pinnedpubkey '([^']+)'/.exec(text('linux')) ?? [];
    expect(pin).toMatch(/^sha256\/\/[\w+/]{43}=$/);
    expect(text('windows')).toContain(`curl.exe -fsS -k --pinnedpubkey '${pin}'`);
    expect(text('macos')).toContain(`--pinnedpubkey '${pin}'`);
    const script = (await stage.client().ask('GET', '/install/agent.ps1')).text;
    expect(script).toMatch(
      /^windows-x64 executable [0-9a-f]{64} watchfloor-agent-0\.1\.0-windows-x64\.exe$/m,
    );
    // Windows PowerShell reads what curl.exe prints in the code page of its console.
    expect(script).toMatch(/^[\x20-\x7e\n]*$/);
    expect(script).not.toContain('@SERVER@');
  });

  it('the script for systems with a shell fits on two screens, and no place is left to fill in', async () => {
    const script = await scriptText();
    expect(script.split('\n').length).toBeLessThan(125);
    expect(script).not.toMatch(/@[A-Z]+@/);
  });
});
