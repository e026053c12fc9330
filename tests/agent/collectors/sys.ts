/** Makes a folder like /sys: with the files, links and folders that the kernel has for devices. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';

/**
 * A folder that is removed after the test. By path: the text of a file, or `{ link }`, a link to there.
 *
 *     sysFolder({ 'class/net/eth0/type': '1', 'class/net/eth0/device': { link: '../../../devices/pci' } })
 */
export function sysFolder(entries: Readonly<Record<string, string | { readonly link: string }>>): string {
  const root = mkdtempSync(join(tmpdir(), 'watchfloor-sys-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const [path, entry] of Object.entries(entries)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (typeof entry === 'string') writeFileSync(join(root, path), `${entry}\n`);
    else symlinkSync(entry.link, join(root, path));
  }
  return root;
}

/** What the kernel says of one network interface. */
interface InterfaceFacts {
  readonly ifindex: number;
  /** The interface that this one is linked to; itself unless given. */
  readonly iflink?: number;
  /** The type of link; 1 (Ethernet) unless given. */
  readonly type?: number;
  /** The driver of the card behind it. */
  readonly driver?: string;
  /** Mbit/s. */
  readonly speed?: number;
  readonly lower?: readonly string[];
  /** Other files, by name. */
  readonly files?: Readonly<Record<string, string>>;
}

/** /sys/class/net with these interfaces. */
export function sysNet(interfaces: Readonly<Record<string, InterfaceFacts>>): string {
  const entries: Record<string, string | { link: string }> = {};
  for (const [name, facts] of Object.entries(interfaces)) {
    const { ifindex, iflink = ifindex, type = 1, driver, speed, lower = [], files = {} } = facts;
    const own = { ifindex, iflink, type, ...(speed === undefined ? {} : { speed }) };
    for (const [file, value] of Object.entries(own)) entries[`${name}/${file}`] = String(value);
    entries[`${name}/uevent`] = `INTERFACE=${name}\nIFINDEX=${ifindex}`;
    for (const [file, text] of Object.entries(files)) entries[`${name}/${file}`] = text;
    for (const one of lower) entries[`${name}/lower_${one}`] = { link: `../${one}` };
    if (driver !== undefined) entries[`${name}/device/driver`] = { link: `/sys/bus/pci/drivers/${driver}` };
  }
  return sysFolder(entries);
}
