/** A channel while it is edited: its settings as a form holds them. */
import type { Channel, ChannelField, ChannelKindInfo } from '#protocol/notify.ts';

/** `lines` are one text with line breaks while they are edited. */
export type Entered = Record<string, string | number | boolean | null>;

function shown(field: ChannelField, stored: unknown): Entered[string] {
  const value = stored ?? field.default;
  if (field.type === 'lines') return Array.isArray(value) ? value.join('\n') : '';
  if (field.type === 'switch') return value === true;
  if (typeof value === 'number' || typeof value === 'string') return value;
  return field.type === 'number' ? null : '';
}

/** What the form starts with: the channel's settings, or the defaults of its kind. Secrets are empty. */
export function enteredOf({ fields }: ChannelKindInfo, channel: Channel | undefined): Entered {
  return Object.fromEntries(fields.map((field) => [field.name, shown(field, channel?.settings[field.name])]));
}

function sent({ type }: ChannelField, value: Entered[string]): unknown {
  if (type === 'lines')
    return String(value ?? '')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  return value === '' ? null : value;
}

/** What the server gets of the form. An empty text is null: it removes the setting, or keeps a secret. */
export function settingsOf({ fields }: ChannelKindInfo, entered: Entered): Record<string, unknown> {
  return Object.fromEntries(fields.map((field) => [field.name, sent(field, entered[field.name] ?? null)]));
}
