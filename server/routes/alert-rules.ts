/** `/alert-rules`: list, add, change and remove rules. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
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
  importReply,
  importRequest,
  previewReply,
  previewRequest,
  type ImportReply,
  type PreviewReply,
  type RuleWarning,
} from '#protocol/rule-preview.ts';
import { planImport, readRuleFile, rulesAsYaml, type ImportPlan } from '../alerts/rule-file.ts';
import { actorOf, type Audit } from '../auth/audit.ts';
import { firstParam, Reply, TextReply } from '../http/request.ts';
import { route, routeWithBody, type Route } from '../http/route.ts';
import type { Collection } from '../state/collection.ts';
import type { AlertRuleRecord } from '../state/records.ts';
import { orUnavailable } from './series.ts';

/** @throws ApiError invalid_body with every mistake, by its line */
function requireRules(yaml: string) {
  const { rules, mistakes } = readRuleFile(yaml);
  if (rules !== undefined) return rules;
  const details = mistakes.map(({ line, path, message }) => ({
    path: path === '' ? `line ${line}` : `line ${line}: ${path}`,
    message,
  }));
  const [first] = details;
  const many = details.length === 1 ? 'a mistake' : `${details.length} mistakes`;
  const where = first === undefined ? '' : ` ${first.path}: ${first.message}`;
  throw new ApiError('invalid_body', {
    message: `The file has ${many}, so nothing was imported.${where}`,
    details,
  });
}

/** [W1] A wall does not show what to do about an alert, which may name what strangers should not know. */
const forDisplays = ({ runbook: _, why: __, ...rule }: AlertRule): AlertRule => rule;

function importReplyOf(
  { added, changed, unchanged, notInFile }: ImportPlan,
  applied: boolean,
  warnings: readonly RuleWarning[],
): ImportReply {
  const names = (list: readonly AlertRule[]) => list.map(({ name }) => name);
  return {
    applied,
    added: names(added),
    changed: changed.map(({ rule: { name }, parts }) => ({ name, parts: [...parts] })),
    unchanged: names(unchanged),
    not_in_file: names(notInFile),
    warnings: [...warnings],
  };
}

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
      handle: ({ person }) => ({
        alert_rules: person.role === 'display' ? rules.all().map(forDisplays) : rules.all(),
      }),
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
    route({
      method: 'GET',
      path: '/alert-rules/export',
      access: 'viewer',
      summary: 'All alert rules as a YAML file.',
      reply: z.string(),
      contentTypes: ['application/yaml'],
      handle: () => new TextReply('application/yaml; charset=utf-8', rulesAsYaml(rules.all())),
    }),
    routeWithBody({
      method: 'POST',
      path: '/alert-rules/import',
      access: 'admin',
      summary:
        'Add and replace rules by a YAML file: all of them, or none where anything is wrong; the details name the lines.',
      body: importRequest,
      reply: importReply,
      async handle({ request, person, body: { yaml, dry_run } }) {
        const plan = planImport(rules.all(), requireRules(yaml));
        const different = [...plan.added, ...plan.changed.map(({ rule }) => rule)];
        if (!dry_run && different.length > 0) {
          await rules.putAll(different);
          rulesChanged();
          audit.record({
            ...actorOf(person, request),
            action: 'imported alert rules',
            target: different
              .map(({ name }) => name)
              .join(', ')
              .slice(0, 500),
          });
        }
        return importReplyOf(plan, !dry_run, different.flatMap(check));
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
