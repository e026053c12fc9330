/**
 * Pushover: https://pushover.net/api
 * A message takes 1,024 characters, its title 250, its address 512.
 */
import { z } from 'zod';
import { channelKind, type OutgoingReply } from '../channel.ts';
import { optionalText, requiredText, setting } from '../channel-settings.ts';
import type { Problem } from '../delivery-problem.ts';
import { readJson } from '../json-request.ts';
import { toneOf } from '../message.ts';
import { HTML, lineOf, messageText, type Markup } from '../message-text.ts';

const MAX_MESSAGE = 1024;
const MAX_TITLE = 250;
const MAX_URL = 512;
/** The address stands beside the text. */
const MARKUP: Markup = { ...HTML, link: (_, text) => text };
/** How often an emergency is repeated, and for how long, seconds. */
const EMERGENCY = { priority: 2, retry: 60, expire: 3600 } as const;
/** 1: with a sound in quiet hours too; -1: without a sound. */
const PRIORITIES = { critical: 1, warning: 0, good: -1, neutral: 0 } as const;

const result = z.object({ status: z.number(), errors: z.array(z.string()).default([]) });

function problemIn(reply: OutgoingReply): Problem | undefined {
  const answer = readJson(reply, result);
  if (answer === undefined || answer.status === 1) return undefined;
  const errors = answer.errors.join('; ');
  if (/token|user|device|application/i.test(errors))
    return { text: `Pushover does not take the keys of this channel: ${errors}. Enter valid ones.` };
  if (reply.status === 429) return { text: `The monthly limit at Pushover is used up: ${errors}.` };
  return { text: `Pushover refused this message: ${errors}.`, refused: reply.status < 500 };
}

export const pushover = channelKind({
  kind: 'pushover',
  name: 'Pushover',
  about:
    'Your user key is shown at pushover.net after signing in, or enter the key of a group. Create an application there for its token.',
  settings: z.strictObject({
    user: setting(requiredText, { label: 'User or group key', secret: true }),
    token: setting(requiredText, { label: 'Application token', secret: true }),
    device: setting(optionalText, { label: 'Device', hint: 'The name of one device; empty for all.' }),
    emergency: setting(z.boolean().default(false), {
      label: 'Repeat critical alerts until confirmed',
      hint: 'Each minute for an hour, also in quiet hours, until somebody confirms in the app.',
    }),
  }),
  send({ settings: { user, token, device, emergency }, message, outgoing }) {
    const tone = toneOf(message);
    const parameters = {
      token,
      user,
      ...(device === '' ? {} : { device }),
      title: lineOf(message.title, MAX_TITLE),
      message: messageText(message, MAX_MESSAGE, MARKUP),
      html: 1,
      ...(message.url.length <= MAX_URL ? { url: message.url, url_title: 'Open in Watchfloor' } : {}),
      timestamp: Math.floor(message.at / 1000),
      ...(emergency && tone === 'critical' ? EMERGENCY : { priority: PRIORITIES[tone] }),
    };
    const form = Object.entries(parameters).map(([name, value]): [string, string] => [name, String(value)]);
    return outgoing.request({
      url: 'https://api.pushover.net/1/messages.json',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(form).toString(),
      problemIn,
    });
  },
});
