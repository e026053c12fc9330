/** uWS's request, copied into ours before the first await. */
import type { HttpRequest, HttpResponse } from 'uWebSockets.js';
import { clientAddress, isIn, normalAddress, type Networks } from './address.ts';
import { COPIED_HEADERS, type CopiedHeader, type Request } from './request.ts';

const decoder = new TextDecoder();

function decodePart(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    if (error instanceof URIError) return part;
    throw error;
  }
}

/** `paramCount`: how many `:name` parts the route's path has. */
export function readRequest(
  res: HttpResponse,
  req: HttpRequest,
  paramCount: number,
  trusted: Networks,
): Request {
  const headers = new Map<CopiedHeader, string>();
  for (const name of COPIED_HEADERS) {
    const value = req.getHeader(name);
    if (value !== '') headers.set(name, value);
  }
  const header = (name: CopiedHeader) => headers.get(name) ?? '';
  const params: string[] = [];
  for (let i = 0; i < paramCount; i++) params.push(decodePart(req.getParameter(i) ?? ''));
  const queryText = req.getQuery();
  const peerText = decoder.decode(res.getRemoteAddressAsText());
  let address: string | undefined;

  return {
    method: req.getMethod().toUpperCase(),
    path: req.getUrl(),
    params,
    get query() {
      return new URLSearchParams(queryText);
    },
    get address() {
      address ??= clientAddress(normalAddress(peerText), header('x-forwarded-for'), trusted);
      return address;
    },
    get host() {
      const forwarded = header('x-forwarded-host');
      return forwarded !== '' && isIn(trusted, normalAddress(peerText)) ? forwarded : header('host');
    },
    header,
  };
}
