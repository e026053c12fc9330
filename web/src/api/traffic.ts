/** What machines sent and received, and their quotas. */
import type { z } from 'zod';
import {
  quota,
  quotasReply,
  trafficReply,
  type BillingDay,
  type quotaCreate,
  type quotaPatch,
} from '#protocol/traffic.ts';
import { parsed, type Send } from './request.ts';

export type NewQuota = z.input<typeof quotaCreate>;
type QuotaPatch = z.input<typeof quotaPatch>;

const id = encodeURIComponent;

export function trafficApi(send: Send) {
  return {
    /** All quotas, and what stands for all machines or for one. */
    async quotas(deviceId?: string, signal?: AbortSignal) {
      const path = deviceId === undefined ? '/quotas' : `/quotas?device=${id(deviceId)}`;
      return parsed(quotasReply, await send({ method: 'GET', path, signal }));
    },
    async createQuota(newQuota: NewQuota) {
      return parsed(quota, await send({ method: 'POST', path: '/quotas', body: newQuota }));
    },
    async patchQuota(quotaId: string, patch: QuotaPatch) {
      return parsed(quota, await send({ method: 'PATCH', path: `/quotas/${id(quotaId)}`, body: patch }));
    },
    async removeQuota(quotaId: string) {
      await send({ method: 'DELETE', path: `/quotas/${id(quotaId)}` });
    },
    /** A machine's traffic by day and by billing period. */
    async of(deviceId: string, of: BillingDay & { readonly interface: string }, signal?: AbortSignal) {
      const query = new URLSearchParams({
        interface: of.interface,
        billing_day: String(of.billing_day),
        time_zone: of.time_zone,
      });
      const path = `/devices/${id(deviceId)}/traffic?${query}`;
      return parsed(trafficReply, await send({ method: 'GET', path, signal }));
    },
  };
}
