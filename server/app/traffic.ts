/** Traffic: what machines sent and received by day and billing period, and their quotas. */
import { quotaRoutes } from '../routes/quotas.ts';
import { createQuotaBook } from '../traffic/quota-book.ts';
import { readTraffic } from '../traffic/traffic-history.ts';
import type { Base } from './base.ts';
import type { OpenHistory } from './history.ts';
import type { Machines } from './machines.ts';
import type { People } from './people.ts';
import { machineOf } from './silences.ts';

/** The capabilities that traffic uses. */
export interface TrafficNeeds {
  readonly people: People;
  readonly machines: Machines;
  readonly history: OpenHistory;
}

export function openTraffic({ state, clock, log }: Base, { people, machines, history }: TrafficNeeds) {
  const { devices, quotas } = state;
  const book = createQuotaBook({
    quotas: quotas.all,
    machines: () => devices.all().map(machineOf),
    machineOf(id) {
      const record = devices.get(id);
      return record && machineOf(record);
    },
    sampledAt: (id) => machines.fleet.get(id)?.sampledAt ?? null,
    newestValues: (id) => machines.fleet.get(id)?.values ?? {},
    history: {
      query: history.queryStored,
      timestamps: history.storedTimes,
      caughtUp: history.caughtUp,
    },
    clock,
    log,
  });
  machines.edited.listen(book.machinesChanged);
  machines.removed.listen(book.deviceRemoved);
  return {
    ownFields: book.ownFields,
    pushAccepted: book.pushAccepted,
    routes: quotaRoutes({
      quotas,
      changed: book.quotasChanged,
      list: book.list,
      deviceExists: (id) => devices.get(id) !== undefined,
      async traffic(asked) {
        await history.untilCaughtUp();
        return readTraffic({ query: history.queryStored }, asked, clock.now());
      },
      audit: people.audit,
    }),
    stop: book.stop,
  };
}

export type OpenTraffic = ReturnType<typeof openTraffic>;
