/**
 * Who this device is: an id that stays the same when names and addresses change, the hostname, and the system's name.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { hostname, release, type, version } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { SEPARATE } from '#protocol/enrollment.ts';
import { errorText } from '#protocol/errors.ts';
import { readIfThere, SetupError, unwritable, writeWhole } from '../data-folder/data-folder.ts';
import type { Log } from '../log.ts';

const identityFile = z.object({
  device_id: z.uuid(),
  /** The `machineDigest` of the machine that the id was made on, or moved to. */
  machine: z.string().optional(),
});
type Identity = z.infer<typeof identityFile>;

function parseIdentity(text: string): Identity | undefined {
  try {
    return identityFile.safeParse(JSON.parse(text)).data;
  } catch {
    // Not JSON: the caller reports the damaged file.
    return undefined;
  }
}

/** Where Linux has the id that it makes when it is installed. Cloning tools and image builders remove or renew it. */
const MACHINE_ID_FILES = ['/etc/machine-id', '/var/lib/dbus/machine-id'];

/**
 * Tells this machine from others; undefined where the system has no machine id. The id itself is to stay on the machine,
 * says machine-id(5), so this is a hash of it.
 */
export function machineDigest(files: readonly string[] = MACHINE_ID_FILES): string | undefined {
  for (const file of files) {
    try {
      const id = readFileSync(file, 'utf8').trim();
      if (/^[0-9a-f]{32}$/.test(id)) return createHash('sha256').update(`watchfloor ${id}`).digest('hex');
    } catch {
      // This system does not have the file.
    }
  }
  return undefined;
}

/** [F4] A short name for this very machine, for people to tell it from others; undefined where it has no id. */
export const machineName = (): string | undefined => machineDigest()?.slice(0, 8);

const fileOf = (folder: string) => join(folder, 'identity.json');
const writeIdentity = (folder: string, identity: Identity) =>
  writeWhole(fileOf(folder), `${JSON.stringify(identity)}\n`);

/** The identity in the folder; undefined where it has none yet. @throws SetupError when it is damaged */
export function readIdentity(folder: string): Identity | undefined {
  const text = readIfThere(fileOf(folder));
  if (text === undefined) return undefined;
  const identity = parseIdentity(text);
  if (identity !== undefined) return identity;
  throw new SetupError(
    `${fileOf(folder)} is damaged: put back {"device_id": "…"} with this device's id from its page in Watchfloor, or remove the file to join as a new device`,
  );
}

/**
 * The device id kept in `folder`; the first call makes it. [F4] A folder that comes from another machine is reported
 * once: it may be a copy, or the machine may be replaced by this one. `machine`: this machine's digest.
 * @throws SetupError when the file is damaged or cannot be written
 */
export function deviceId(folder: string, log: Log, machine = machineDigest()): string {
  const found = readIdentity(folder);
  const identity = { device_id: found?.device_id ?? randomUUID(), machine: machine ?? found?.machine };
  if (found !== undefined && found.machine === identity.machine) return found.device_id;
  if (found?.machine !== undefined)
    log.warn(
      { folder, device_id: found.device_id },
      'the data folder comes from another machine, and this machine goes on as its device. If the other one still runs ' +
        `an agent, both are one device now. ${SEPARATE}`,
    );
  try {
    writeIdentity(folder, identity);
  } catch (error) {
    // A known device runs on a full disk, too.
    if (found === undefined) throw unwritable(folder, error);
    log.debug({ reason: errorText(error) }, 'the machine cannot be noted in identity.json');
  }
  return identity.device_id;
}

/** [F4] This machine is the device `id` from now on. */
export function replaceIdentity(folder: string, id: string): void {
  writeIdentity(folder, { device_id: id, machine: machineDigest() });
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
