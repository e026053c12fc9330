/** Home Assistant, by the webhook trigger of an automation: https://www.home-assistant.io/docs/automation/trigger/ */
import { z } from 'zod';
import { channelKind } from '../channel.ts';
import { requiredText, serverAddress, setting } from '../channel-settings.ts';
import { jsonRequest } from '../json-request.ts';
import { messageData } from '../message.ts';
import { lineOf, messageText } from '../message-text.ts';

/** What Home Assistant lets through to a phone. */
const MAX_TEXT = 4000;
const MAX_TITLE = 250;

export const homeAssistant = channelKind({
  kind: 'home-assistant',
  name: 'Home Assistant',
  about:
    'Add an automation with a webhook trigger and enter its id; its actions find title, text, severity, event and url in trigger.json. Home Assistant answers 200 to a wrong id too: send a test and see that the automation runs.',
  settings: z.strictObject({
    server: setting(serverAddress, { label: 'Server', placeholder: 'http://homeassistant.local:8123' }),
    webhook_id: setting(requiredText, { label: 'Webhook id', secret: true }),
  }),
  send({ settings: { server, webhook_id }, message, outgoing }) {
    const body = {
      ...messageData(message),
      title: lineOf(message.title, MAX_TITLE),
      text: messageText(message, MAX_TEXT),
    };
    return outgoing.request(jsonRequest(`${server}/api/webhook/${encodeURIComponent(webhook_id)}`, body));
  },
});
