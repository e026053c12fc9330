/** A made-up device that registers, pushes without a pause, and remembers which samples were acknowledged. */
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { enrollmentKeyCreated } from '#protocol/api.ts';
import { pushReply } from '#protocol/sample.ts';
import type { Client } from './client.ts';
import { eventually } from './eventually.ts';
import type { TestServer } from './product.ts';

const SPOOLED_PER_PUSH = 4;
/** A part of these are samples of now, and a push may hold 10 samples of one second. */
const RESENT_PER_PUSH = 40;
const registration = z.object({ device_id: z.string(), token: z.string() });

export interface Identity {
  readonly id: string;
  readonly token: string;
}

/** Registers a new device; returns its id and token. */
export async function register(server: TestServer, hostname: string): Promise<Identity> {
  const made = await server.admin.ask('POST', '/enrollment-keys', { body: { name: hostname.slice(0, 120) } });
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
  /** The value of `cpu` of every acknowledged sample, by its time in epoch milliseconds. */
  readonly acknowledged = new Map<number, number>();
  private readonly client: Client;
  private readonly hostname: string;
  private nextTime: number;
  private running: Promise<void> | undefined;
  private stopping = false;

  /**
   * @param firstTime time of the first old sample, epoch milliseconds; the next ones follow at one second
   *   each
   */
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

  /**
   * Sends samples, which the server may have already. Resolves with the server's reply; undefined where the
   * server asked to try again later.
   */
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

  /** Sends the last `count` acknowledged samples again; resolves with how many, and what the replies count. */
  async resend(count: number): Promise<{ sent: number; accepted: number; duplicates: number }> {
    const samples = [...this.acknowledged].slice(-count).map(([timestamp, cpu]) => ({ timestamp, cpu }));
    const sum = { sent: samples.length, accepted: 0, duplicates: 0 };
    for (let from = 0; from < samples.length; from += RESENT_PER_PUSH) {
      const part = samples.slice(from, from + RESENT_PER_PUSH);
      const reply = await eventually('the push was taken', () => this.push(part));
      sum.accepted += reply.accepted;
      sum.duplicates += reply.duplicates;
    }
    return sum;
  }

  /** The samples of the next push: some old ones, as from a spool, and one of now. */
  private take(): readonly Sent[] {
    const spooled = Array.from({ length: SPOOLED_PER_PUSH }, () => {
      const timestamp = this.nextTime;
      this.nextTime += 1000;
      return { timestamp, cpu: (timestamp / 1000) % 97 };
    });
    return [...spooled, { timestamp: Date.now(), cpu: 50 }];
  }

  /**
   * Pushes until stopped. After a lost reply, or while the server is gone, it sends the same samples again,
   * as an agent does.
   */
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
