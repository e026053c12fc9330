/** Alerts that leave the server: to a real HTTP receiver, over outages and kill -9. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { channel, channelsReply, notificationsReply } from '#protocol/notify.ts';
import { header, part, startMailServer } from '../alerts/notify/mail-server.ts';
import { eventually } from './eventually.ts';
import { disposing, Opened } from './opened.ts';
import { SECRET, startReceiver, type Receiver } from './notify-receiver.ts';
import { freePort, startServer, type TestServer } from './product.ts';
import { register, type Identity } from './pushing-device.ts';

/** [F1] How long a device is silent until it is offline, and [F2] how soon that is said, milliseconds. */
const OFFLINE_MS = 17_000;

async function addChannel(server: TestServer, { url }: Receiver): Promise<string> {
  const body = {
    name: 'Receiver',
    kind: 'webhook',
    settings: { url, secret: SECRET },
    private_network: true,
  };
  return (await server.admin.ask('POST', '/channels', { body })).as(channel).id;
}

/** Pushes one sample of now for a device. */
async function push(server: TestServer, { id, token }: Identity, cpu: number): Promise<void> {
  const now = Date.now();
  const body = { device_id: id, hostname: id, ip: '', metrics: { cpu }, timestamp: now, sent_at: now };
  const { status, text } = await server.admin.ask('POST', '/metrics', { token, body });
  if (status !== 200) throw new Error(`a push was answered ${status}: ${text}`);
}

describe('[A3] a message that the receiver has got, and that kill -9 kept from being noted', () => {
  const opened = new Opened();
  let server: TestServer;
  let receiver: Receiver;

  beforeAll(async () => {
    server = opened.keep(await startServer(), disposing);
    receiver = opened.keep(await startReceiver(), disposing);
    await addChannel(server, receiver);
    const condition = { kind: 'threshold', metric: 'cpu', threshold: 90, clear: 80, for_s: 0 };
    const body = { name: 'Hot', severity: 'critical', condition };
    await server.admin.ask('POST', '/alert-rules', { body });
    const device = await register(server, 'hot-1');
    // The receiver has the message when it kills the server, and never answers.
    let killed: Promise<unknown> | undefined;
    receiver.answerWith(async () => {
      killed = server.kill();
      await killed;
      return 200;
    });
    await push(server, device, 99);
    await eventually('the receiver killed the server', async () => killed !== undefined, 30_000);
    await killed;
    receiver.answerWith(() => 503);
    await server.start();
    await eventually('it was sent again', async () => receiver.received.length >= 2, 60_000);
    receiver.answerWith(() => 200);
    await eventually(
      'it was delivered',
      async () => {
        const list = (await server.admin.ask('GET', '/notifications')).as(notificationsReply).notifications;
        return list.length > 0 && list.every(({ state }) => state === 'sent');
      },
      60_000,
    );
  }, 180_000);
  afterAll(() => opened.close());

  it('is sent again after the restart under the same key, so that the receiver can drop it', () => {
    expect(receiver.received.length).toBeGreaterThanOrEqual(3);
    expect(new Set(receiver.received.map(({ key }) => key)).size).toBe(1);
    expect(receiver.received.every(({ isSigned }) => isSigned)).toBe(true);
  });

  it('is tried again after the receiver answered with an error, and the channel is well afterwards', async () => {
    const { channels } = (await server.admin.ask('GET', '/channels')).as(channelsReply);
    expect(channels[0]?.health).toMatchObject({ state: 'ok', problem: null, waiting: 0 });
    const [sent] = (await server.admin.ask('GET', '/notifications')).as(notificationsReply).notifications;
    expect(sent?.attempts.some(({ answer }) => answer.includes('503'))).toBe(true);
    expect(sent?.attempts.at(-1)?.worked).toBe(true);
  });
});

