import { describe, expect, it } from 'vitest';
import { DeliveryError, type ChannelKind } from '../../../server/alerts/notify/channel.ts';
import { describeKind, secretsOf } from '../../../server/alerts/notify/channel-settings.ts';
import { KINDS } from '../../../server/alerts/notify/channels.ts';
import { redact } from '../../../server/alerts/notify/redact.ts';
import { message, NO_BROWSERS } from './channel-stage.ts';
import { createOutgoing } from '../../../server/alerts/notify/outgoing.ts';
import { startReceiver } from './receiver.ts';

/** Settings that the patterns of some kinds ask for; the others take any text. */
const OTHERS: Readonly<Record<string, unknown>> = {
  room_id: '!room:example.com',
  account_sid: `AC${'0'.repeat(32)}`,
  topic: 'T0pic-53cret',
};

/** Valid settings of a kind, whose secrets all contain `53cret`. */
function settingsOf(kind: ChannelKind, url: string): Record<string, unknown> {
  return Object.fromEntries(
    describeKind(kind).fields.flatMap(({ name, type, secret, required }): [string, unknown][] => {
      if (name in OTHERS) return [[name, OTHERS[name]]];
      if (name === 'url') return [[name, `${url}/hook/aB1-53cret+x?key=k%2F53cret`]];
      if (name === 'server' || name === 'homeserver') return [[name, url]];
      if (secret) return [[name, `${name} "53cret"/+=`]];
      if (type === 'lines') return [[name, ['x']]];
      return required ? [[name, type === 'number' ? 1 : 'x']] : [];
    }),
  );
}

describe('the secrets of a channel', () => {
  const kinds = [...KINDS.values()].filter(({ kind }) => kind !== 'email' && kind !== 'browser');

  it.each(kinds.map((kind) => [kind.kind, kind] as const))(
    '[S6] of %s stand in no error, though the far side repeats all that it was sent',
    async (_, kind) => {
      const receiver = await startReceiver(({ path, headers, body }) => ({
        status: 400,
        body: [path, decodeURIComponent(path), JSON.stringify(headers), body].join('\n'),
      }));
      const settings = settingsOf(kind, receiver.url);
      const real = createOutgoing({ allowPrivate: true });
      const outgoing = {
        ...real,
        request: (request: Parameters<typeof real.request>[0]) => {
          const { pathname, search } = new URL(request.url);
          return real.request({ ...request, url: `${receiver.url}${pathname}${search}` });
        },
      };
      const error: unknown = await kind
        .send({ settings, message: message(), outgoing, at: 0, browsers: NO_BROWSERS })
        .catch((reason: unknown) => reason);
      if (!(error instanceof DeliveryError)) throw new Error('was sent', { cause: error });
      const secrets = secretsOf(kind, settings);
      const shown = redact(`${error.request}\n${error.message}`, secrets);
      expect(receiver.requests).toHaveLength(1);
      expect(shown).not.toContain('53cret');
      for (const { headers } of receiver.requests)
        if (headers.authorization !== undefined) expect(shown).not.toContain(headers.authorization);
    },
  );
});
