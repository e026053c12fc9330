/** E-mail, by a mail server that takes SMTP: as text and as HTML, threaded by outage. */
import { isIP } from 'node:net';
import { createTransport, type SendMailOptions } from 'nodemailer';
import { z } from 'zod';
import { errorText } from '#protocol/errors.ts';
import { channelKind, DeliveryError, type Answer, type Outgoing } from '../channel.ts';
import { lines, optionalText, requiredText, setting } from '../channel-settings.ts';
import { chartPng } from '../chart-image.ts';
import { connectionProblem } from '../delivery-problem.ts';
import { CHART_CID, emailPage } from '../email-page.ts';
import { toneOf, type Message } from '../message.ts';
import { messageText } from '../message-text.ts';

/** Of the plain text; the HTML lists at most 100 alerts. */
const MAX_TEXT = 50_000;
/** All steps of a delivery together may take so many times as long as one of them. */
const STEPS = 3;

const settings = z.strictObject({
  host: setting(requiredText, { label: 'Mail server', placeholder: 'smtp.example.com' }),
  port: setting(z.number().int().min(1).max(65_535).default(587), {
    label: 'Port',
    hint: '587 for STARTTLS, 465 for TLS.',
  }),
  security: setting(z.enum(['starttls', 'tls', 'none']).default('starttls'), {
    label: 'Encryption',
    hint: 'starttls: required after connecting. tls: from the beginning. none: only within a machine or a network of your own.',
  }),
  user: setting(optionalText, { label: 'User name', hint: 'Empty where the server asks for none.' }),
  password: setting(optionalText, { label: 'Password', secret: true }),
  from: setting(requiredText, { label: 'Sender', placeholder: 'Watchfloor <watchfloor@example.com>' }),
  to: setting(lines, { label: 'Recipients', hint: 'One a line.', placeholder: 'ops@example.com' }),
});
type Settings = z.output<typeof settings>;

/** The errors of nodemailer have these besides their text. */
const smtpError = z.object({
  code: z.string().optional(),
  command: z.string().optional(),
  response: z.string().optional(),
  responseCode: z.number().optional(),
});

/** What the mail server said, or why it said nothing. */
function problemOf(
  error: unknown,
  { host, port, security, user, to }: Settings,
): [text: string, refused: boolean] {
  const { code = '', response = '', responseCode = 0 } = smtpError.safeParse(error).data ?? {};
  const where = `${host}:${port}`;
  const isFinal = responseCode >= 500;
  if (code === 'EAUTH')
    return [
      user === ''
        ? `${where} takes no mail without a user name and password. Enter them. (${response})`
        : `${where} does not accept the user name and password. Enter valid ones. (${response})`,
      false,
    ];
  if (code === 'EENVELOPE')
    return [
      isFinal
        ? `${where} takes no mail from this sender for ${to.join(', ')}. Check the addresses. (${response})`
        : `${where} takes no mail for ${to.join(', ')} for now. (${response})`,
      false,
    ];
  if (code === 'EMESSAGE') return [`${where} refused this message. (${response})`, isFinal];
  if (code === 'ETLS' && security === 'starttls' && /STARTTLS/i.test(String(error)))
    return [
      `${where} offers no STARTTLS. Choose tls, often on port 465, or another server. (${response})`,
      false,
    ];
  if (/greeting/i.test(String(error)))
    return [
      `${where} does not speak SMTP, or expects another encryption. Check the port and the encryption.`,
      false,
    ];
  if (code === 'ETIMEDOUT')
    return [`${where} did not answer in time. Check the address, and whether a firewall is between.`, false];
  if (response !== '') return [`${where} answered: ${response}`, isFinal && code !== 'EPROTOCOL'];
  return [connectionProblem(error, where), false];
}

/** Ids of messages take only some signs. */
const idOf = (id: string, domain: string) => `<watchfloor.${id.replace(/[^\w.-]/g, '-')}@${domain}>`;

