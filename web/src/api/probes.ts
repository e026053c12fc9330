/** The paths of probes. Every method rejects as those of `api.ts`. */
import type { z } from 'zod';
import { probesReply, probeView, type probeCreate } from '#protocol/probes.ts';
import { parsed, type Send } from './request.ts';

export type NewProbe = z.input<typeof probeCreate>;

const id = encodeURIComponent;

export function probesApi(send: Send) {
  return {
    async list(signal?: AbortSignal) {
      return parsed(probesReply, await send({ method: 'GET', path: '/probes', signal })).probes;
    },
    async create(newProbe: NewProbe) {
      return parsed(probeView, await send({ method: 'POST', path: '/probes', body: newProbe }));
    },
    async patch(probeId: string, patch: Partial<NewProbe>) {
      return parsed(probeView, await send({ method: 'PATCH', path: `/probes/${id(probeId)}`, body: patch }));
    },
    async remove(probeId: string) {
      await send({ method: 'DELETE', path: `/probes/${id(probeId)}` });
    },
    /** Asks the machines of the probe to try it at once. */
    async tryNow(probeId: string) {
      await send({ method: 'POST', path: `/probes/${id(probeId)}/try` });
    },
  };
}
