/** Every kind of channel there is. A new one is a file in `channels/` and a line here. */
import type { ChannelKind } from './channel.ts';
import { alertmanager } from './channels/alertmanager.ts';
import { browser } from './channels/browser.ts';
import { discord } from './channels/discord.ts';
import { email } from './channels/email.ts';
import { googleChat } from './channels/google-chat.ts';
import { gotify } from './channels/gotify.ts';
import { homeAssistant } from './channels/home-assistant.ts';
import { matrix } from './channels/matrix.ts';
import { mattermost } from './channels/mattermost.ts';
import { ntfy } from './channels/ntfy.ts';
import { pagerduty } from './channels/pagerduty.ts';
import { pushover } from './channels/pushover.ts';
import { signal } from './channels/signal.ts';
import { slack } from './channels/slack.ts';
import { teams } from './channels/teams.ts';
import { telegram } from './channels/telegram.ts';
import { twilio } from './channels/twilio.ts';
import { webhook } from './channels/webhook.ts';
import { zulip } from './channels/zulip.ts';

/** In the order in which people choose from them. */
const CHANNEL_KINDS: readonly ChannelKind[] = [
  email,
  browser,
  slack,
  teams,
  discord,
  googleChat,
  mattermost,
  zulip,
  matrix,
  telegram,
  signal,
  ntfy,
  gotify,
  pushover,
  twilio,
  pagerduty,
  alertmanager,
  homeAssistant,
  webhook,
];

/** The kinds of channels by their `kind`. */
export const KINDS: ReadonlyMap<string, ChannelKind> = new Map(
  CHANNEL_KINDS.map((kind) => [kind.kind, kind]),
);
