/** How much memory the agent has gained after a day of samples, fast-forwarded (`agent-day-run.ts`). */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { LEAN_ENVIRONMENT, LEAN_FLAGS } from '../../agent/service/itself.ts';
import { processMemory } from './memory.ts';
import type { Row } from './row.ts';

const push = z.object({ rows: z.array(z.unknown()) });

/** Takes every push: a day of them within minutes is more than a server takes of one device. */
async function startAccepting(): Promise<{ readonly port: number; stop(): void }> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks);
      const isPush = request.url === '/metrics';
      const text = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
      const accepted = isPush ? push.parse(JSON.parse(text.toString())).rows.length : 0;
      const reply = isPush
        ? { accepted, duplicates: 0, interval_s: 5, sample_s: 1 }
        : { device_id: 'day', token: 'token' };
      response.writeHead(isPush ? 200 : 201, { 'content-type': 'application/json' });
      response.end(JSON.stringify(reply));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return { port: address.port, stop: () => server.close() };
}

interface Memory {
  readonly heapMiB: number;
  readonly writtenMiB: number;
}

/** The memory after the first hour, and after the last. */
async function measure(): Promise<Memory[]> {
  const data = mkdtempSync(join(tmpdir(), 'watchfloor-day-'));
  const server = await startAccepting();
  const script = join(import.meta.dirname, 'agent-day-run.ts');
  const child = spawn(process.execPath, [...LEAN_FLAGS, '--expose-gc', script], {
    env: {
      ...process.env,
      ...LEAN_ENVIRONMENT,
      WATCHFLOOR_AGENT_DATA: data,
      WATCHFLOOR_ENROLL: `watchfloor://key@127.0.0.1:${server.port}?tls=off`,
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const found: Memory[] = [];
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const [, heap] = /^after \d+ h: ([\d.]+)$/.exec(line) ?? [];
      if (heap === undefined || child.pid === undefined) throw new Error(`the agent said: ${line}`);
      found.push({ heapMiB: Number(heap), writtenMiB: processMemory(child.pid).writtenMiB });
      child.stdin.write('\n');
    }
    return found;
  } finally {
    child.kill();
    server.stop();
    rmSync(data, { recursive: true, force: true });
  }
}

export async function benchAgentDay(): Promise<Row[]> {
  if (process.platform !== 'linux') return [];
  const [first, last] = await measure();
  if (first === undefined || last === undefined) throw new Error('the day did not come to its end');
  const row = (what: string, of: (memory: Memory) => number): Row => ({
    what: `agent, a day of samples: ${what}, growth since the first hour`,
    value: of(last) - of(first),
    unit: 'MiB',
    budget: 1,
  });
  return [row('heap', ({ heapMiB }) => heapMiB), row('memory that it wrote', ({ writtenMiB }) => writtenMiB)];
}
