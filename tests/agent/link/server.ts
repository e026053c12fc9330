/** A small HTTPS server for the agent's tests. It gives the answers that a test sets, and keeps what it received. */
import { createServer as createHttp, type IncomingMessage, type RequestListener } from 'node:http';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { parsePush, type Push } from '#protocol/sample.ts';
import { z } from 'zod';
import { keyHash, type Membership } from '../../../agent/link/membership.ts';
import type { Authority } from './certificates.ts';

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** Cuts the connection instead of answering. */
  readonly lost?: true;
  /** Never answers. */
  readonly silent?: true;
  /** Accepts the push, and says this too. */
  readonly also?: object;
}

/** Accepts every sample of a push; a body that is no push counts as one. */
const accept = (push: Push | undefined): Answer => ({
  status: 200,
  body: { accepted: push?.samples.length ?? 1, duplicates: 0, interval_s: 1, sample_s: 1 },
});

const bodyOf = ({ body }: Answer) => z.record(z.string(), z.unknown()).parse(body);

interface Received {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly encoding: string | undefined;
  readonly body: unknown;
}

export interface TestServer {
  readonly port: number;
  readonly received: Received[];
  /** Every accepted push, parsed. */
  readonly pushes: Push[];
  /** The next answers, in order. Without one, every request is accepted. */
  readonly answers: Answer[];
  /** Resolves once `count` requests arrived. */
  arrived(count: number): Promise<void>;
  close(): Promise<void>;
}

export interface Tls {
  /** The chain of certificates that the server presents. */
  readonly cert: string;
  readonly key: string;
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(z.instanceof(Buffer).parse(chunk));
  const bytes = Buffer.concat(chunks);
  const plain = request.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
  return JSON.parse(plain.toString('utf8'));
}

const address = (value: AddressInfo | string | null): AddressInfo => {
  if (value === null || typeof value === 'string') throw new Error('the test server has no port');
  return value;
};

export async function startServer(tls: Tls | undefined, port = 0): Promise<TestServer> {
  const received: Received[] = [];
  const pushes: Push[] = [];
  const answers: Answer[] = [];
  const waiting: { count: number; go: () => void }[] = [];

  const listener: RequestListener = (request, response) => {
    void readBody(request).then((body) => {
      const path = request.url ?? '';
      const { authorization, 'content-encoding': encoding } = request.headers;
      received.push({ path, authorization, encoding, body });
      const registered: Answer = { status: 201, body: { device_id: deviceOf(body), token: 'token-1' } };
      const push = parsePush(body).data;
      const usual = path === '/metrics' ? accept(push) : registered;
      const given = answers.shift() ?? usual;
      const answer =
        given.also === undefined ? given : { ...usual, ...given, body: { ...bodyOf(usual), ...given.also } };
      if (path === '/metrics' && answer.status === 200 && push !== undefined) pushes.push(push);
      for (const { count, go } of waiting) if (received.length >= count) go();
      if (answer.silent === true) return;
      if (answer.lost === true) return request.socket.destroy();
      response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
      response.end(JSON.stringify(answer.body ?? {}));
    });
  };
  const server = tls === undefined ? createHttp(listener) : createHttps({ ...tls }, listener);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port: address(server.address()).port,
    received,
    pushes,
    answers,
    arrived: (count) =>
      new Promise((go) => {
        waiting.push({ count, go });
        if (received.length >= count) go();
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function deviceOf(body: unknown): string {
  return z.object({ device_id: z.string() }).safeParse(body).data?.device_id ?? 'device';
}

/** The membership of the device `device-1` on a test server at this port of this machine. */
export const membershipAt = (port: number, authority: Authority): Membership => ({
  host: '127.0.0.1',
  port,
  tls: true,
  ca: authority.fingerprint,
  authority: authority.pem,
  device_id: 'device-1',
  token: 'token-1',
  key_sha256: keyHash('key-1'),
});
