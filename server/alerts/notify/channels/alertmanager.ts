/**
 * Prometheus Alertmanager, by its API v2: https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml
 * Each alert of a message is one there, and ends there when it is resolved here.
 */
import { z } from 'zod';
import { DAY, MINUTE } from '#protocol/span.ts';
import { channelKind } from '../channel.ts';
import { optionalText, serverAddress, setting } from '../channel-settings.ts';
import { jsonRequest } from '../json-request.ts';
import type { AlertLine, Message } from '../message.ts';

/** Alertmanager ends an alert by itself when it was not told again for this long, milliseconds. */
const HOLD_MS = 7 * DAY;

const time = (ms: number) => new Date(ms).toISOString();

function alertOf({ alert, machine, subject, reading, severity, url, runbook }: AlertLine, at: number) {
  return {
    labels: {
      alertname: alert.rule_name,
      instance: machine,
      severity,
      metric: alert.metric,
      device_id: alert.device_id,
      alert_id: alert.id,
    },
    annotations: {
      summary: `${machine}: ${subject} ${reading}`,
      ...(runbook === '' ? {} : { description: runbook }),
    },
    startsAt: time(alert.timestamp),
    endsAt: time(alert.resolved_at ?? at + HOLD_MS),
    generatorURL: url,
  };
}

/** A message without alerts: the watchdog holds for a day and an hour, a test ends by itself. */
function alertOfMessage({ event, title, url, at }: Message) {
  const holdMs = event === 'watchdog' ? DAY + 60 * MINUTE : 5 * MINUTE;
  return {
    labels: { alertname: event === 'watchdog' ? 'Watchdog' : 'WatchfloorTest', severity: 'none' },
    annotations: { summary: title },
    startsAt: time(at),
    endsAt: time(at + holdMs),
    generatorURL: url,
  };
}

export const alertmanager = channelKind({
  kind: 'alertmanager',
  name: 'Alertmanager',
  about:
    'Hands the alerts to a Prometheus Alertmanager, which then groups, silences and sends them. Acknowledging here changes nothing there.',
  settings: z.strictObject({
    server: setting(serverAddress, { label: 'Server', placeholder: 'http://alertmanager.example.com:9093' }),
    authorization: setting(optionalText, {
      label: 'Authorization header',
      hint: 'Where it asks for one.',
      placeholder: 'Basic … or Bearer …',
      secret: true,
    }),
  }),
  send({ settings: { server, authorization }, message, outgoing }) {
    const { lines, at } = message;
    const body = lines.length === 0 ? [alertOfMessage(message)] : lines.map((line) => alertOf(line, at));
    const headers = authorization === '' ? {} : { authorization };
    return outgoing.request(jsonRequest(`${server}/api/v2/alerts`, body, { headers }));
  },
});
