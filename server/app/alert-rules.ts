/** Alert rules: what they read of the history, what may not be meant in them, and how often they would have fired. */
import { randomUUID } from 'node:crypto';
import type { AlertRule } from '#protocol/alerts.ts';
import { ApiError } from '#protocol/errors.ts';
import type { PreviewReply } from '#protocol/rule-preview.ts';
import { previewRule, type PreviewAsked } from '../alerts/preview.ts';
import { createPreviews } from '../alerts/previews.ts';
import { checkRule, type CheckedDevice, type Known } from '../alerts/rule-check.ts';
import { covers } from '../alerts/rules.ts';
import { createTrends } from '../alerts/trends.ts';
import { alertRuleRoutes, type AlertRuleRouteParts } from '../routes/alert-rules.ts';
import { toPoints, widthFor } from '../routes/series.ts';
import type { Alerting } from './alerting.ts';
import type { Base } from './base.ts';
import type { OpenHistory } from './history.ts';
import type { Machines } from './machines.ts';
import type { People } from './people.ts';
import { machineOf } from './silences.ts';

/** The capabilities that alert rules use. */
export interface AlertRulesNeeds {
  readonly people: People;
  readonly machines: Machines;
  readonly history: OpenHistory;
  readonly alerting: Alerting;
}

export function openAlertRules(base: Base, { people, machines, history, alerting }: AlertRulesNeeds) {
  const { state, clock, log } = base;
  const { devices, rules } = state;
  const { alerts } = alerting;
  const previews = createPreviews();
  const trends = createTrends({
    history: {
      query: history.queryStored,
      // Of fields that are not sent any more, nothing has to be known.
      fields: (id) => Promise.resolve(machines.fleet.fieldsOf(id)),
    },
    deviceIds: () => devices.all().map(({ id }) => id),
    needsOf: alerts.trendsNeeded,
    found: alerts.trendsFound,
    clock,
    log,
  });
  machines.removed.listen(trends.forget);

  /** What there is that a rule may be about. */
  function knownFor(rule: AlertRule): Known {
    const all = devices.all().map((record): CheckedDevice => {
      return { ...machineOf(record), fields: machines.fleet.fieldsOf(record.id) };
    });
    return { devices: all, covered: all.filter((device) => covers(rule, device.id, device)) };
  }

  /** The chart of the field that would have fired most. */
  async function chartOf({
    shown,
    from,
    to,
  }: Awaited<ReturnType<typeof previewRule>>): Promise<PreviewReply['chart']> {
    if (shown === undefined) return null;
    const { device, field } = shown;
    const read = (start: number) =>
      history.inTime.query({
        deviceId: device.id,
        from: start,
        to,
        step: widthFor(to - start),
        fields: [field],
      });
    const whole = await read(from);
    const begin = whole.series.get(field)?.t[0] ?? from;
    // The history of a machine that joined a short time ago fills the chart.
    const { series, step } = begin - from > (to - from) / 2 ? await read(begin) : whole;
    const buckets = series.get(field);
    if (buckets === undefined) return null;
    const points = toPoints(buckets, step);
    return { device_id: device.id, device_name: device.name, field, step_ms: step, points };
  }

  const preview: AlertRuleRouteParts['preview'] = ({ rule: asked, devices: ids, days }, who, isGone) => {
    const rule: AlertRule = { ...asked, id: randomUUID() };
    const known = knownFor(rule);
    const missing = ids?.find((id) => devices.get(id) === undefined);
    if (missing !== undefined) throw new ApiError('unknown_device');
    const looked = ids === undefined ? known.covered : known.devices.filter(({ id }) => ids.includes(id));
    const previewed: PreviewAsked = {
      rule,
      days,
      devices: looked.map(({ id, name }) => ({ id, name, intervalS: devices.get(id)?.interval_s ?? 5 })),
    };
    return previews.run(who, isGone, async (goOn) => {
      const result = await previewRule({ history: history.inTime, now: clock.now, goOn }, previewed);
      const chart = await chartOf(result);
      const { shown: _, ...rest } = result;
      return { ...rest, covered: known.covered.length, chart, warnings: [...checkRule(rule, known)] };
    });
  };

  return {
    routes: alertRuleRoutes({
      rules,
      rulesChanged: alerts.rulesChanged,
      check: (rule) => checkRule(rule, knownFor(rule)),
      preview,
      audit: people.audit,
    }),
    stop() {
      previews.stop();
      trends.stop();
    },
  };
}
