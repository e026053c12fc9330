/** A channel's settings as a person enters them, as they are stored, and as the API shows them: without secrets. */
import { z } from 'zod';
import { issueDetails } from '#protocol/body.ts';
import { ApiError } from '#protocol/errors.ts';
import type { ChannelKind } from './channel.ts';
import { secretNames } from './channel-settings.ts';

type Settings = Readonly<Record<string, unknown>>;

const isEmpty = (value: unknown) => value === null || value === undefined || value === '';

/** Checks the settings of a channel, and fills in defaults. @throws {ApiError} invalid_body, as `settings.url` */
export function checkedSettings(kind: ChannelKind, settings: Settings): Record<string, unknown> {
  const entered = Object.fromEntries(Object.entries(settings).filter(([, value]) => !isEmpty(value)));
  const result = z.safeParse(kind.settings, entered);
  if (result.success) return entered;
  const details = issueDetails(result.error).map(({ path, message }) => ({
    path: `settings.${path}`,
    message,
  }));
  const [first] = details;
  throw new ApiError('invalid_body', {
    details,
    ...(first === undefined ? {} : { message: `${first.path}: ${first.message}` }),
  });
}

/**
 * The stored settings with what was entered. A secret that was left empty keeps its value, as pages never get to see it;
 * any other setting that is null loses it. @throws {ApiError} invalid_body
 */
export function changedSettings(
  kind: ChannelKind,
  stored: Settings,
  entered: Settings,
): Record<string, unknown> {
  const secrets = secretNames(kind);
  const kept = Object.entries(entered).filter(([name, value]) => !(secrets.includes(name) && isEmpty(value)));
  return checkedSettings(kind, { ...stored, ...Object.fromEntries(kept) });
}

/** The settings without secrets, and the names of the secrets that are set. */
export function shownSettings(
  kind: ChannelKind | undefined,
  stored: Settings,
): { settings: Record<string, unknown>; secrets: string[] } {
  if (kind === undefined) return { settings: {}, secrets: [] };
  const secrets = secretNames(kind);
  return {
    settings: Object.fromEntries(Object.entries(stored).filter(([name]) => !secrets.includes(name))),
    secrets: secrets.filter((name) => !isEmpty(stored[name])),
  };
}
