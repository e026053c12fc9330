/**
 * The alerts of one device over a time, whose samples are taken by the real sampler and pushed in the agent's own
 * columns, five per-second samples every five seconds. The test says what the device's collectors find.
 */
import type { z } from 'zod';
import { alertRuleCreate, type AlertRule } from '#protocol/alerts.ts';
import type { condition } from '#protocol/conditions.ts';
import { parsePush, type Sample } from '#protocol/sample.ts';
import type { Fields } from '../../agent/collectors/collector.ts';
import { inColumns } from '../../agent/outgoing/push.ts';
import { createSampler } from '../../agent/sampling/sampler.ts';
import { openAlerts, T0 } from './stage.ts';

const INTERVAL_S = 5;
const ignore = () => undefined;

/** A rule as the API makes it of a request. */
export function made(
  asked: z.input<typeof condition>,
  rest: Partial<z.input<typeof alertRuleCreate>> = {},
): AlertRule {
  return { id: 'r', ...alertRuleCreate.parse({ name: 'r', severity: 'warning', condition: asked, ...rest }) };
}

export interface Finds {
  /** Found each second. */
  readonly quick?: (second: number) => Fields;
  /** Found every five seconds, as the collector of file systems does. */
  readonly slow?: (second: number) => Fields;
  /** Milliseconds by which the device's clock is ahead. */
  readonly ahead?: (second: number) => number;
  /** Whether the device pushes at all. */
  readonly pushes?: (second: number) => boolean;
}

/** Samples in columns, as the server reads them from a push of the agent. */
export function asPushed(
  samples: readonly { readonly t: number; readonly fields: Fields }[],
): readonly Sample[] {
  const body = {
    device_id: 'a',
    hostname: 'a',
    ip: '10.0.0.1',
    interval_s: INTERVAL_S,
    ...inColumns(samples),
  };
  const { data, error } = parsePush(JSON.parse(JSON.stringify(body)));
  if (data === undefined) throw error ?? new Error('not read');
  return data.samples;
}

export function openTimeline(rules: readonly AlertRule[], options: Parameters<typeof openAlerts>[1] = {}) {
  const stage = openAlerts(rules, options);
  let second = 0;
  const log: string[] = [];
  let noted = 0;

  /** Writes down what changed at this second, as `12 cpu warning firing`. */
  function note(): void {
    for (const { metric, severity, state } of stage.reported.slice(noted))
      log.push(`${second} ${metric} ${severity} ${state}`);
    noted = stage.reported.length;
  }

  return {
    stage,
    /** What was raised, changed and resolved so far, each with its second. */
    log,
    /** Lets so many seconds pass. */
    run(seconds: number, { quick, slow, ahead = () => 0, pushes = () => true }: Finds = {}) {
      const from = second;
      const find = (at: number, finds: Finds['quick']) => finds?.(at - from) ?? {};
      const collectors = [
        { name: 'quick', create: () => ({ collect: () => find(second, quick) }) },
        { name: 'slow', every: 5000, create: () => ({ collect: () => find(second, slow) }) },
      ];
      const nothing = { debug: ignore, info: ignore, warn: ignore, error: ignore };
      const sampler = createSampler({
        collectors,
        read: ignore,
        readAside: () => Promise.resolve(undefined),
        log: nothing,
        monotonic: () => 0,
      });
      let gathered: { t: number; fields: Fields }[] = [];
      for (let i = 0; i < seconds; i++) {
        second++;
        stage.clock.at = T0 + second * 1000;
        const isOn = pushes(second - from);
        const t = stage.clock.at + ahead(second - from);
        if (isOn) gathered.push({ t, fields: sampler.sample(second * 1000) });
        if (isOn && gathered.length >= INTERVAL_S) {
          stage.push(asPushed(gathered), { intervalS: INTERVAL_S, sentAt: t });
          gathered = [];
        }
        note();
      }
    },
    restart(downS = 0) {
      stage.restart(downS);
      second += downS;
      noted = 0;
      note();
    },
    /** The words of the newest alert. */
    newest: () => stage.alerts.all()[0],
  };
}
