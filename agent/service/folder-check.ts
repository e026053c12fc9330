/** The part of `watchfloor-agent check` that is about the data folder: its files, its space, its spool, and who uses it. */
import { readdirSync, statfsSync, statSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { bytes } from '#protocol/figure.ts';
import { errorCode, errorText } from '#protocol/errors.ts';
import { span } from '#protocol/span.ts';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { unwritable } from '../data-folder/data-folder.ts';
import { viewSpool } from '../outgoing/spool-view.ts';
import { agentState } from './agent-state.ts';
import { failed, ok, warning, type Finding } from './finding.ts';
import { isRoot, type InstalledService } from './installed.ts';
import { servicePid, startCommandText } from './manager.ts';

const FOLDER = 'data folder';
/** Less than this much space is as good as none. */
const LEAST_SPACE = 1024 * 1024;

const size = (count: number) => {
  const { value, unit } = bytes(count);
  return `${value} ${unit}`;
};

/** The path itself, or the nearest folder above it that is there. */
function nearest(path: string): string {
  for (let folder = path; ; folder = dirname(folder))
    if (statSync(folder, { throwIfNoEntry: false }) !== undefined || dirname(folder) === folder)
      return folder;
}

/** Writes a file into the folder and removes it. @throws why that is not possible */
function tryToWrite(folder: string): void {
  const probe = join(folder, `.check-${process.pid}`);
  writeFileSync(probe, 'x'.repeat(4096), { mode: 0o600 });
  unlinkSync(probe);
}

function checkWritable(folder: string): Finding {
  let there = folder;
  try {
    there = nearest(folder);
    tryToWrite(there);
    return there === folder
      ? ok(FOLDER, `${folder} can be written`)
      : ok(FOLDER, `${folder} is not there yet, and can be made`);
  } catch (error) {
    const { message } = unwritable(
      there,
      errorCode(error) === 'ENOTDIR' ? new Error('it is not a folder') : error,
    );
    const [found = message, remedy = ''] = message.split(/: (?=free|give)/);
    return failed(FOLDER, found, remedy);
  }
}

/** Files that the user of the service may not read: a command that was run as root may have left them. */
function checkOwners(folder: string): Finding[] {
  const owner = statSync(folder, { throwIfNoEntry: false })?.uid;
  if (owner === undefined || !isRoot()) return [];
  const foreign = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (name) => (statSync(join(folder, name), { throwIfNoEntry: false })?.uid ?? owner) !== owner,
  );
  if (foreign.length === 0) return [];
  return [
    failed(
      FOLDER,
      `${foreign.slice(0, 3).join(', ')} in ${folder} ${foreign.length === 1 ? 'belongs' : 'belong'} to another user than the folder, so that the agent cannot use ${foreign.length === 1 ? 'it' : 'them'}`,
      `chown -R --reference=${folder} ${folder}/`,
    ),
  ];
}

function checkSpool(folder: string, limit: number): Finding[] {
  const { samples, bytes: used, oldestAt, dropped } = viewSpool(join(folder, 'spool'));
  const { bavail, bsize } = statfsSync(nearest(folder));
  const free = bavail * bsize;
  const oldest = oldestAt === undefined ? '' : `, the oldest ${span(Date.now() - oldestAt)} old`;
  const held = samples === 0 ? 'empty' : `${samples} samples wait in ${size(used)}${oldest}`;
  const lost = dropped === 0 ? '' : `; ${dropped} were lost that the server was not told of`;
  const room = `${held}${lost}; it may take ${size(limit)}, and ${size(free)} are free`;
  if (free >= Math.max(limit - used, LEAST_SPACE)) return [ok('spool', room)];
  const remedy = 'free some space there, or set WATCHFLOOR_SPOOL_MIB to less';
  return [free < LEAST_SPACE ? failed('spool', room, remedy) : warning('spool', room, remedy)];
}

/** The agent that uses the folder, and the service that should. */
async function checkAgent(folder: string, service: InstalledService | undefined): Promise<Finding> {
  const found = await agentState(folder, service);
  const main = service && (await servicePid(service));
  const { pid } = found;
  if (pid !== undefined && service?.manager === 'systemd' && main !== pid)
    return failed(
      'agent',
      `process ${pid} uses the data folder and is not the service, which cannot run beside it`,
      `end it: kill ${pid}`,
    );
  if (found.state === 'silent')
    return failed(
      'agent',
      `the agent${pid === undefined ? '' : ` (process ${pid})`} that uses the data folder does not answer: it is stopped or hangs`,
      service === undefined
        ? `end it${pid === undefined ? '' : ` (kill -KILL ${pid})`} and start it again`
        : startCommandText(service, 'restart'),
    );
  if (found.state !== 'running')
    return service === undefined
      ? ok('agent', 'none runs with this data folder')
      : warning(
          'agent',
          `its service does not run (${found.service ?? 'unknown'})`,
          startCommandText(service, 'start'),
        );
  const since = `process ${pid} runs for ${span(Date.now() - found.started_at)}`;
  const { failing } = found.push;
  if (found.version !== WATCHFLOOR_VERSION)
    return warning(
      'agent',
      `${since}, of version ${found.version}; this is ${WATCHFLOOR_VERSION}`,
      service === undefined ? 'start it again' : startCommandText(service, 'restart'),
    );
  if (failing === undefined) return ok('agent', `${since} with this data folder`);
  return warning(
    'agent',
    `${since}, and cannot send samples for ${span(Date.now() - failing.since)}: ${failing.reason}`,
    'put right what is named above; the agent then goes on by itself',
  );
}

/** `limit`: of the spool, in bytes. */
export async function checkFolder(
  folder: string,
  limit: number,
  service: InstalledService | undefined,
): Promise<Finding[]> {
  const writable = checkWritable(folder);
  const rest = async () => [
    ...checkOwners(folder),
    ...checkSpool(folder, limit),
    await checkAgent(folder, service),
  ];
  try {
    return [writable, ...(writable.state === 'failed' ? [await checkAgent(folder, service)] : await rest())];
  } catch (error) {
    return [writable, failed(FOLDER, errorText(error), 'let this user read it, or check as root')];
  }
}
