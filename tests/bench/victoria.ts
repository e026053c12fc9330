/** VictoriaMetrics as a control: Debian's, on a free port of loopback, fed with InfluxDB's line protocol over plain HTTP. */
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startProcess } from '../e2e/process.ts';
import { freePort } from '../e2e/product.ts';
import { ensureCommand } from './debian.ts';

/** One sample of one device for the control; `t` in epoch milliseconds. */
export interface ControlSample {
  readonly deviceId: string;
  readonly t: number;
  readonly fields: Readonly<Record<string, number>>;
}

export interface Victoria {
  readonly pid: number;
  /** Writes samples as one request. Rejects when they are not taken. */
  write(samples: readonly ControlSample[]): Promise<void>;
  /** Bytes of all files as they lie, after a forced merge of everything written. */
  mergedBytes(): Promise<number>;
  stop(): Promise<void>;
}

const escaped = (name: string) => name.replaceAll(/[ ,=\\]/g, '\\$&');

/** A line of InfluxDB's line protocol: the device as a tag, one field a value. */
function lineOf({ deviceId, t, fields }: ControlSample): string {
  const values = Object.entries(fields).map(([name, value]) => `${escaped(name)}=${value}`);
  return `m,device=${escaped(deviceId)} ${values.join(',')} ${t}`;
}

/** Bytes of all files in a folder, as they lie. */
export function folderBytes(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

/** Starts it with an empty folder; undefined where it is not installed and may not be. */
export async function startVictoria(): Promise<Victoria | undefined> {
  const file = ensureCommand(['victoria-metrics'], 'victoria-metrics');
  if (file === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'bench-victoria-'));
  const port = await freePort();
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const running = await startProcess({
    file,
    args: [
      `-storageDataPath=${folder}`,
      `-httpListenAddr=127.0.0.1:${port}`,
      '-retentionPeriod=100y',
      '-selfScrapeInterval=0s',
    ],
  });
  await running.line(/started VictoriaMetrics/);

  function ask(method: string, path: string, body = ''): Promise<string> {
    return new Promise((resolve, reject) => {
      const sent = request({ agent, method, host: '127.0.0.1', port, path }, (answer) => {
        let text = '';
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()));
        answer.on('end', () => {
          if ((answer.statusCode ?? 500) < 300) resolve(text);
          else reject(new Error(`VictoriaMetrics answers ${answer.statusCode} to ${path}: ${text}`));
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  return {
    pid: running.pid,
    async write(samples) {
      await ask('POST', '/write?precision=ms', `${samples.map(lineOf).join('\n')}\n`);
    },
    async mergedBytes() {
      await ask('GET', '/internal/force_flush');
      await ask('GET', '/internal/force_merge');
      // The merge runs in the background and says nothing at its end: the files stop changing.
      let [before, now] = [-1, folderBytes(folder)];
      while (now !== before) {
        await pause(5000);
        [before, now] = [now, folderBytes(folder)];
      }
      return now;
    },
    async stop() {
      agent.destroy();
      await running.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
