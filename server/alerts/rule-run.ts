/**
 * One rule on one device over past samples: when it would have fired. It evaluates as for pushes, with a book of its own
 * in which every firing is one entry.
 */
import { randomUUID } from 'node:crypto';
import { conditionFor, type Alert, type AlertRule } from '#protocol/alerts.ts';
import { onlineWindowMs } from '#protocol/gaps.ts';
import type { Sample } from '#protocol/sample.ts';
import type { AlertBook } from './alert-book.ts';
import { DeviceCase } from './device-case.ts';
import { DeviceMemory } from './device-memory.ts';
import { raise } from './lifecycle.ts';
import { evaluateSamples } from './push-evaluation.ts';
import { sortByKind, type DeviceRules } from './rules.ts';

/** A book that keeps every firing, and joins none with an earlier one. */
class FiringBook implements AlertBook {
  readonly #alerts = new Map<string, Alert>();
  readonly #firing = new Set<string>();

  active(): readonly Alert[] {
    return this.all().filter(({ id }) => this.#firing.has(id));
  }
  get(id: string): Alert | undefined {
    return this.#alerts.get(id);
  }
  /** All firings, in the order in which they began. */
  all(): readonly Alert[] {
    return [...this.#alerts.values()];
  }
  raise(raised: Parameters<AlertBook['raise']>[0]): Alert {
    const alert = raise(raised, randomUUID());
    this.#alerts.set(alert.id, alert);
    this.#firing.add(alert.id);
    return alert;
  }
  change(id: string, parts: Parameters<AlertBook['change']>[1]): void {
    const alert = this.#alerts.get(id);
    if (alert === undefined) return;
    // The most severe that it became is what a person wants to know of it.
    const severity = alert.severity === 'critical' ? alert.severity : (parts.severity ?? alert.severity);
    this.#alerts.set(id, { ...alert, ...parts, severity });
  }
  edit(): undefined {
    return undefined;
  }
  resolve(id: string, resolution: NonNullable<Alert['resolution']>, at: number): void {
    const alert = this.#alerts.get(id);
    if (alert === undefined || !this.#firing.delete(id)) return;
    this.#alerts.set(id, { ...alert, state: 'resolved', resolved_at: at, resolution });
  }
  takeChanges(): readonly Alert[] {
    return [];
  }
}

export interface RuleRun {
  readonly memory: DeviceMemory;
  /** Evaluates a later sample. */
  take(sample: Sample): void;
  /** The device sent nothing more until `at`, epoch milliseconds. */
  end(at: number): void;
  /** The firings so far, in the order in which they began. */
  firings(): readonly Alert[];
}

/**
 * @param intervalS seconds between two samples or pushes, whichever is longer
 */
export function createRuleRun(
  rule: AlertRule,
  device: { readonly id: string; readonly name: string },
  intervalS: number,
): RuleRun {
  const condition = conditionFor(rule, device.id);
  const rules: DeviceRules = sortByKind(condition === undefined ? [] : [{ rule, condition }]);
  const book = new FiringBook();
  const memory = new DeviceMemory();
  const windowMs = onlineWindowMs(intervalS);
  const [offline] = rules.offline;
  let open: DeviceCase | undefined;
  let last: number | undefined;

  const openCase = () => (open ??= new DeviceCase(device.id, book));

  function settle(at: number): void {
    if (open === undefined) return;
    open.settle(device.name, at, 'cleared');
    if (open.isEmpty) open = undefined;
  }

  /** Raises the alert that the device is offline where nothing came between two times for long enough. */
  function checkOffline(since: number, until: number): void {
    if (offline === undefined) return;
    const firesAt = since + windowMs + offline.forMs;
    if (until < firesAt) return;
    const { rule: own, forMs } = offline;
    const value = Math.round((firesAt - since) / 1000);
    const tier = { rule: own, key: own.id, severity: own.severity };
    openCase().addClaim({ ...tier, metric: 'offline', value, threshold: forMs / 1000 });
    settle(firesAt);
  }

  return {
    memory,
    take(sample) {
      if (last !== undefined) checkOffline(last, sample.t);
      open?.endOffline();
      evaluateSamples(rules, [sample], intervalS, {
        device: open,
        open: openCase,
        memory,
      });
      settle(sample.t);
      last = sample.t;
    },
    end(at) {
      if (last !== undefined) checkOffline(last, at);
    },
    firings: () => book.all(),
  };
}
