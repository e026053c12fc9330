/** The settings of a kind of channel: how each is entered in the form, and which of them are secret. */
import { z } from 'zod';
import type { ChannelField, ChannelKindInfo } from '#protocol/notify.ts';
import type { ChannelKind } from './channel.ts';

/** How a setting is entered. */
interface SettingInfo {
  readonly label: string;
  readonly hint?: string;
  readonly placeholder?: string;
  /** The server never shows the value again, and removes it from answers and errors. */
  readonly secret?: boolean;
}

const infos = z.registry<SettingInfo>();

/** Describes the input of a setting; the last call in the making of its schema. */
export function setting<Schema extends z.ZodType>(schema: Schema, info: SettingInfo): Schema {
  // A clone, so that schemas that several kinds use are described by each of them.
  const own = schema.clone();
  infos.add(own, info);
  return own;
}

/** Text that has to be entered. */
export const requiredText = z.string('must be a text').trim().min(1, 'must not be empty').max(2000);
/** Text that may be left empty. */
export const optionalText = z.string('must be a text').trim().max(2000).default('');

/** The address of a page or webhook. */
export const webAddress = requiredText.refine((text) => {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === '' && password === '';
}, 'must be an address such as https://example.com, without a user name');

/** The address of a server, to which paths are added: without a slash at its end. */
export const serverAddress = webAddress.transform((text) => text.replace(/\/+$/, ''));

/** Texts, one a line. */
export const lines = z
  .array(z.string().trim().max(500))
  .transform((all) => all.filter((line) => line !== ''))
  .refine((all) => all.length > 0, 'enter at least one');

/** The schema inside of defaults, pipes and other wrappers. */
function innermost(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional || schema instanceof z.ZodNullable)
    return innermost(schema.unwrap());
  return schema instanceof z.ZodPipe ? innermost(schema.in) : schema;
}

/** The value that an empty input has; null for none. */
function defaultOf(schema: z.core.$ZodType): ChannelField['default'] {
  if (!(schema instanceof z.ZodDefault)) return null;
  const value = schema.def.defaultValue;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null;
}

function typeOf(schema: z.core.$ZodType): ChannelField['type'] {
  const inner = innermost(schema);
  if (inner instanceof z.ZodNumber) return 'number';
  if (inner instanceof z.ZodBoolean) return 'switch';
  if (inner instanceof z.ZodEnum) return 'choice';
  return inner instanceof z.ZodArray ? 'lines' : 'text';
}

function fieldOf(name: string, schema: z.core.$ZodType): ChannelField {
  const info = infos.get(schema);
  if (info === undefined) throw new Error(`The setting ${name} is not described: make it with setting()`);
  const inner = innermost(schema);
  const isOptional = z.safeParse(schema, undefined).success;
  return {
    name,
    label: info.label,
    type: typeOf(schema),
    required: !isOptional,
    secret: info.secret ?? false,
    hint: info.hint ?? '',
    placeholder: info.placeholder ?? '',
    choices: inner instanceof z.ZodEnum ? inner.options.map(String) : [],
    default: defaultOf(schema),
  };
}

const fieldsOf = ({ settings }: ChannelKind): ChannelField[] =>
  Object.entries(settings.shape).map(([name, schema]) => fieldOf(name, schema));

/** The form of a kind of channel, so that the web app needs no code of its own for it. */
export function describeKind(kind: ChannelKind): ChannelKindInfo {
  return { kind: kind.kind, name: kind.name, about: kind.about, fields: fieldsOf(kind) };
}

/** The names of the settings that are never shown again. */
export const secretNames = (kind: ChannelKind): readonly string[] =>
  fieldsOf(kind)
    .filter(({ secret }) => secret)
    .map(({ name }) => name);

/** The secrets in a channel's settings, for `redact`. */
export function secretsOf(kind: ChannelKind, settings: Readonly<Record<string, unknown>>): readonly string[] {
  return secretNames(kind)
    .flatMap((name) => settings[name])
    .filter((value) => typeof value === 'string' && value !== '')
    .map(String);
}
