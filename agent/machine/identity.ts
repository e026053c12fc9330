/**
 * Who this device is: an id that stays the same when names and addresses change, the hostname, and the system's name.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname, release, type, version } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { readIfThere, SetupError, unwritable, writeWhole } from '../data-folder/data-folder.ts';

const identityFile = z.object({ device_id: z.uuid() });

function parseIdentity(text: string): string | undefined {
  try {
    return identityFile.safeParse(JSON.parse(text)).data?.device_id;
  } catch {
    // Not JSON: the caller reports the damaged file.
    return undefined;
  }
}

/**
 * The device id kept in `folder`; the first call makes it. @throws SetupError when its file is damaged or cannot be
 * written
 */
export function deviceId(folder: string): string {
  const path = join(folder, 'identity.json');
  const text = readIfThere(path);
  if (text === undefined) {
    const id = randomUUID();
    try {
      writeWhole(path, `${JSON.stringify({ device_id: id })}\n`);
    } catch (error) {
      throw unwritable(folder, error);
    }
    return id;
  }
  const id = parseIdentity(text);
  if (id === undefined)
    throw new SetupError(
      `${path} is damaged: put back {"device_id": "…"} with this device's id from its page in Watchfloor, or remove the file to join as a new device`,
    );
  return id;
}

/** The hostname; never empty. */
export function hostName(): string {
  return hostname().slice(0, 255) || 'unknown';
}

/** /etc/os-release → the system's full name, `Debian GNU/Linux 12 (bookworm)`. */
export function parseOsRelease(text: string): string | undefined {
  const [, value] = /^PRETTY_NAME=(.*)$/m.exec(text) ?? [];
  return value?.trim().replace(/^(["'])(.*)\1$/, '$2') || undefined;
}

/** The operating system and its version in one line. */
export function osName(): string {
  if (type() === 'Windows_NT') return version();
  if (type() === 'Darwin') return `macOS (Darwin ${release()})`;
  try {
    return parseOsRelease(readFileSync('/etc/os-release', 'utf8')) ?? `${type()} ${release()}`;
  } catch {
    // A system without this file is named by its kernel.
    return `${type()} ${release()}`;
  }
}
