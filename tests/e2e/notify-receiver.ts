/** An HTTP receiver that stands for what a webhook channel leads to. */
import { createHmac } from 'node:crypto';
import http from 'node:http';
import { z } from 'zod';
import { freePort } from './product.ts';

/** The signing secret that a channel to the receiver has. */
export const SECRET = 'the receiver knows this';

const delivered = z.object({
  event: z.string(),
  title: z.string(),
  alerts: z.array(z.object({ machine: z.string(), severity: z.string() })),
});

export interface Received {
  readonly key: string;
  readonly body: z.infer<typeof delivered>;
  readonly isSigned: boolean;
}

/** Starts a receiver on a free port. It answers with 200 until the test says otherwise. */
export async function startReceiver() {
  const received: Received[] = [];
  let answer: () => number | Promise<number> = () => 200;
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const { headers } = request;
      const signed = `${String(headers['x-watchfloor-timestamp'])}.${text}`;
      const signature = `sha256=${createHmac('sha256', SECRET).update(signed).digest('hex')}`;
      received.push({
        key: String(headers['idempotency-key']),
        body: delivered.parse(JSON.parse(text)),
        isSigned: headers['x-watchfloor-signature'] === signature,
      });
      void Promise.resolve(answer()).then((status) => {
        response.writeHead(status);
        response.end();
      });
    });
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    /** The events that came, in order, each once. */
    events: () => [...new Map(received.map(({ key, body }) => [key, body.event])).values()],
    /** Sets the status of each answer from now on; it may be waited for. */
    answerWith(next: () => number | Promise<number>) {
      answer = next;
    },
    async dispose() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export type Receiver = Awaited<ReturnType<typeof startReceiver>>;