const domainOf = (from: string) => /@([\w.-]+)/.exec(from)?.[1] ?? 'watchfloor.invalid';

/**
 * The headers by which mail programs gather the messages of an outage: the first one's id is made of the thread, and
 * the later ones refer to it, whether it arrived or not. Subjects stay the same, as some programs go by them.
 */
function threading({ id, thread, beginsThread, subject, title }: Message, from: string) {
  const domain = domainOf(from);
  const root = idOf(thread, domain);
  const about = subject === '' ? title : subject;
  return beginsThread
    ? { messageId: root, subject: `[Watchfloor] ${about}` }
    : {
        messageId: idOf(id, domain),
        inReplyTo: root,
        references: root,
        subject: `Re: [Watchfloor] ${about}`,
      };
}

/** The chart, for the HTML to show; on a system that cannot draw it, why not. */
async function chartOf({ chart }: Message): Promise<{ png?: Buffer; problem?: string }> {
  if (chart === undefined) return {};
  try {
    return { png: await chartPng(chart) };
  } catch (error) {
    return { problem: `without its chart: ${errorText(error)}` };
  }
}

function mailOf(
  { chart, ...message }: Message,
  { from, to }: Settings,
  at: number,
  png: Buffer | undefined,
): SendMailOptions {
  const shown = chart === undefined || png === undefined ? message : { ...message, chart };
  return {
    from,
    to: [...to],
    ...threading(message, from),
    date: new Date(at),
    text: `${message.title}\n\n${messageText(message, MAX_TEXT)}`,
    html: emailPage(shown),
    attachments:
      png === undefined
        ? []
        : [
            {
              filename: 'chart.png',
              contentType: 'image/png',
              contentDisposition: 'inline',
              cid: CHART_CID,
              content: png,
            },
          ],
    priority: toneOf(message) === 'critical' ? 'high' : 'normal',
    // No answering machine answers.
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}

async function transportTo({ host, port, security, user, password }: Settings, outgoing: Outgoing) {
  const { address } = await outgoing.lookUp(host);
  // The certificate is checked for the name that was entered.
  const servername = isIP(host) === 0 ? host : '';
  return createTransport({
    host: address,
    port,
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    tls: { servername, minVersion: 'TLSv1.2' },
    ...(user === '' ? {} : { auth: { user, pass: password } }),
    connectionTimeout: outgoing.timeoutMs / 2,
    greetingTimeout: outgoing.timeoutMs,
    socketTimeout: outgoing.timeoutMs,
  });
}

/** Rejects when a promise takes too long. */
async function within<T>(ms: number, promise: Promise<T>, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), ms);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

export const email = channelKind({
  kind: 'email',
  showsChart: true,
  name: 'E-mail',
  about:
    'Sends by a mail server of your own or of your provider, who also names its address, port and encryption.',
  settings,
  async send({ settings: mine, message, outgoing, at }): Promise<Answer> {
    const { host, port } = mine;
    const request = `SMTP ${host}:${port}`;
    const limitMs = STEPS * outgoing.timeoutMs;
    const late = () =>
      new DeliveryError(`${host}:${port} did not take the message within ${limitMs / 1000} s.`, { request });
    try {
      const { png, problem } = await chartOf(message);
      const transport = await transportTo(mine, outgoing);
      const sending = transport.sendMail(mailOf(message, mine, at, png));
      const { response, rejected } = await within(limitMs, sending, late);
      const refusals = rejected.length === 0 ? [] : [`not taken for ${rejected.map(String).join(', ')}`];
      const notes = problem === undefined ? refusals : [...refusals, problem];
      return { request, text: [response, ...notes].join('; ') };
    } catch (error) {
      if (error instanceof DeliveryError) throw error;
      const [text, refused] = problemOf(error, mine);
      throw new DeliveryError(text, { request, refused, cause: error });
    }
  },
});
