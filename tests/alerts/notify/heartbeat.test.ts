import { describe, expect, it } from 'vitest';
import type { NotifySettings } from '#protocol/notify.ts';
import { DeliveryError, type OutgoingRequest } from '../../../server/alerts/notify/channel.ts';
import { startHeartbeat } from '../../../server/alerts/notify/heartbeat.ts';
import { handClock } from '../../fleet/hand-clock.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

function stageHeartbeat(start: NotifySettings['heartbeat']) {
  const clock = handClock();
  const calls: OutgoingRequest[] = [];
  const stage = { settings: start, isWell: true, fails: false };
  const heartbeat = startHeartbeat({
    settings: () => stage.settings,
    report: () => (stage.isWell ? { status: 'ok', devices: 3 } : undefined),
    outgoing: () => ({
      timeoutMs: 1000,
      request(request) {
        calls.push(request);
        if (stage.fails) return Promise.reject(new DeliveryError('hc.example refused the connection.'));
        return Promise.resolve({ request: '', status: 200, headers: {}, body: 'OK', text: '200 OK' });
      },
      lookUp: () => Promise.reject(new Error('not asked')),
    }),
    clock,
  });
  return { stage, clock, calls, heartbeat };
}

const HEARTBEAT = { url: 'https://hc.example/ping', every_s: 60, private_network: false };

describe('the heartbeat', () => {
  it('the heartbeat calls the address at once and at its pace, with how well the server is', async () => {
    const { clock, calls, heartbeat } = stageHeartbeat(HEARTBEAT);
    await settle();
    clock.pass(180_000);
    await settle();
    expect(calls).toHaveLength(4);
    expect(calls[0]).toMatchObject({ url: HEARTBEAT.url, body: '{"status":"ok","devices":3}' });
    expect(heartbeat.last()).toEqual({ at: clock.now(), worked: true, answer: '200 OK' });
  });

  it('a server that is not well does not call, so that the far side raises its alarm', () => {
    const { stage, clock, calls } = stageHeartbeat(HEARTBEAT);
    stage.isWell = false;
    clock.pass(600_000);
    expect(calls).toHaveLength(1);
  });

  it('a call that fails is told, and the next one is made at its time', async () => {
    const { stage, clock, calls, heartbeat } = stageHeartbeat(HEARTBEAT);
    stage.fails = true;
    clock.pass(60_000);
    await settle();
    expect(heartbeat.last()).toMatchObject({ worked: false, answer: 'hc.example refused the connection.' });
    stage.fails = false;
    clock.pass(60_000);
    await settle();
    expect(calls).toHaveLength(3);
    expect(heartbeat.last()?.worked).toBe(true);
  });

  it('other settings take effect at once, and none ends the calls', () => {
    const { stage, clock, calls, heartbeat } = stageHeartbeat(null);
    clock.pass(600_000);
    expect(calls).toHaveLength(0);
    stage.settings = { ...HEARTBEAT, every_s: 10 };
    heartbeat.restart();
    clock.pass(20_000);
    expect(calls).toHaveLength(3);
    stage.settings = null;
    heartbeat.restart();
    clock.pass(600_000);
    expect(calls).toHaveLength(3);
  });
});
