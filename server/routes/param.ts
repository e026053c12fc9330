import type { Request } from '../http/request.ts';

/** The first `:name` of the route's path. */
export function param(request: Request): string {
  return request.params[0] ?? '';
}
