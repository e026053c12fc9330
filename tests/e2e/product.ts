/** Starts the product as child processes, with temporary data folders and free ports. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { enrollmentKeyCreated } from '#protocol/api.ts';
import { createClient, type Client } from './client.ts';
import { eventually } from './eventually.ts';
import { startProcess, type Exit, type Running } from './process.ts';

const ROOT = join(import.meta.dirname, '..', '..');
/** The administrator's password on every test server. */
export const PASSWORD = 'correct horse battery staple';

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'watchfloor-e2e-'));
}

export async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

const manifest = z.object({ scripts: z.record(z.string(), z.string()) });

/**
 * The arguments that package.json gives to Node to run a script of the product (`server/main.ts`): its flags
 * and its path.
 * @throws where package.json does not run this script
 */
export function argumentsFor(script: string): string[] {
  const { scripts } = manifest.parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));
  const command = Object.values(scripts).find(
    (line) => line.startsWith('node ') && line.endsWith(` ${script}`),
  );
  if (command === undefined) throw new Error(`package.json runs no ${script}`);
  return command.split(' ').slice(1);
}

/** Starts a script of the product as package.json runs it, with the Node that runs this test. */
export async function runScript(
  script: string,
  env: Readonly<Record<string, string>>,
  root = ROOT,
): Promise<Running> {
  return startProcess({ file: process.execPath, args: argumentsFor(script), env, cwd: root });
}

export interface ServerOptions {
  /** The data folder; where it is left out, a new one is made and removed at the end. */
  readonly data?: string;
  readonly port?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** The source tree to run, where it is not this one. */
  readonly root?: string | undefined;
}

export interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly data: string;
  /** A client that is signed in as the administrator. */
  readonly admin: Client;
  process(): Running;
  /** A new client that is not signed in. */
  client(): Client;
  /** Path of the certificate of the server's own authority, for curl. */
  authorityFile(): string;
  /** A new enrollment string; with `port` agents connect to that port, for example of a cable. */
  enrollment(port?: number): Promise<string>;
  stop(): Promise<Exit>;
  kill(): Promise<Exit>;
  /** Starts the server again, on the same port and data. */
  start(): Promise<void>;
  /** Stops the server, and removes its data folder where this made it. */
  dispose(): Promise<void>;
}

function authorityIn(data: string): string {
  const found = readdirSync(data, { recursive: true, encoding: 'utf8' }).find((path) =>
    path.endsWith('authority.crt'),
  );
  if (found === undefined) throw new Error(`no authority certificate in ${data}`);
  return join(data, found);
}

/** Starts a server and resolves once it is ready and the administrator is signed in. */
export async function startServer({ data, port, env = {}, root }: ServerOptions = {}): Promise<TestServer> {
  const folder = data ?? temporaryFolder();
  const chosen = port ?? (await freePort());
  const plain = env['WATCHFLOOR_TLS'] === 'off';
  const url = `${plain ? 'http' : 'https'}://localhost:${chosen}`;
  const clients: Client[] = [];
  let current: Running;

  async function start(): Promise<void> {
    const settings = {
      WATCHFLOOR_HOST: '127.0.0.1',
      WATCHFLOOR_PORT: String(chosen),
      WATCHFLOOR_DATA: folder,
      WATCHFLOOR_ADMIN_PASSWORD: PASSWORD,
      ...env,
    };
    const started = await runScript('server/main.ts', settings, root);
    current = started;
    let ended: Exit | undefined;
    void started.exited.then((exit) => (ended = exit));
    const isReady = async () => {
      if (ended !== undefined) return 'ended' as const;
      const probe = createClient({ url, ca: plain ? undefined : readFileSync(authorityIn(folder), 'utf8') });
      const { status } = await probe.ask('GET', '/readyz').finally(() => probe.close());
      return status === 200 && ('ready' as const);
    };
    const outcome = await eventually('the server answered', isReady, 30_000).catch(async (error: unknown) => {
      await started.kill();
      throw new Error(`the server did not answer; it said:\n${started.output()}`, { cause: error });
    });
    if (outcome === 'ended') throw new Error(`the server ended while starting:\n${started.output()}`);
  }

  await start();

  const client = () => {
    const made = createClient({ url, ca: plain ? undefined : readFileSync(authorityIn(folder), 'utf8') });
    clients.push(made);
    return made;
  };
  const admin = client();
  const { status, text } = await admin.login('admin', PASSWORD);
  if (status !== 200) throw new Error(`cannot sign in as admin: ${status} ${text}`);

  return {
    url,
    port: chosen,
    data: folder,
    admin,
    process: () => current,
    client,
    authorityFile: () => authorityIn(folder),
    enrollment: async (through) => {
      const answer = await admin.ask('POST', '/enrollment-keys', { body: { name: 'test' } });
      const { enrollment } = answer.as(enrollmentKeyCreated);
      const parts = new URL(enrollment);
      // The server's certificate surely names localhost, by which an agent on this machine reaches it.
      return enrollment.replace(`@${parts.host}`, `@localhost:${through ?? chosen}`);
    },
    stop: () => current.stop(),
    kill: () => current.kill(),
    start,
    dispose: async () => {
      for (const made of clients) made.close();
      await current.stop();
      if (data === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

export interface AgentOptions {
  readonly enrollment?: string;
  readonly name?: string;
  readonly data?: string;
  readonly env?: Readonly<Record<string, string>>;
}

export interface TestAgent {
  readonly data: string;
  readonly process: Running;
  dispose(): Promise<void>;
}

/** Starts an agent; without `data` in a new folder, which `dispose` removes. */
export async function startAgent(options: AgentOptions): Promise<TestAgent> {
  const data = options.data ?? temporaryFolder();
  const running = await runScript('agent/main.ts', {
    WATCHFLOOR_AGENT_DATA: data,
    ...(options.enrollment === undefined ? {} : { WATCHFLOOR_ENROLL: options.enrollment }),
    ...(options.name === undefined ? {} : { WATCHFLOOR_NAME: options.name }),
    ...options.env,
  });
  return {
    data,
    process: running,
    dispose: async () => {
      await running.stop();
      if (options.data === undefined) rmSync(data, { recursive: true, force: true });
    },
  };
}
