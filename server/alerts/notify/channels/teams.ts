/**
 * Microsoft Teams, by the webhook of a workflow, with an adaptive card:
 * https://learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using
 * A message takes 28 KB.
 */
import { z } from 'zod';
import { channelKind, type OutgoingReply } from '../channel.ts';
import { setting, webAddress } from '../channel-settings.ts';
import type { Problem } from '../delivery-problem.ts';
import { jsonRequest, readJson } from '../json-request.ts';
import { toneOf } from '../message.ts';
import { bytesOf, lineOf, MARKDOWN, messageText, type Markup } from '../message-text.ts';

/** Bytes of the texts and of the JSON around each line; the rest of the card takes less than 4,000. */
const MAX_TEXT = 24_000;
const BYTES_AROUND_LINE = 90;
const MAX_TITLE = 1000;

const CARD_MARKUP: Markup = {
  ...MARKDOWN,
  size: (text) => bytesOf(JSON.stringify(text)) + BYTES_AROUND_LINE * (text.match(/\n+/g)?.length ?? 0),
};

const COLOURS = { critical: 'Attention', warning: 'Warning', good: 'Good', neutral: 'Default' } as const;

const errorReply = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

function problemIn(reply: OutgoingReply): Problem | undefined {
  const code = readJson(reply, errorReply)?.error.code ?? '';
  if (/WorkflowNotFound|WorkflowTriggerIsNotEnabled|TriggerNotFound|WorkflowNotEnabled/.test(code))
    return { text: 'The workflow in Teams is gone or switched off. Switch it on, or create a new one.' };
  if (/Authorization|Authentication/i.test(code))
    return {
      text: 'The workflow in Teams does not accept this address. Copy it again, and let anyone trigger the workflow.',
    };
  return undefined;
}

/** One block of text for each line, as a card shows a line break inside of a block as a space. */
const textBlocks = (text: string) =>
  text.split('\n\n').flatMap((paragraph) =>
    paragraph.split('\n').map((line, index) => ({
      type: 'TextBlock',
      text: line,
      wrap: true,
      ...(index === 0 ? {} : { isSubtle: true, spacing: 'None' }),
    })),
  );

export const teams = channelKind({
  kind: 'teams',
  name: 'Microsoft Teams',
  about:
    'In Teams, open the menu of the channel, choose Workflows, and add "Post to a channel when a webhook request is received". Its last step shows the address.',
  settings: z.strictObject({
    url: setting(webAddress, {
      label: 'Workflow address',
      placeholder: 'https://….logic.azure.com/workflows/…',
      secret: true,
    }),
  }),
  send({ settings: { url }, message, outgoing }) {
    const text = messageText(message, MAX_TEXT, CARD_MARKUP);
    const title = {
      type: 'TextBlock',
      text: lineOf(message.title, MAX_TITLE, MARKDOWN),
      weight: 'Bolder',
      size: 'Medium',
      color: COLOURS[toneOf(message)],
      wrap: true,
    };
    const content = {
      $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
      type: 'AdaptiveCard',
      version: '1.4',
      body: [title, ...textBlocks(text)],
      actions: [{ type: 'Action.OpenUrl', title: 'Open in Watchfloor', url: message.url }],
      msteams: { width: 'Full' },
    };
    const contentType = 'application/vnd.microsoft.card.adaptive';
    const body = { type: 'message', attachments: [{ contentType, contentUrl: null, content }] };
    return outgoing.request(jsonRequest(url, body, { problemIn }));
  },
});
