/**
 * `npm run dev`: the server and an agent that restart when their sources change, and the web app with hot reload.
 * Their data is in `.cache/dev`; delete that folder to begin anew. Ctrl-C stops all three.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { enrollmentKeyCreated } from '#protocol/api.ts';
import { createClient } from './e2e/client.ts';
import { eventually } from './e2e/eventually.ts';

const root = join(import.meta.dirname, '..');
const data = join(root, '.cache', 'dev');
const serverData = join(data, 'server');
const agentData = join(data, 'agent');
const port = process.env['WATCHFLOOR_PORT'] ?? '8443';
const url = `https://localhost:${port}`;
/** Known to everybody, so this server listens on loopback only. */
const PASSWORD = 'watchfloor-dev';

const children: ChildProcess[] = [];
let stopping = false;

function stop(code: number): void {
  if (stopping) return;
  stopping = true;
  process.exitCode = code;
  for (const child of children) child.kill('SIGTERM');
}

function start(name: string, args: readonly string[], env: Record<string, string>, cwd = root): void {
  const child = spawn(process.execPath, args, { cwd, stdio: 'inherit', env: { ...process.env, ...env } });
  children.push(child);
  child.once('exit', (code) => {
    if (!stopping) console.error(`${name} ended; stopping the others.`);
    stop(code ?? 1);
  });
}

function authority(): string {
  const found = readdirSync(serverData, { recursive: true, encoding: 'utf8' }).find((path) =>
    path.endsWith('authority.crt'),
  );
  if (found === undefined) throw new Error('the server has not made its certificate yet');
  return readFileSync(join(serverData, found), 'utf8');
}

/** A new enrollment string from the running server. */
async function enroll(): Promise<string> {
  const client = createClient({ url, ca: authority() });
  try {
    const { status, text } = await client.login('admin', PASSWORD);
    if (status !== 200) throw new Error(`cannot sign in to ${url}: ${text}`);
    const answer = await client.ask('POST', '/enrollment-keys', { body: { name: 'dev', max_uses: 1 } });
    return answer.as(enrollmentKeyCreated).enrollment;
  } finally {
    client.close();
  }
}

process.on('SIGINT', () => stop(0));
process.on('SIGTERM', () => stop(0));

// A first start that was interrupted leaves the folder, but not this file.
const known = existsSync(join(agentData, 'membership.json'));
mkdirSync(serverData, { recursive: true, mode: 0o700 });
start('The server', ['--watch', 'server/main.ts'], {
  WATCHFLOOR_HOST: '127.0.0.1',
  WATCHFLOOR_PORT: port,
  WATCHFLOOR_DATA: serverData,
  WATCHFLOOR_ADMIN_PASSWORD: PASSWORD,
});

const isReady = async () => {
  const probe = createClient({ url, ca: authority() });
  const { status } = await probe.ask('GET', '/readyz').finally(() => probe.close());
  return status === 200;
};
await eventually('the server answered', async () => stopping || (await isReady()), 60_000);

if (!stopping) {
  start('The agent', ['--watch', 'agent/main.ts'], {
    // It does not replace its process, which `--watch` would lose.
    MALLOC_ARENA_MAX: '1',
    WATCHFLOOR_AGENT_DATA: agentData,
    ...(known ? {} : { WATCHFLOOR_ENROLL: await enroll() }),
  });
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  start('The web app', [vite, 'dev'], { WATCHFLOOR_URL: url }, join(root, 'web'));
  console.log(`\nSign in as admin with ${PASSWORD} at the address that Vite prints.\n`);
}
