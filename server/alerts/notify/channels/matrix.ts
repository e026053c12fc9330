/**
 * Matrix: https://spec.matrix.org/latest/client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid
 * An event takes 65,536 bytes. A message sent again under the same transaction id is posted once.
 */
import { z } from 'zod';
import { channelKind, type OutgoingReply } from '../channel.ts';
import { requiredText, serverAddress, setting } from '../channel-settings.ts';
import { boundedRetry, type Problem } from '../delivery-problem.ts';
import { jsonRequest, readJson } from '../json-request.ts';
import { bytesOf, HTML, lineOf, messageText, PLAIN, type Markup } from '../message-text.ts';

/** Bytes as JSON, for each of the two forms of the text. */
const MAX_TEXT = 24_000;
const MAX_TITLE = 1000;

const size = (text: string) => bytesOf(JSON.stringify(text));
const TEXT: Markup = { ...PLAIN, size };
const RICH_TEXT: Markup = { ...HTML, lineBreak: '<br>', size };

const errorReply = z.object({
  errcode: z.string(),
  error: z.string().optional(),
  retry_after_ms: z.number().optional(),
});

function problemIn(reply: OutgoingReply): Problem | undefined {
  const error = readJson(reply, errorReply);
  if (error === undefined) return undefined;
  switch (error.errcode) {
    case 'M_UNKNOWN_TOKEN':
    case 'M_MISSING_TOKEN':
      return { text: 'The homeserver does not accept the access token. Enter a valid one.' };
    case 'M_FORBIDDEN':
      return { text: 'The account may not write to this room. Invite it, and let it join the room.' };
    case 'M_LIMIT_EXCEEDED':
      return {
        text: 'The homeserver takes no more messages for a moment.',
        ...(error.retry_after_ms === undefined ? {} : { retryAfterMs: boundedRetry(error.retry_after_ms) }),
      };
    case 'M_TOO_LARGE':
    case 'M_BAD_JSON':
      return { text: 'The homeserver refused this message.', refused: true };
    default:
      return undefined;
  }
}

export const matrix = channelKind({
  kind: 'matrix',
  name: 'Matrix',
  about:
    "Create an account for Watchfloor and let it join the room. Its access token and the room's id are shown in Element under All settings, Help & About, and in the room's settings, Advanced.",
  settings: z.strictObject({
    homeserver: setting(serverAddress, { label: 'Homeserver', placeholder: 'https://matrix.example.com' }),
    room_id: setting(
      requiredText.regex(/^[!#][^:]+(:.+)?$/, 'must be the id of a room, such as !abc:example.com'),
      { label: 'Room', placeholder: '!abc:example.com' },
    ),
    access_token: setting(requiredText, { label: 'Access token', secret: true }),
  }),
  send({ settings: { homeserver, room_id, access_token }, message, outgoing }) {
    const title = lineOf(message.title, MAX_TITLE);
    const richTitle = `<b><a href="${HTML.escape(message.url)}">${lineOf(message.title, MAX_TITLE, HTML)}</a></b>`;
    const body = {
      msgtype: 'm.text',
      body: `${title}\n\n${messageText(message, MAX_TEXT, TEXT)}`,
      format: 'org.matrix.custom.html',
      formatted_body: `${richTitle}<br><br>${messageText(message, MAX_TEXT, RICH_TEXT)}`,
      // [S6] Mentions nobody, whatever the text holds.
      'm.mentions': {},
    };
    const room = `${homeserver}/_matrix/client/v3/rooms/${encodeURIComponent(room_id)}`;
    const url = `${room}/send/m.room.message/${encodeURIComponent(message.id)}`;
    const headers = { authorization: `Bearer ${access_token}` };
    return outgoing.request(jsonRequest(url, body, { method: 'PUT', headers, problemIn }));
  },
});
