/** A real HTTP or HTTPS server that stands for a channel's service: it records requests and gives set answers. */
import { readFileSync } from 'node:fs';
import http, { type IncomingHttpHeaders, type RequestListener } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import tls from 'node:tls';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openAuthority } from '../../../server/tls/authority.ts';
import { ownFolder } from '../../state/folder.ts';

export interface Recorded {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface Reply {
  readonly status?: number;
  readonly headers?: Record<string, string>;
  /** A text as it is; anything else as JSON. */
  readonly body?: unknown;
}

/** Starts the server on a port of 127.0.0.1, 0 for a free one; it stops with the test. Returns its port. */
export async function listen(server: Server, onPort = 0): Promise<number> {
  await new Promise<void>((done) => server.listen(onPort, '127.0.0.1', done));
  onTestFinished(() => {
    if (server instanceof http.Server) server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return isAddressInfo(address) ? address.port : 0;
}

const isAddressInfo = (address: unknown): address is AddressInfo =>
  typeof address === 'object' && address !== null && 'port' in address;

/** Key and certificate for `localhost` and 127.0.0.1, of an authority made for the test. */
export async function ownCertificate(now = new Date()): Promise<{ key: string; cert: string; ca: string }> {
  const dir = join(ownFolder(), `tls-${now.getTime()}`);
  const { certFile, keyFile } = await openAuthority(dir, ['localhost', '127.0.0.1'], { now });
  const read = (file: string) => readFileSync(file, 'utf8');
  return { key: read(keyFile), cert: read(certFile), ca: read(join(dir, 'authority.crt')) };
}

/** Trusts the authority in this process, as NODE_EXTRA_CA_CERTS does, until the test ends. */
export function trust(ca: string): void {
  const before = tls.getCACertificates('default');
  tls.setDefaultCACertificates([...before, ca]);
  onTestFinished(() => tls.setDefaultCACertificates(before));
}

/**
 * Starts a receiver. `answer` says what it answers to each request; 200 with an empty body where it is left out.
 * @returns its address, without a slash at the end, and the requests so far
 */
export async function startReceiver(
  answer: (request: Recorded) => Reply = () => ({}),
  certificate?: { key: string; cert: string },
): Promise<{ url: string; port: number; requests: Recorded[] }> {
  const requests: Recorded[] = [];
  const listener: RequestListener = (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const recorded = { method, path: url, headers, body: Buffer.concat(chunks).toString() };
      requests.push(recorded);
      const { status = 200, headers: replyHeaders = {}, body = '' } = answer(recorded);
      response.writeHead(status, replyHeaders);
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  };
  const server =
    certificate === undefined ? http.createServer(listener) : https.createServer(certificate, listener);
  const port = await listen(server);
  return { url: `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}`, port, requests };
}