describe('[A4] mail of a server that is away at first', () => {
  it('Must show 2: arrives over SMTP when the mail server is back, threaded and with the chart of the field', async () => {
    const opened = new Opened();
    try {
      const server = opened.keep(await startServer(), disposing);
      const port = await freePort();
      const settings = {
        ...{ host: '127.0.0.1', port, security: 'none', user: '', from: 'Watchfloor <w@example.com>' },
        to: ['ops@example.com'],
      };
      const body = { name: 'Mail', kind: 'email', settings, private_network: true };
      const { id } = (await server.admin.ask('POST', '/channels', { body })).as(channel);
      const condition = {
        kind: 'threshold',
        metric: 'cpu',
        threshold: 90,
        clear: 80,
        for_s: 0,
        clear_for_s: 0,
      };
      const rule = { name: 'Hot', severity: 'critical', condition };
      await server.admin.ask('POST', '/alert-rules', { body: rule });
      const device = await register(server, 'hot-2');
      const now = Date.now();
      const samples = Array.from({ length: 60 }, (_, i) => ({
        timestamp: now - (60 - i) * 1000,
        metrics: { cpu: 40 + i },
      }));
      const { token } = device;
      const sent = { device_id: device.id, hostname: 'hot-2', ip: '', sent_at: now, samples };
      await server.admin.ask('POST', '/metrics', { token, body: sent });
      const notifications = async () =>
        (await server.admin.ask('GET', '/notifications')).as(notificationsReply).notifications;
      const [failed] = await eventually(
        'it was tried without the mail server',
        async () => {
          const list = await notifications();
          return (list[0]?.tries ?? 0) > 0 && list;
        },
        60_000,
      );
      expect(failed?.attempts[0]?.answer).toMatch(/refused the connection/);

      const { mails } = await startMailServer({ authOptional: true, disabledCommands: ['STARTTLS'] }, port);
      await server.admin.ask('POST', `/channels/${id}/test`);
      await push(server, device, 5);
      await eventually('all mail came', async () => mails.length >= 3, 60_000);
      const mailOf = (subject: string) =>
        mails.find(({ raw }) => header(raw, 'Subject') === subject)?.raw ?? '';
      const firing = mailOf('[Watchfloor] hot-2, CPU');
      const resolved = mailOf('Re: [Watchfloor] hot-2, CPU');
      expect(header(firing, 'Message-ID')).toMatch(/@example\.com>$/);
      expect(header(resolved, 'References')).toBe(header(firing, 'Message-ID'));
      expect(part(firing, 'image/png').subarray(1, 4).toString()).toBe('PNG');
    } finally {
      await opened.close();
    }
  }, 180_000);
});

describe('[A5] 500 machines that are lost at once', () => {
  const MACHINES = 500;
  const opened = new Opened();
  let server: TestServer;
  let receiver: Receiver;
  const devices: Identity[] = [];
  /** Each message once: kill -9 may come before it is noted that a message was sent. */
  const offlineMessages = () => [
    ...new Map(receiver.received.map((message) => [message.key, message])).values(),
  ];

  async function pushAll(): Promise<void> {
    for (let i = 0; i < devices.length; i += 50)
      await Promise.all(devices.slice(i, i + 50).map((device) => push(server, device, 10)));
  }

  beforeAll(async () => {
    server = opened.keep(await startServer(), disposing);
    receiver = opened.keep(await startReceiver(), disposing);
    await addChannel(server, receiver);
    for (let i = 0; i < MACHINES; i += 25)
      devices.push(
        ...(await Promise.all(
          Array.from({ length: 25 }, (_, k) => register(server, `machine-${String(i + k).padStart(3, '0')}`)),
        )),
      );
    await pushAll();
  }, 180_000);
  afterAll(() => opened.close());

  it('are one message that names all 500, a restart repeats nothing, and one message tells of their return', async () => {
    await eventually('a message came', async () => offlineMessages().length > 0, OFFLINE_MS + 40_000);
    const [outage] = offlineMessages();
    expect(new Set(outage?.body.alerts.map(({ machine }) => machine)).size).toBe(MACHINES);

    await server.kill();
    await server.start();
    await pushAll();
    await eventually('they are back', async () => offlineMessages().length > 1, 90_000);
    const [, back, ...others] = offlineMessages();
    expect(back?.body.event).toBe('resolved');
    expect(new Set(back?.body.alerts.map(({ machine }) => machine)).size).toBe(MACHINES);
    expect(others).toEqual([]);
  }, 240_000);
});
