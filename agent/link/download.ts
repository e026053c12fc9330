/** Fetches a file from the server, over a connection of its own: pushes go on meanwhile. */
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { TIMEOUT, tlsOptions, tunnel, type Target } from './transport.ts';

const http = process.getBuiltinModule('node:http');

interface Asked {
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs?: number | undefined;
}

/** The pieces of the answer's body as they come. Rejects unless the server answers with 200, and when it falls silent. */
export function download(
  target: Target,
  path: string,
  { headers = {}, timeoutMs = TIMEOUT }: Asked = {},
): Promise<AsyncIterable<Buffer>> {
  const { host, port, tls, proxy } = target;
  const whole = (target.path ?? '') + path;
  const agent = tls ? new HttpsAgent({ ...tlsOptions(target), ...tunnel(proxy) }) : new http.Agent();
  return new Promise((resolve, reject) => {
    const asking = (tls ? httpsRequest : http.request)(
      { agent, host, port, path: whole, headers, timeout: timeoutMs },
      (incoming) => {
        incoming.once('close', () => agent.destroy());
        if (incoming.statusCode === 200) return resolve(incoming);
        asking.destroy();
        reject(new Error(`the server answers ${incoming.statusCode} for ${whole}`));
      },
    );
    asking.on('timeout', () => asking.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
    asking.on('error', (error) => {
      agent.destroy();
      reject(error);
    });
    asking.end();
  });
}

/** The whole of it. Rejects where it has more than `most` bytes. */
export async function readAll(pieces: AsyncIterable<Buffer>, most: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const piece of pieces) {
    size += piece.length;
    if (size > most) throw new Error(`the server's answer is larger than ${most} bytes`);
    parts.push(piece);
  }
  return Buffer.concat(parts);
}
