/**
 * A whole server over real sockets, with its own data folder, for tests. socket.io allows one live server per
 * process, so a test file opens one stage.
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { enrollmentKeyCreated, errorReply, tokenReply, type ErrorReply } from '#protocol/api.ts';
import { loadConfig, type Config } from '../../server/config/config.ts';
import { createLog } from '../../server/app/log.ts';
import { createServer, type Server } from '../../server/app/server.ts';
import { createClient, type Answer, type Client } from '../e2e/client.ts';
import { freePort } from '../e2e/product.ts';

export const PASSWORD = 'correct horse battery staple';

export interface Device {
  readonly id: string;
  readonly token: string;
}

export interface Stage {
  readonly data: string;
  /** The certificate of its authority, PEM. */
  readonly authority: string;
  /** A client signed in as the administrator, from an address that no other client uses. */
  readonly admin: Client;
  server(): Server;
  /** Makes a client that is not signed in. `from`: the loopback address it connects from. */
  client(from?: string): Client;
  /** Registers a device and returns its token. */
  device(id: string): Promise<Device>;
  /** Sends one push; `body` is added to the device's id, hostname and ip. */
  push(device: Device, body: Readonly<Record<string, unknown>>): Promise<Answer>;
  /** Stops the server and starts it again with the same data. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** The loopback address the administrator of a stage comes from. */
const ADMIN_ADDRESS = '127.0.0.9';

/** The default settings for a server on loopback with this data folder. */
export async function configFor(data: string, changes: Partial<Config> = {}): Promise<Config> {
  const command = await loadConfig([], {
    WATCHFLOOR_HOST: '127.0.0.1',
    WATCHFLOOR_PORT: '0',
    WATCHFLOOR_DATA: data,
    WATCHFLOOR_ADMIN_PASSWORD: PASSWORD,
  });
  if (command.kind !== 'run') throw new Error('the settings ask for help');
  return { ...command.config, ...changes };
}

export async function openStage(changes: Partial<Config> = {}): Promise<Stage> {
  const data = await mkdtemp(join(tmpdir(), 'watchfloor-stage-'));
  const log = createLog('silent');
  // After port 0 was used, the system does not give the same port again for a while, so a restart needs a
  // fixed one.
  const config = await configFor(data, { port: await freePort(), ...changes });
  let server = await createServer(config, log);
  const ca = await readFile(join(data, 'tls', 'authority.crt'), 'utf8');
  const clients: Client[] = [];
  const client = (from?: string) => {
    const newClient = createClient({ url: server.url, ca, ...(from === undefined ? {} : { from }) });
    clients.push(newClient);
    return newClient;
  };
  const admin = client(ADMIN_ADDRESS);
  const signedIn = await admin.login('admin', PASSWORD);
  if (signedIn.status !== 200) throw new Error(`cannot sign in: ${signedIn.text}`);
  const pusher = client();

  return {
    data,
    authority: ca,
    admin,
    server: () => server,
    client,
    async device(id) {
      const created = await admin.ask('POST', '/enrollment-keys', { body: { max_uses: 1 } });
      const { key } = created.as(enrollmentKeyCreated);
      const joined = await pusher.ask('POST', '/devices/register', {
        body: { enrollment_key: key, hostname: id, ip: '10.0.0.1', os: 'Linux', device_id: id },
      });
      return { id, token: joined.as(tokenReply).token };
    },
    push: ({ id, token }, body) =>
      pusher.ask('POST', '/metrics', {
        token,
        body: { device_id: id, hostname: id, ip: '10.0.0.1', ...body },
      }),
    async restart() {
      await server.close();
      server = await createServer(config, log);
    },
    async close() {
      for (const each of clients) each.close();
      await server.close();
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** The error in the body of an answer, with the answer's HTTP status. */
export function errorOf(answer: Answer): ErrorReply['error'] & { status: number } {
  return { ...answer.as(errorReply).error, status: answer.status };
}

export const anything = z.record(z.string(), z.unknown());
