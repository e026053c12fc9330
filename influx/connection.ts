/**
 * The way to InfluxDB that every request takes. A request has a time limit and ends when the history closes,
 * and what answers it must be InfluxDB: a proxy before it may answer anything, for example a page for people
 * with status 200, which the client would take for an answer without rows, or an empty 204.
 */
import {
  InfluxDB,
  RequestTimedOutError,
  type HttpHeaders,
  type SendOptions,
  type Transport,
} from '@influxdata/influxdb-client';
import { PassThrough } from 'node:stream';
import { isVersion3, NotInfluxError, SetupError, VERSION_3 } from './errors.ts';

export interface ConnectionOptions {
  readonly url: string;
  readonly token: string;
  /** How long a request may take until its answer has come in full, in milliseconds. */
  readonly limitMs: number;
  /** Ends all requests. */
  readonly closing: AbortSignal;
}

/** The content type that InfluxDB answers a request to this path with; '' for an answer without content. */
function expectedType(path: string): string {
  if (path.startsWith('/api/v2/query')) return 'text/csv';
  return /^\/(ping|api\/v2\/(write|delete))/.test(path) ? '' : 'application/json';
}

/** The status and the headers of an answer. */
interface Head {
  readonly headers: HttpHeaders;
  readonly status: number;
}

/** InfluxDB 2 sends `X-Influxdb-Build` and `X-Influxdb-Version` with every answer; its cloud sends the first. */
const hasOwnHeader = (headers: HttpHeaders): boolean =>
  Object.keys(headers).some((name) => name.startsWith('x-influxdb-'));

function checkAnswer(path: string, headers: HttpHeaders, status = 0): Error | undefined {
  // The client makes an HttpError of these.
  if (status >= 300) return undefined;
  if (isVersion3({ headers })) return new SetupError(VERSION_3);
  const type = String(headers['content-type'] ?? '');
  const expected = expectedType(path);
  if (expected === '' ? status === 204 : type.startsWith(expected)) return undefined;
  return new NotInfluxError(`status ${status}, ${type === '' ? 'no content' : type}`);
}

export function connect({ url, token, limitMs, closing }: ConnectionOptions): InfluxDB {
  const { transport } = new InfluxDB({ url, token, timeout: limitMs });
  /** Whether an answer without content has come with a header of InfluxDB: all further ones then must. */
  let sendsHeader = false;

  /**
   * Finds out whether InfluxDB has sent an answer without content. A proxy may take its headers off: while none has
   * come, InfluxDB must answer a question with content.
   */
  async function prove({ headers, status }: Head): Promise<void> {
    if (hasOwnHeader(headers)) {
      sendsHeader = true;
      return;
    }
    if (sendsHeader) throw new NotInfluxError(`status ${status} without a header of InfluxDB`);
    await request('/api/v2/buckets?limit=1', '', { method: 'GET' });
  }

  /** The options with the time limit, and a function that says in an error what ended the request. */
  function limited(options: SendOptions) {
    const limit = AbortSignal.timeout(limitMs);
    const signal = AbortSignal.any([limit, closing]);
    const reason = (error: Error) => {
      if (closing.aborted) return new Error('the server stops', { cause: error });
      return limit.aborted ? new RequestTimedOutError() : error;
    };
    return { options: { ...options, signal }, reason };
  }

  const send: Transport['send'] = (path, body, given, callbacks = {}) => {
    const { options, reason } = limited(given);
    let ended = false;
    const fail = (error: Error) => {
      if (ended) return;
      ended = true;
      callbacks.error?.(reason(error));
    };
    transport.send(path, body, options, {
      ...callbacks,
      responseStarted(headers, status) {
        const problem = checkAnswer(path, headers, status);
        if (problem) fail(problem);
        else callbacks.responseStarted?.(headers, status);
      },
      next: (chunk) => (ended ? undefined : callbacks.next?.(chunk)),
      error: fail,
      complete() {
        if (!ended) callbacks.complete?.();
      },
    });
  };

  const request: Transport['request'] = async (path, body, given, responseStarted) => {
    const { options, reason } = limited(given);
    let problem: Error | undefined;
    /** The head of an answer without content. */
    let bare: Head | undefined;
    let answer: unknown;
    try {
      answer = await transport.request(path, body, options, (headers, status = 0) => {
        problem = checkAnswer(path, headers, status);
        if (problem === undefined && status === 204) bare = { headers, status };
        responseStarted?.(headers, status);
      });
    } catch (error) {
      throw problem ?? reason(error instanceof Error ? error : new Error(String(error)));
    }
    if (problem !== undefined) throw problem;
    if (bare !== undefined) await prove(bare);
    return answer;
  };

  const iterate: Transport['iterate'] = (path, body, options) => {
    const chunks = new PassThrough();
    send(path, String(body), options, {
      next: (chunk) => chunks.write(chunk),
      useResume: (resume) => chunks.once('drain', resume),
      error: (error) => chunks.destroy(error),
      complete: () => chunks.end(),
    });
    return chunks[Symbol.asyncIterator]();
  };

  return new InfluxDB({ url, transport: { chunkCombiner: transport.chunkCombiner, send, request, iterate } });
}
