/** Who this device is: an identity of its own that outlives names and addresses, and those as they are now. */
import { randomUUID } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { hostname, networkInterfaces, release, type, version } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { readIfThere, SetupError, unwritable, writeWhole } from '../data-folder/data-folder.ts';

const identityFile = z.object({ device_id: z.uuid() });

function parseIdentity(text: string): string | undefined {
  try {
    return identityFile.safeParse(JSON.parse(text)).data?.device_id;
  } catch {
    // Not JSON: the caller says what to do about it.
    return undefined;
  }
}

/** The device id kept in `folder`, made at first. @throws SetupError when the file is damaged or cannot be made */
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

/** The name the system gives itself; never empty. */
export function hostName(): string {
  return hostname().slice(0, 255) || 'unknown';
}

/**
 * The source address the system takes towards `target`: that of its default route. Connecting a UDP socket
 * only asks the routing table; nothing is sent.
 */
function routedAddress(family: 'udp4' | 'udp6', target: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(family);
    const done = (address?: string) => {
      socket.removeAllListeners();
      // A late error of a socket that is being closed must not end the process.
      socket.on('error', () => undefined);
      socket.close();
      resolve(address);
    };
    socket.once('error', () => done());
    socket.connect(9, target, () => done(socket.address().address));
  });
}

function anyAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const outside = addresses.filter(({ internal }) => !internal);
  return (outside.find(({ family }) => family === 'IPv4') ?? outside[0])?.address ?? '';
}

/** The primary address: IPv4 of the default route, else IPv6, else any; empty without a network. */
export async function primaryAddress(): Promise<string> {
  // Addresses set aside for documentation: routed like any other, reaching nobody.
  return (
    (await routedAddress('udp4', '192.0.2.1')) ?? (await routedAddress('udp6', '2001:db8::1')) ?? anyAddress()
  );
}

/** /etc/os-release → the name people know the system by. */
export function parseOsRelease(text: string): string | undefined {
  const [, value] = /^PRETTY_NAME=(.*)$/m.exec(text) ?? [];
  return value?.trim().replace(/^(["'])(.*)\1$/, '$2') || undefined;
}

/** The operating system in one line: `Debian GNU/Linux 12 (bookworm)`. */
export function osName(): string {
  if (type() === 'Windows_NT') return version();
  if (type() === 'Darwin') return `macOS (Darwin ${release()})`;
  try {
    return parseOsRelease(readFileSync('/etc/os-release', 'utf8')) ?? `${type()} ${release()}`;
  } catch {
    // A system without the file still has a kernel.
    return `${type()} ${release()}`;
  }
}
