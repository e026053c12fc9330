/**
 * What network cards say of their links. Asking them can wait for a driver that hangs, so it is done beside the
 * sampling, one call at a time.
 */
import { readFile, readlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { MOST_BYTES } from './rates.ts';

export interface Link {
  /** The most bytes that it moves in a second, each way. */
  readonly mostBytes: number;
  /** Whether it stands for a function of the card that a guest uses: the card's own port carries its bytes. */
  readonly isFunction: boolean;
}

export interface Links {
  /** Undefined until the card has answered. */
  of(name: string): Link | undefined;
  /** Asks again about these interfaces, and forgets all others; does nothing while it still waits for an answer. */
  ask(names: readonly string[]): Promise<void>;
}

/** Mbit/s → bytes per second. */
const MEGABIT = 1e6 / 8;
/** Some cards count late, and then two seconds' bytes in one. */
const ROOM = 2;
/** Cards of virtual machines name a speed that does not limit them. */
const UNLIMITED = /^(virtio_net|vmxnet3|hv_netvsc|vif|xen_netfront)$/;
/** The port's name of a function that a guest uses: `pf0vf3`, `c1pf0`. */
const FUNCTION = /^(c\d+)?pf\d+/;

/** The text that `reading` gives; empty where the kernel has none. */
async function textOf(reading: Promise<string>): Promise<string> {
  try {
    return (await reading).trim();
  } catch {
    // The kernel answers with an error for a link that is down, or that has no such fact.
    return '';
  }
}

async function askLink(folder: string): Promise<Link> {
  const driver = basename(await textOf(readlink(join(folder, 'device', 'driver'))));
  const port = await textOf(readFile(join(folder, 'phys_port_name'), 'utf8'));
  const speed = UNLIMITED.test(driver) ? 0 : Number(await textOf(readFile(join(folder, 'speed'), 'utf8')));
  return { mostBytes: speed > 0 ? speed * MEGABIT * ROOM : MOST_BYTES, isFunction: FUNCTION.test(port) };
}

export function createLinks(sysNet: string): Links {
  let links = new Map<string, Link>();
  let isAsking = false;
  return {
    of: (name) => links.get(name),
    async ask(names) {
      if (isAsking) return;
      isAsking = true;
      const answers = new Map<string, Link>();
      for (const name of names) answers.set(name, await askLink(join(sysNet, name)));
      links = answers;
      isAsking = false;
    },
  };
}
