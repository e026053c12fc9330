import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { channelKindInfo } from '#protocol/notify.ts';
import { channelKind } from '../../../server/alerts/notify/channel.ts';
import {
  describeKind,
  lines,
  optionalText,
  requiredText,
  secretsOf,
  serverAddress,
  setting,
} from '../../../server/alerts/notify/channel-settings.ts';
import { KINDS } from '../../../server/alerts/notify/channels.ts';

const pigeon = channelKind({
  kind: 'pigeon',
  name: 'Pigeon post',
  about: 'Feed the pigeon.',
  settings: z.strictObject({
    loft: setting(serverAddress.default('https://loft.example.com'), {
      label: 'Loft',
      placeholder: 'https://…',
    }),
    bird: setting(requiredText, { label: 'Bird' }),
    whistle: setting(optionalText, { label: 'Whistle', secret: true, hint: 'Two tones.' }),
    colour: setting(z.enum(['grey', 'white']).default('grey'), { label: 'Colour' }),
    fast: setting(z.boolean().default(true), { label: 'Fast' }),
    height: setting(z.number().nullable().default(null), { label: 'Height' }),
    stops: setting(lines, { label: 'Stops' }),
  }),
  send: () => Promise.resolve({ request: '', text: '' }),
});

describe('a kind of channel', () => {
  it('its form follows from the schema of its settings', () => {
    const { fields, ...rest } = describeKind(pigeon);
    expect(rest).toEqual({ kind: 'pigeon', name: 'Pigeon post', about: 'Feed the pigeon.' });
    const plain = { required: false, secret: false, hint: '', placeholder: '', choices: [], default: null };
    expect(fields).toEqual([
      {
        ...{ ...plain, name: 'loft', label: 'Loft', type: 'text' },
        ...{ placeholder: 'https://…', default: 'https://loft.example.com' },
      },
      { ...plain, name: 'bird', label: 'Bird', type: 'text', required: true },
      {
        ...plain,
        name: 'whistle',
        label: 'Whistle',
        type: 'text',
        secret: true,
        hint: 'Two tones.',
        default: '',
      },
      {
        ...plain,
        name: 'colour',
        label: 'Colour',
        type: 'choice',
        choices: ['grey', 'white'],
        default: 'grey',
      },
      { ...plain, name: 'fast', label: 'Fast', type: 'switch', default: true },
      { ...plain, name: 'height', label: 'Height', type: 'number' },
      { ...plain, name: 'stops', label: 'Stops', type: 'lines', required: true },
    ]);
  });

  it('the values of its secret settings are known, so that they can be removed', () => {
    expect(secretsOf(pigeon, { bird: 'b', whistle: 'tuut' })).toEqual(['tuut']);
    expect(secretsOf(pigeon, { whistle: '' })).toEqual([]);
  });

  it.each([...KINDS.values()].map((kind) => [kind.kind, kind] as const))(
    '%s has a form with words for every setting, and refuses unknown settings',
    (name, kind) => {
      const info = channelKindInfo.parse(describeKind(kind));
      expect(info.kind).toBe(name);
      expect(info.about).not.toBe('');
      for (const field of info.fields) expect(field.label).not.toBe('');
      const refusal = kind.settings.safeParse({ unheard_of: 1 });
      expect(refusal.error?.issues.some(({ code }) => code === 'unrecognized_keys')).toBe(true);
    },
  );

  it.each([
    ['https://user:pass@example.com', false],
    ['ftp://example.com', false],
    ['example.com', false],
    ['https://example.com/', true],
  ])('the address %s is accepted: %s', (address, accepted) => {
    expect(serverAddress.safeParse(address).success).toBe(accepted);
  });
});
