/** How the agent with a data folder does: what it answers itself or, where none answers, what its folder tells. */
import { join } from 'node:path';
import { errorText } from '#protocol/errors.ts';
import { lockHolder } from '../data-folder/lock.ts';
import { readMembership } from '../link/membership.ts';
import { where } from '../link/transport.ts';
import { viewSpool } from '../outgoing/spool-view.ts';
import { agentStatus, type AgentStatus } from './agent-status.ts';
import type { InstalledService } from './installed.ts';
import { askAgent } from './local-socket.ts';
import { serviceState } from './manager.ts';

interface FolderSpool {
  readonly samples: number;
  readonly bytes: number;
  /** Epoch milliseconds. */
  readonly oldest_at: number | undefined;
  readonly dropped: number;
}

/** What the folder of an agent tells while no agent answers. */
export interface FolderState {
  /** `stopped`: none runs. `silent`: one runs and does not answer. `forbidden`: this user may not ask. */
  readonly state: 'stopped' | 'silent' | 'forbidden';
  readonly data: string;
  /** The process that holds the folder. */
  readonly pid: number | undefined;
  /** What the service manager says of the installed service: `active`, `failed`, … */
  readonly service: string | undefined;
  readonly device_id: string | undefined;
  readonly server: string | undefined;
  readonly spool: FolderSpool | undefined;
  /** What is wrong with the folder, and what the silent agent did not answer. */
  readonly problems: readonly string[];
}

/** The answer of `read`; undefined where it fails, which becomes a problem. */
function tried<T>(problems: string[], read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    problems.push(errorText(error));
    return undefined;
  }
}

function spoolOf(data: string): FolderSpool {
  const { oldestAt, ...numbers } = viewSpool(join(data, 'spool'));
  return { ...numbers, oldest_at: oldestAt };
}

function readFolder(data: string): Pick<FolderState, 'pid' | 'device_id' | 'server' | 'spool' | 'problems'> {
  const problems: string[] = [];
  const membership = tried(problems, () => readMembership(data));
  return {
    pid: lockHolder(data),
    device_id: membership?.device_id,
    server: membership && where(membership),
    spool: tried(problems, () => spoolOf(data)),
    problems,
  };
}

export async function agentState(
  data: string,
  service: InstalledService | undefined,
): Promise<AgentStatus | FolderState> {
  const asked = await askAgent(data, { ask: 'status' });
  if (asked.kind === 'answer') return agentStatus.parse(JSON.parse(asked.text));
  const managed = service && (await serviceState(service));
  if (asked.kind === 'forbidden')
    return {
      ...{ state: 'forbidden', data, service: managed, problems: [] },
      ...{ pid: undefined, device_id: undefined, server: undefined, spool: undefined },
    };
  const folder = readFolder(data);
  const isHeld = folder.pid !== undefined;
  const reason = asked.kind === 'silent' ? [asked.reason] : [];
  return {
    ...folder,
    state: isHeld || asked.kind === 'silent' ? 'silent' : 'stopped',
    data,
    service: managed,
    problems: [...folder.problems, ...reason],
  };
}
