/** The far side of a webhook channel in the benchmarks of alerts: says which machines' alerts came, and when. */
import { createServer } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { alertRoutesReply, channel } from '#protocol/notify.ts';
import type { TestServer } from '../e2e/product.ts';

const message = z.object({ event: z.string(), alerts: z.array(z.object({ device_id: z.string() })) });

export interface AlertReceiver {
  readonly url: string;
  /** When the message that an alert of this machine fires came, as `performance.now()` has it; by device id. */
  readonly firing: ReadonlyMap<string, number>;
  /** How many alerts have ended, by what messages said. */
  resolved(): number;
  /** How many messages came. */
  messages(): number;
  stop(): void;
}

export async function startAlertReceiver(): Promise<AlertReceiver> {
  const firing = new Map<string, number>();
  let [messages, resolved] = [0, 0];
  const server = createServer((request, response) => {
    const at = performance.now();
    void text(request).then((body) => {
      response.end();
      messages++;
      const { event, alerts } = message.parse(JSON.parse(body));
      if (event === 'resolved') resolved += alerts.length;
      if (event === 'firing') for (const { device_id } of alerts) firing.set(device_id, at);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/hook`,
    firing,
    resolved: () => resolved,
    messages: () => messages,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Adds the receiver as a channel, and changes the route of all alerts that comes with it. */
export async function addReceiver({ admin }: TestServer, url: string, routing: object): Promise<void> {
  const body = { name: 'bench', kind: 'webhook', settings: { url }, private_network: true };
  (await admin.ask('POST', '/channels', { body })).as(channel);
  const [route] = (await admin.ask('GET', '/alert-routes')).as(alertRoutesReply).alert_routes;
  const { status, text: answer } = await admin.ask('PATCH', `/alert-routes/${route?.id ?? ''}`, {
    body: routing,
  });
  if (status !== 200) throw new Error(`the route was not changed: ${status} ${answer}`);
}
