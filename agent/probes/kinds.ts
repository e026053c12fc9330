/** How each kind of probe is tried. To add one, write its file and add it here and in `#protocol/probes.ts`. */
import type { ListedProbe } from '#protocol/probes.ts';
import type { Clock } from '../sampling/clock.ts';
import { addressesFor, createAddresses, type FindAddresses } from './addresses.ts';
import { createAllowance, type Allowance } from './allowance.ts';
import { RefusedError, type Attempt, type Outcome } from './attempt.ts';
import { tryDns } from './dns.ts';
import { tryHttp } from './http.ts';
import { createEcho, type Echo } from './icmp.ts';
import { pingWith } from './ping.ts';
import { createRunner, type Runner, type TryOnce } from './runner.ts';
import { tryTcp } from './tcp.ts';

interface KindsParts {
  readonly allowance: Allowance;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  /** The agent's data folder. */
  readonly folder: string;
  readonly addresses?: FindAddresses;
  readonly echo?: Echo;
  readonly authorities?: readonly string[];
}

export interface Kinds {
  readonly tryOnce: TryOnce;
  close(): void;
}

export function createKinds({ allowance, clock, folder, addresses, echo, authorities }: KindsParts): Kinds {
  const find = addresses ?? createAddresses();
  const echoes = echo ?? createEcho({ monotonic: clock.monotonic, folder });
  const tryPing = pingWith(echoes);

  async function tryWork(probe: ListedProbe, attempt: Attempt): Promise<Outcome> {
    switch (probe.kind) {
      case 'http':
        return tryHttp(probe, attempt);
      case 'tcp':
        return tryTcp(probe, attempt);
      case 'ping':
        return tryPing(probe, attempt);
      case 'dns':
        return tryDns(probe, attempt);
    }
  }

  return {
    async tryOnce(probe, { signal, doing }) {
      if (allowance.isOff)
        throw new RefusedError('probing is switched off on this machine', 'WATCHFLOOR_PROBES=public');
      return tryWork(probe, {
        ...{ signal, doing, allowance, monotonic: clock.monotonic, now: clock.now },
        addressesOf: addressesFor(find, signal),
        ...(authorities !== undefined && { authorities }),
      });
    },
    close: echoes.close,
  };
}

interface OpenParts {
  /** The setting: what may be probed. */
  readonly allowed: string;
  readonly folder: string;
  readonly clock: Clock;
}

/** A runner that tries for real. */
export function openRunner({ allowed, folder, clock }: OpenParts): Runner {
  const kinds = createKinds({ allowance: createAllowance(allowed), clock, folder });
  const runner = createRunner({ tryOnce: kinds.tryOnce, clock, random: Math.random });
  return {
    ...runner,
    stop() {
      runner.stop();
      kinds.close();
    },
  };
}
