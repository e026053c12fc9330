/**
 * A proxy between a history and InfluxDB. It records the Flux of each query, and does to requests what proxies
 * and networks do.
 */
import { once } from 'node:events';
import { createServer, request as ask, type IncomingMessage, type ServerResponse } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { z } from 'zod';

/** One `from(...) |> range(...)` of a query. */
export interface BucketRead {
  readonly bucket: string;
  /** The range, epoch milliseconds. */
  readonly from: number;
  readonly to: number;
}

export type Fault =
  /** It answers in the place of InfluxDB, which does not get the request. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly type: string | undefined;
      readonly body: string;
    }
  /** InfluxDB gets the request, and its answer is cut off. */
  | { readonly kind: 'cut' }
  /** InfluxDB does not get the request, and no answer comes. */
  | { readonly kind: 'silence' }
  /** It passes everything on, but takes InfluxDB's own headers off the answers. */
  | { readonly kind: 'stripped' }
  /** It answers 413 to a body of more than this many bytes. */
  | { readonly kind: 'limit'; readonly bytes: number };

/** An answer without content, which says nothing about who has sent it. */
export const bare = (status: number): Fault => ({ kind: 'answer', status, type: undefined, body: '' });

export const page = (status: number): Fault => ({
  kind: 'answer',
  status,
  type: 'text/html',
  body: `<html><head><title>${status}</title></head><body>by a proxy</body></html>`,
});

/** An error in the words of InfluxDB. */
const influxError = (status: number, code: string, message: string): Fault => ({
  kind: 'answer',
  status,
  type: 'application/json; charset=utf-8',
  body: JSON.stringify({ code, message }),
});

/** What may stand between a server and InfluxDB, by what it does; silence comes last, as it takes longest. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  'a 400 page': page(400),
  '401 of InfluxDB': influxError(401, 'unauthorized', 'unauthorized access'),
  'a 413 page': page(413),
  '500 of InfluxDB': influxError(500, 'internal error', 'the engine is closed'),
  garbage: page(200),
  'a bare 204': bare(204),
  'a bare 200': bare(200),
  'cut answers': { kind: 'cut' },
  silence: { kind: 'silence' },
};

export interface Proxy {
  readonly url: string;
  /** From now on requests whose body contains this text get status 500; '' for none. */
  refuse(part: string): void;
  /**
   * What happens to requests from now on; undefined for nothing. Requests that wait in silence go on waiting.
   * @param only the start of the paths that it happens to
   */
  disturb(fault: Fault | undefined, only?: string): void;
  /** Resolves when the next request, or a later one to a path that begins with `only`, has been disturbed. */
  disturbed(only?: string): Promise<void>;
  /** What was read since the last call of this. */
  takeReads(): readonly BucketRead[];
  stop(): Promise<void>;
}

const queryBody = z.object({ query: z.string() });
const READ =
  /from\(bucket: "([^"]*)"\) \|> range\(start: time\(v: "([^"]+)"\), stop: time\(v: "([^"]+)"\)\)/g;

export async function startProxy(target: string): Promise<Proxy> {
  let queries: string[] = [];
  let refused = '';
  let fault: Fault | undefined;
  let faulty = '';
  let waiting: { only: string; resolve: () => void }[] = [];

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    const body = await buffer(request);
    if (path.startsWith('/api/v2/query')) queries.push(queryBody.parse(JSON.parse(body.toString())).query);
    const present = path.startsWith(faulty) ? fault : undefined;
    if (refused !== '' && body.includes(refused)) {
      response.writeHead(500, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ code: 'internal error', message: 'refused by the test' }));
    } else if (present === undefined || (present.kind === 'limit' && body.length <= present.bytes)) {
      await pass(request, body, response);
    } else {
      await disturbWith(present, request, body, response);
      for (const one of waiting) if (path.startsWith(one.only)) one.resolve();
      waiting = waiting.filter(({ only }) => !path.startsWith(only));
    }
  }

  async function disturbWith(
    present: Fault,
    request: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
  ): Promise<void> {
    switch (present.kind) {
      case 'answer':
        response.writeHead(
          present.status,
          present.type === undefined ? {} : { 'content-type': present.type },
        );
        response.end(present.body);
        return;
      case 'cut': {
        const answer = await forward(request, body);
        const content = await buffer(answer);
        response.writeHead(answer.statusCode ?? 502, { ...answer.headers, 'content-length': '1000000' });
        response.write(content.subarray(0, content.length / 2), () => response.destroy());
        return;
      }
      case 'stripped': {
        const answer = await forward(request, body);
        const kept = Object.entries(answer.headers).filter(([name]) => !name.startsWith('x-influxdb-'));
        response.writeHead(answer.statusCode ?? 502, Object.fromEntries(kept));
        answer.pipe(response);
        return;
      }
      case 'limit':
        response.writeHead(413, { 'content-type': 'text/html' });
        response.end('<html><body>Request Entity Too Large</body></html>');
        return;
      case 'silence':
        return;
    }
  }

  function forward(request: IncomingMessage, body: Buffer): Promise<IncomingMessage> {
    const { method = 'GET', headers, url: path = '' } = request;
    const sent = ask(new URL(path, target), { method, headers });
    sent.end(body);
    return new Promise((resolve, reject) => sent.on('response', resolve).on('error', reject));
  }

  async function pass(request: IncomingMessage, body: Buffer, response: ServerResponse): Promise<void> {
    const answer = await forward(request, body);
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  }

  const server = createServer((request, response) => {
    // InfluxDB may be down: what its client then sees is a cut.
    handle(request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
  return {
    url: `http://127.0.0.1:${address.port}`,
    refuse: (part) => void (refused = part),
    disturb(next, only = '') {
      fault = next;
      faulty = only;
    },
    disturbed: (only = '') => new Promise((resolve) => waiting.push({ only, resolve })),
    takeReads() {
      const reads = queries.flatMap((query) =>
        [...query.matchAll(READ)].map(([, bucket = '', from = '', to = '']) => ({
          bucket,
          from: Date.parse(from),
          to: Date.parse(to),
        })),
      );
      queries = [];
      return reads;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
