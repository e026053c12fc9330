/** A device made of this script: registers, then pushes without a pause and remembers what was acknowledged. */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { enrollmentKeyCreated } from '#protocol/api.ts';
import { pushReply } from '#protocol/sample.ts';
import type { Client } from './client.ts';
import type { TestServer } from './product.ts';

const SPOOLED_PER_PUSH = 4;
const registration = z.object({ device_id: z.string(), token: z.string() });

export interface Identity {
  readonly id: string;
  readonly token: string;
}

/** A new device with its token. */
export async function register(server: TestServer, hostname: string): Promise<Identity> {
  const made = await server.admin.ask('POST', '/enrollment-keys', { body: { name: hostname } });
  const { key } = made.as(enrollmentKeyCreated);
  const body = { enrollment_key: key, hostname, ip: '10.0.0.9', os: 'Linux' };
  const { device_id, token } = (await server.admin.ask('POST', '/devices/register', { body })).as(
    registration,
  );
  return { id: device_id, token };
}

interface Sent {
  readonly timestamp: number;
  readonly cpu: number;
}

export class PushingDevice {
  readonly identity: Identity;
  /** Sample time → value, of every sample the server said it has. */
  readonly acknowledged = new Map<number, number>();
  private readonly client: Client;
  private readonly hostname: string;
  private nextTime: number;
  private running: Promise<void> | undefined;
  private stopping = false;

  /** @param firstTime of the samples from before, one second apart, epoch milliseconds */
  constructor(identity: Identity, hostname: string, client: Client, firstTime: number) {
    this.identity = identity;
    this.hostname = hostname;
    this.client = client;
    this.nextTime = firstTime;
  }

  start(): void {
    this.running = this.run();
  }

  async stop(): Promise<void> {
    this.stopping = true;
    await this.running;
  }

  /** Sends samples the server may or may not have: what of them was new, and what it had. */
  async push(samples: readonly Sent[]): Promise<z.infer<typeof pushReply> | undefined> {
    const { id, token } = this.identity;
    const body = {
      device_id: id,
      hostname: this.hostname,
      ip: '10.0.0.9',
      sent_at: Date.now(),
      samples: samples.map(({ timestamp, cpu }) => ({ timestamp, metrics: { cpu, ram: 50 } })),
    };
    const answer = await this.client.ask('POST', '/metrics', { token, body });
    if (answer.status === 429 || answer.status === 503) return undefined;
    if (answer.status !== 200) throw new Error(`a push was answered ${answer.status}: ${answer.text}`);
    return answer.as(pushReply);
  }

  /** Some seconds from before, as from a spool, and one of now. */
  private take(): readonly Sent[] {
    const spooled = Array.from({ length: SPOOLED_PER_PUSH }, () => {
      const timestamp = this.nextTime;
      this.nextTime += 1000;
      return { timestamp, cpu: (timestamp / 1000) % 97 };
    });
    return [...spooled, { timestamp: Date.now(), cpu: 50 }];
  }

  /** A lost reply, or a server that is gone: the same samples again, as an agent would. */
  private async run(): Promise<void> {
    let samples = this.take();
    while (!this.stopping) {
      const reply = await this.push(samples).catch(lostConnection);
      if (reply === undefined) {
        await pause(50);
        continue;
      }
      for (const { timestamp, cpu } of samples) this.acknowledged.set(timestamp, cpu);
      samples = this.take();
    }
  }
}

function lostConnection(error: unknown): undefined {
  if (error instanceof Error && 'code' in error) return undefined;
  throw error;
}
