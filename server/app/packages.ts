/** Packages: the agents that this server hands out, and what a person pastes to install one. */
import { readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { InstallTexts, PackagesReply } from '#protocol/packages.ts';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { networkOf } from '../http/address.ts';
import { createDownloads } from '../packages/downloads.ts';
import { fillIn, readTemplates } from '../packages/install-script.ts';
import { makeInstallTexts } from '../packages/install-texts.ts';
import { createPackageFolder } from '../packages/package-folder.ts';
import { PUBLIC_TRUST, trustIn, type Trust } from '../packages/trust.ts';
import { reachedAt, type EnrollmentAddress } from '../routes/enrollment.ts';
import { installRoutes } from '../routes/install.ts';
import type { Certificate } from '../tls/certificate.ts';
import type { Base } from './base.ts';

/** How often the folder is looked at. */
const LOOK_MS = 10_000;
const ROOT = join(import.meta.dirname, '..', '..');

export interface PackagesNeeds {
  readonly address: EnrollmentAddress;
  /** null without TLS. */
  readonly certificate: Pick<Certificate, 'files'> | null;
}

/** The command that fills the folder, in Watchfloor's own. */
function fillCommand(folder: string): string {
  const isUsual = relative(ROOT, folder) === join('data', 'packages');
  return isUsual
    ? 'npm run package'
    : `WATCHFLOOR_PACKAGES='${folder.replaceAll("'", "'\\''")}' npm run package`;
}

export function openPackages(base: Base, { address, certificate }: PackagesNeeds) {
  const { config, clock, notices } = base;
  const folder = createPackageFolder(config.packages);
  const downloads = createDownloads({ folder, networkOf });
  const templates = readTemplates();

  /** How a machine that reaches the server by this host knows it. */
  async function trustAt(host: string): Promise<Trust> {
    if (reachedAt(host, address).ca === null || certificate === null) return PUBLIC_TRUST;
    return trustIn(await readFile(certificate.files.certFile, 'utf8'), config.tls === 'auto');
  }

  function serverAt(host: string): string {
    const { host: name, port, tls, path = '' } = reachedAt(host, address);
    const bracketed = name.includes(':') ? `[${name}]` : name;
    return new URL(`${tls ? 'https' : 'http'}://${bracketed}:${port}`).origin + path;
  }

  /** Files that are being copied are wrong for a moment, so a problem is told when it is seen twice. */
  let seen: string | undefined;
  function tell(): void {
    const damaged = folder.packages().filter(({ state }) => state === 'damaged');
    const { problem } = folder.list();
    const names = damaged.map(({ name }) => name).join(', ');
    const text =
      problem !== ''
        ? problem
        : names === ''
          ? undefined
          : `Agents' packages in ${config.packages} are not what their checksums say, so they are not handed out: ${names}. Build them again with ${fillCommand(config.packages)}.`;
    if (text === undefined || text === seen) notices.set('packages', text === undefined ? null : { text });
    seen = text;
  }
  const look = () => folder.look().then(tell);
  // The server does not wait for it: packages may be many and large.
  void look();
  const stop = clock.every(() => void look(), LOOK_MS);

  const describe = (): PackagesReply => {
    const { exists, state, problem, keyId } = folder.list();
    return {
      folder: config.packages,
      exists,
      checksums: state,
      problem,
      key_id: keyId,
      fill: fillCommand(config.packages),
      version: WATCHFLOOR_VERSION,
      packages: [...folder.packages()],
    };
  };

  return {
    /** The packages that are handed out, where the list of their checksums is signed. */
    signed: () => (folder.list().state === 'signed' ? folder.ready() : []),
    /** What a person pastes. `host`: the host that their browser uses. */
    installTexts: async (enrollment: string, host: string): Promise<InstallTexts> =>
      makeInstallTexts({
        server: serverAt(host),
        trust: await trustAt(host),
        enrollment,
        ready: folder.ready(),
      }),
    routes: installRoutes({
      folder,
      downloads,
      script: async (name, host) =>
        fillIn(templates[name], {
          server: serverAt(host),
          trust: await trustAt(host),
          ready: folder.ready(),
        }),
      describe,
    }),
    stop,
  };
}

export type OpenPackages = ReturnType<typeof openPackages>;
