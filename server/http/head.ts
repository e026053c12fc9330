/** HEAD: the answer to GET without its body. */
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';

export type Handler = (res: HttpResponse, req: HttpRequest) => void;

/** The same handler, for HEAD: what it ends the response with is measured, not sent. */
export function withoutBody(handler: Handler): Handler {
  return (res, req) => {
    const end = res.end.bind(res);
    // Told the length as its argument, uWS would wait for the bytes.
    res.end = (body) =>
      body === undefined
        ? end()
        : res.writeHeader('content-length', String(Buffer.byteLength(body))).endWithoutBody();
    handler(res, req);
  };
}
