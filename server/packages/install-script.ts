/** The scripts that install an agent, with this server's address, its key, and the packages that it has. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ARCHS, newestOf, PACKAGE_KINDS, SYSTEMS } from '#protocol/packages.ts';
import type { ReadyPackage } from './package-folder.ts';
import type { Trust } from './trust.ts';

export const SCRIPTS = ['agent.sh', 'agent.ps1'] as const;
export type ScriptName = (typeof SCRIPTS)[number];

/** The newest package of each kind for each machine, one a line: `linux-x64 deb <sha256> <name>`. */
export function packageLines(ready: readonly ReadyPackage[]): string {
  const lines = SYSTEMS.flatMap((system) =>
    ARCHS.flatMap((arch) =>
      PACKAGE_KINDS.flatMap((kind) => {
        const newest = newestOf(ready, { system, arch, kind });
        return newest ? [`${system}-${arch} ${kind} ${newest.sha256} ${newest.name}`] : [];
      }),
    ),
  );
  return lines.join('\n');
}

export interface ScriptFacts {
  /** The server as the machine reaches it: `https://watch.example.org:8443`. */
  readonly server: string;
  readonly trust: Trust;
  readonly ready: readonly ReadyPackage[];
}

/** What texts with an enrollment string are made of. */
export interface TextFacts extends ScriptFacts {
  /** [S6] It needs no quoting but single quotes: its key is percent-encoded, its host checked. */
  readonly enrollment: string;
}

/** The scripts as they lie beside this file, with places to fill in. */
export type Templates = Readonly<Record<ScriptName, string>>;

export function readTemplates(): Templates {
  const read = (name: ScriptName) => readFileSync(join(import.meta.dirname, name), 'utf8');
  return { 'agent.sh': read('agent.sh'), 'agent.ps1': read('agent.ps1') };
}

/**
 * Fills a script in. [S6] What is filled in stands between single quotes there, and has none: the server's address
 * is a checked host, the rest hexadecimal, Base64 or the name of a package.
 */
export function fillIn(template: string, { server, trust, ready }: ScriptFacts): string {
  const filled: Readonly<Record<string, string>> = {
    SERVER: server,
    PIN: trust.pin,
    AUTHORITY: trust.authority,
    PACKAGES: packageLines(ready),
  };
  return template.replace(/@(SERVER|PIN|AUTHORITY|PACKAGES)@/g, (_, key: string) => filled[key] ?? '');
}
