import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { envelope, fleetChange } from '#protocol/live.ts';
import { openLive } from '../e2e/live.ts';
import { openStage, PASSWORD, type Stage } from '../routes/stage.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.close());

/** The fingerprint of the certificate that a new connection gets. */
function presented(): Promise<string> {
  const { port } = stage.server();
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
      resolve(socket.getPeerCertificate().fingerprint256);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

test('[S1] a live connection stays up when the certificate is renewed, and gets what devices push after that', async () => {
  const device = await stage.device('pushing');
  const client = stage.client();
  await client.login('admin', PASSWORD);
  const live = openLive({
    url: stage.server().url,
    ca: await readFile(join(stage.data, 'tls', 'authority.crt'), 'utf8'),
    cookie: client.cookie,
  });
  await live.connected;
  let disconnected = false;
  live.socket.on('disconnect', () => (disconnected = true));
  expect((await live.subscribe('fleet')).ok).toBe(true);
  for (let renewal = 1; renewal <= 2; renewal++) {
    const before = await presented();
    for (const name of ['server.crt', 'server.key']) rmSync(join(stage.data, 'tls', name));
    await stage.server().reloadCertificate();
    expect(await presented()).not.toBe(before);
    const values = new Promise<number>((resolve) =>
      live.socket.on('change', (message: unknown) => {
        const cpu = fleetChange.parse(envelope.parse(message).data).values?.cpu.at(-1);
        if (cpu === renewal) resolve(cpu);
      }),
    );
    const pushed = await stage.push(device, { metrics: { cpu: renewal }, timestamp: Date.now() + renewal });
    expect(pushed.status).toBe(200);
    expect(await values).toBe(renewal);
  }
  expect(disconnected).toBe(false);
  live.close();
});
