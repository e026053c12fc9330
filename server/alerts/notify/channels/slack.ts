/**
 * Slack, by incoming webhooks: https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 * A section of a message takes 3,000 characters; `&`, `<` and `>` are the signs of its markup.
 */
import { z } from 'zod';
import { channelKind, type OutgoingReply } from '../channel.ts';
import { setting, webAddress } from '../channel-settings.ts';
import type { Problem } from '../delivery-problem.ts';
import { jsonRequest } from '../json-request.ts';
import { lineOf, messageText, type Markup } from '../message-text.ts';

const MAX_SECTION = 3000;
const MAX_TITLE = 1000;

export const MRKDWN: Markup = {
  escape: (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;'),
  bold: (text) => `*${text}*`,
  link: (url, text) => `<${url}|${text.replaceAll('|', '¦')}>`,
};

/** What Slack answers, as one word, and what to do about it. */
const PROBLEMS: Readonly<Record<string, Problem>> = {
  no_service: { text: 'Slack no longer has this webhook. Create a new one and enter its address.' },
  no_service_id: { text: 'Slack does not know this webhook. Enter its whole address.' },
  no_team: { text: 'Slack does not know the workspace of this webhook. Enter its whole address.' },
  invalid_token: { text: 'The address of the webhook is not whole. Copy it again from Slack.' },
  channel_is_archived: { text: 'The channel in Slack is archived. Create a webhook for another one.' },
  channel_not_found: { text: 'The channel in Slack is gone. Create a webhook for another one.' },
  action_prohibited: {
    text: 'An administrator of Slack forbids this webhook to post. Ask them to allow it.',
  },
  posting_to_general_channel_denied: {
    text: 'Slack allows this webhook no messages to the general channel. Create one for another channel.',
  },
  invalid_payload: { text: 'Slack refused this message.', refused: true },
  invalid_blocks: { text: 'Slack refused this message.', refused: true },
};

const problemIn = ({ body, status }: OutgoingReply): Problem | undefined =>
  status === 200 ? undefined : PROBLEMS[body.trim()];

export const slack = channelKind({
  kind: 'slack',
  name: 'Slack',
  about:
    'In Slack, create an app, switch on its incoming webhooks, and add one for the channel that is to get the messages.',
  settings: z.strictObject({
    url: setting(webAddress, {
      label: 'Webhook address',
      placeholder: 'https://hooks.slack.com/services/…',
      secret: true,
    }),
  }),
  send({ settings: { url }, message, outgoing }) {
    const title = lineOf(message.title, MAX_TITLE, MRKDWN);
    const text = messageText(message, MAX_SECTION, MRKDWN);
    const section = (mrkdwn: string) => ({ type: 'section', text: { type: 'mrkdwn', text: mrkdwn } });
    const heading = section(`*<${message.url}|${title.replaceAll('|', '¦')}>*`);
    const body = {
      // For notifications and screen readers.
      text: title,
      blocks: [heading, section(text)],
      unfurl_links: false,
      unfurl_media: false,
    };
    return outgoing.request(jsonRequest(url, body, { problemIn }));
  },
});
