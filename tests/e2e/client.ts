/**
 * A client of the HTTP API, as a script would use it: TLS with the server's own authority, a cookie or a
 * token, JSON.
 */
import http from 'node:http';
import https from 'node:https';
import type { z } from 'zod';

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  /**
   * The body as JSON, checked by its schema.
   * @throws where the body does not fit the schema, with the status and the body
   */
  as<T extends z.ZodType>(schema: T): z.infer<T>;
}

export interface Ask {
  readonly headers?: Readonly<Record<string, string>>;
  /** A string or bytes are sent as they are, anything else as JSON. */
  readonly body?: unknown;
  readonly token?: string;
}

export interface Client {
  readonly url: string;
  /** The session's cookie, which is sent with every request once `login` has succeeded. */
  cookie: string | undefined;
  /** Sends a request. Rejects when no answer comes within 15 s. */
  ask(method: string, path: string, ask?: Ask): Promise<Answer>;
  login(username: string, password: string): Promise<Answer>;
  close(): void;
}

function bytesOf(body: unknown): Buffer {
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

export interface ClientOptions {
  readonly url: string;
  /** The authority to trust, as PEM; undefined for plain HTTP. */
  readonly ca: string | undefined;
  /** The address of this machine that requests come from, for example `127.0.0.2`. */
  readonly from?: string;
}

export function createClient({ url, ca, from }: ClientOptions): Client {
  const secure = url.startsWith('https:');
  const agent = secure
    ? new https.Agent({ keepAlive: true, maxSockets: 64, ...(ca === undefined ? {} : { ca }) })
    : new http.Agent({ keepAlive: true, maxSockets: 64 });

  const client: Client = {
    url,
    cookie: undefined,
    close: () => {
      agent.destroy();
    },
    ask: (method, path, { headers = {}, body, token } = {}) =>
      new Promise((resolve, reject) => {
        const bytes = body === undefined ? undefined : bytesOf(body);
        const options: https.RequestOptions = {
          method,
          agent,
          timeout: 15_000,
          ...(from === undefined ? {} : { localAddress: from, family: 4 }),
          headers: {
            ...(bytes === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': bytes.length }),
            ...(client.cookie === undefined ? {} : { cookie: client.cookie }),
            ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
            ...headers,
          },
        };
        const request = (secure ? https : http).request(new URL(path, url), options, (response) => {
          const chunks: Buffer[] = [];
          response.on('data', (chunk: Buffer) => chunks.push(chunk));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              text,
              as: (schema) => {
                const parsed = schema.safeParse(JSON.parse(text));
                if (!parsed.success)
                  throw new Error(`${method} ${path} answered ${response.statusCode ?? 0}: ${text}`, {
                    cause: parsed.error,
                  });
                return parsed.data;
              },
            });
          });
        });
        request.on('timeout', () => request.destroy(new Error(`${method} ${path}: no answer in 15 s`)));
        request.on('error', reject);
        request.end(bytes);
      }),
    login: async (username, password) => {
      const answer = await client.ask('POST', '/auth/login', { body: { username, password } });
      const cookies = answer.headers['set-cookie'] ?? [];
      if (answer.status === 200) client.cookie = cookies.map((cookie) => cookie.split(';')[0]).join('; ');
      return answer;
    },
  };
  return client;
}
