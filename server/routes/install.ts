/**
 * `GET /install/…`: the agent's packages, their checksums, and the scripts that install them; and `GET /packages`, what
 * there is, for people. Nothing here is secret, so it needs no login: [S5] each network may fetch only so much.
 */
import { z } from 'zod';
import { ApiError } from '#protocol/errors.ts';
import { packagesReply, type PackagesReply } from '#protocol/packages.ts';
import { BytesReply, FileReply, firstParam, TextReply } from '../http/request.ts';
import { route, type Route } from '../http/route.ts';
import type { Downloads } from '../packages/downloads.ts';
import { SCRIPTS, type ScriptName } from '../packages/install-script.ts';
import type { PackageFolder } from '../packages/package-folder.ts';

export interface InstallParts {
  readonly folder: PackageFolder;
  readonly downloads: Downloads;
  /** The script for a machine that reaches the server by this host. Rejects where there is no server to name. */
  readonly script: (name: ScriptName, host: string) => Promise<string>;
  readonly describe: () => PackagesReply;
}

const BINARY = { 'content-type': 'application/octet-stream', 'cache-control': 'no-store' };
const TEXT = 'text/plain; charset=utf-8';

const NO_PACKAGE =
  'There is no package of this name that can be handed out. Settings, Packages says which there are, and why others are not handed out.';

export function installRoutes({ folder, downloads, script, describe }: InstallParts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/install/:file',
      access: 'anyone',
      summary:
        'A script that installs the agent (agent.sh, agent.ps1), a package, or the list of checksums with its signature and key.',
      reply: z.string(),
      contentTypes: ['text/plain', 'application/octet-stream'],
      errors: ['not_found', 'too_many_attempts', 'overloaded'],
      async handle({ request }) {
        const name = firstParam(request);
        await downloads.count(request.address);
        const scriptName = SCRIPTS.find((one) => one === name);
        if (scriptName !== undefined) return new TextReply(TEXT, await script(scriptName, request.host));
        const listFile = folder.listFile(name);
        if (listFile !== undefined) return new BytesReply(listFile, { ...BINARY, 'content-type': TEXT });
        const opened = await downloads.open(name, request.address);
        if (opened === undefined) throw new ApiError('not_found', { message: NO_PACKAGE });
        return new FileReply(opened.file, opened.bytes, BINARY);
      },
    }),
    route({
      method: 'GET',
      path: '/packages',
      access: 'viewer',
      summary: "The agent's packages that this server hands out, and what is wrong with others.",
      reply: packagesReply,
      handle: describe,
    }),
  ];
}
