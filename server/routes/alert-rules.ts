/** `/alert-rules`: list, add, change and remove rules. */
import { randomUUID } from 'node:crypto';
import type { z } from 'zod';
import {
  alertRuleCreate,
  alertRulePatch,
  alertRulesReply,
  fittingRule,
  type AlertRule,
} from '#protocol/alerts.ts';
import { invalidBody } from '#protocol/body.ts';
import { ApiError } from '#protocol/errors.ts';
import {
  alertRuleSaved,
  previewReply,
  previewRequest,
  type PreviewReply,
  type RuleWarning,
} from '#protocol/rule-preview.ts';
import { actorOf, type Audit } from '../auth/audit.ts';
import { firstParam, Reply } from '../http/request.ts';
import { route, routeWithBody, type Route } from '../http/route.ts';
import type { Collection } from '../state/collection.ts';
import type { AlertRuleRecord } from '../state/records.ts';
import { orUnavailable } from './series.ts';

export interface AlertRuleRouteParts {
  readonly rules: Collection<AlertRuleRecord>;
  /** Called after a rule was added, changed or removed. */
  readonly rulesChanged: () => void;
  /** What may not be meant in a rule. */
  readonly check: (rule: AlertRule) => readonly RuleWarning[];
  /**
   * How often a rule would have fired. `who`: the session that asks; `isGone`: whether nobody waits any more.
   */
  readonly preview: (
    asked: z.output<typeof previewRequest>,
    who: string,
    isGone: () => boolean,
  ) => Promise<PreviewReply>;
  readonly audit: Audit;
}

export function alertRuleRoutes({
  rules,
  rulesChanged,
  check,
  preview,
  audit,
}: AlertRuleRouteParts): Route[] {
  function requireRule(id: string): AlertRuleRecord {
    const rule = rules.get(id);
    if (!rule) throw new ApiError('unknown_item');
    return rule;
  }

  return [
    route({
      method: 'GET',
      path: '/alert-rules',
      access: 'display',
      summary: 'All alert rules.',
      reply: alertRulesReply,
      handle: () => ({ alert_rules: rules.all() }),
    }),
    routeWithBody({
      method: 'POST',
      path: '/alert-rules',
      access: 'admin',
      summary: 'Add a rule.',
      body: alertRuleCreate,
      reply: alertRuleSaved,
      status: 201,
      async handle({ request, person, body }) {
        const rule = { ...body, id: randomUUID() };
        await rules.put(rule);
        rulesChanged();
        audit.record({
          ...actorOf(person, request),
          action: 'added the alert rule',
          target: rule.name,
        });
        return new Reply(201, { ...rule, warnings: check(rule) });
      },
    }),
    routeWithBody({
      method: 'PATCH',
      path: '/alert-rules/:id',
      access: 'admin',
      summary: 'Change a rule; a condition is replaced as a whole.',
      body: alertRulePatch,
      reply: alertRuleSaved,
      errors: ['unknown_item'],
      async handle({ request, person, body }) {
        const rule = requireRule(firstParam(request));
        const changes = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
        const { data: changed, error } = fittingRule.safeParse({ ...rule, ...changes });
        if (changed === undefined) throw invalidBody(error);
        await rules.put(changed);
        rulesChanged();
        audit.record({
          ...actorOf(person, request),
          action: 'changed the alert rule',
          target: changed.name,
        });
        return { ...changed, warnings: check(changed) };
      },
    }),
    routeWithBody({
      method: 'POST',
      path: '/alert-rules/preview',
      access: 'viewer',
      summary:
        'How often a rule would have fired in the last days, when and where, and what may not be meant in it.',
      body: previewRequest,
      reply: previewReply,
      errors: ['unknown_device', 'history_unavailable'],
      handle: ({ person, body, isGone }) => orUnavailable(preview(body, person.sessionId, isGone)),
    }),
    route({
      method: 'DELETE',
      path: '/alert-rules/:id',
      access: 'admin',
      summary: 'Remove a rule; its alerts resolve.',
      errors: ['unknown_item'],
      async handle({ request, person }) {
        const rule = requireRule(firstParam(request));
        await rules.remove(rule.id);
        rulesChanged();
        audit.record({
          ...actorOf(person, request),
          action: 'removed the alert rule',
          target: rule.name,
        });
        return new Reply(204);
      },
    }),
  ];
}
