/** The text of `watchfloor-agent status`. */
import { bytes, digits, type Figure } from '#protocol/figure.ts';
import { span } from '#protocol/span.ts';
import { aheadText } from '../link/server-clock.ts';
import type { FolderState } from './agent-state.ts';
import type { AgentStatus } from './agent-status.ts';

const shown = ({ value, unit }: Figure) => `${value} ${unit}`;
const number = (value: number) => value.toLocaleString('en');
const percent = (share: number) => `${share > 0 && share < 0.01 ? '< 0.01' : share.toFixed(2)} %`;
const ms = (value: number | undefined) => (value === undefined ? '–' : `${digits(value)} ms`);

/** `2026-01-01 13:45:00` by the clock and the time zone of this machine. */
function time(at: number): string {
  const date = new Date(at);
  const two = (part: number) => String(part).padStart(2, '0');
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map(two).join('-');
  return `${day} ${[date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(':')}`;
}

/** Lines of a label and its text, the texts below one another. */
function labelled(rows: readonly (readonly [string, string | undefined])[]): string[] {
  return rows.flatMap(([label, text]) => (text === undefined ? [] : [`  ${label.padEnd(10)} ${text}`]));
}

/** A table with columns as wide as their widest cell; the first one's cells begin at its left, the others end at its right. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column < 2 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}

function pushText({ accepted_at: at, interval_s, sample_s, sent }: AgentStatus['push'], now: number): string {
  const last = at === undefined ? 'none was accepted yet' : `accepted ${span(now - at)} ago`;
  const every = `a push every ${interval_s} s, a sample every ${sample_s} s`;
  return `${last}; ${every}; ${number(sent)} samples sent since the start`;
}

function failingText({ failing, next_at: next }: AgentStatus['push'], now: number): string | undefined {
  if (failing === undefined) return undefined;
  const { since, tries, reason } = failing;
  const due = next > now ? `in ${span(next - now)}` : 'under way';
  return `since ${time(since)} (${tries} ${tries === 1 ? 'try' : 'tries'}, next one ${due}): ${reason}`;
}

/** `now`: epoch milliseconds. */
function spoolText(
  { samples, bytes: size, oldest_at: at }: { samples: number; bytes: number; oldest_at?: number | undefined },
  now: number,
): string {
  if (samples === 0) return 'empty';
  const oldest = at === undefined ? '' : `, the oldest ${span(now - at)} old`;
  return `${number(samples)} samples in ${shown(bytes(size))}${oldest}`;
}

/** Says nothing of a difference that is none. */
function clockText(aheadS: number | undefined): string | undefined {
  return aheadS === undefined || Math.abs(aheadS) <= 2
    ? undefined
    : `${aheadText(aheadS * 1000)} the server's: set the one that is wrong`;
}

const droppedText = (dropped: number) =>
  dropped === 0 ? undefined : `${number(dropped)} samples, of which the server is told with the next push`;

function collectorRows(collectors: AgentStatus['collectors']): string[] {
  const head = ['collector', 'state', 'every', 'fields', 'last', 'mean', 'share', 'failures'];
  const rows = collectors.map((one) => [
    one.name,
    one.state,
    one.every_s === 0 ? 'sample' : `${one.every_s} s`,
    String(one.fields),
    ms(one.last_ms),
    ms(one.mean_ms),
    percent(one.share),
    String(one.failures),
  ]);
  return table([head, ...rows]);
}

/** A table of the probes, and below it why those that are not up are not. */
function probeLines({ probes, probes_allowed }: AgentStatus, now: number): string[] {
  if (probes.length === 0) return [];
  const rows = probes.map(({ name, state, kind, target, ms: time, tried_at }) => [
    name,
    `${kind} ${target}`.trim(),
    state,
    ms(time),
    tried_at === undefined ? '–' : `${span(now - tried_at)} ago`,
  ]);
  const reasons = probes.filter(({ reason }) => reason !== '');
  return [
    '',
    ...table([['probe', 'target', 'state', 'time', 'tried'], ...rows]),
    ...reasons.flatMap(({ name, reason, remedy }) => [
      `  ${name}: ${reason}`,
      ...(remedy === '' ? [] : [`    → ${remedy}`]),
    ]),
    `  what may be probed: ${probes_allowed} (WATCHFLOOR_PROBES)`,
  ];
}

/** `now`: epoch milliseconds. */
export function runningText(status: AgentStatus, now: number): string {
  const { push, spool, cost, collectors, problems } = status;
  const name = status.name === undefined ? status.hostname : `${status.name} (${status.hostname})`;
  const failed = collectors.filter(({ state, problem }) => state === 'fails' && problem !== undefined);
  return [
    `watchfloor-agent ${status.version} runs since ${time(status.started_at)} (${span(now - status.started_at)}), process ${status.pid}`,
    ...labelled([
      ['machine', status.machine],
      ['device', status.device_id === '' ? `${name}, not joined yet` : `${name}, ${status.device_id}`],
      ['server', status.server ?? 'none: start it with WATCHFLOOR_ENROLL'],
      ['clock', clockText(status.clock_ahead_s)],
      ['last push', pushText(push, now)],
      ['failing', failingText(push, now)],
      [
        'spool',
        `${spoolText(spool, now)}, of at most ${shown(bytes(spool.limit_bytes))}; ${number(spool.waiting)} samples in memory`,
      ],
      ['', spool.problem === undefined ? undefined : `cannot be used: ${spool.problem}`],
      ['dropped', droppedText(spool.dropped)],
      ['cost', `${percent(cost.cpu)} of a core, ${shown(bytes(cost.memory_bytes))} of memory`],
      ['data', status.data],
    ]),
    '',
    ...collectorRows(collectors),
    ...failed.map((one) => `  ${one.name}: ${one.problem}`),
    ...collectors.flatMap(({ name, trouble }) => (trouble === undefined ? [] : [`  ${name}: ${trouble}`])),
    ...probeLines(status, now),
    ...(problems.length === 0 ? [] : ['', 'Lately in its log:']),
    ...problems.map(({ at, level, text }) => `  ${time(at)} ${level} ${text}`),
  ].join('\n');
}

function folderHead({ state, data, pid }: FolderState): string {
  const process = pid === undefined ? '' : ` (process ${pid})`;
  if (state === 'silent')
    return `The agent${process} with the data folder ${data} does not answer: it is stopped or hangs, or it is an older version.`;
  if (state === 'stopped') return `No agent runs with the data folder ${data}.`;
  return `This user may not ask the agent with the data folder ${data}: ask as root (sudo), or as the user that runs it.`;
}

/** What is known where no agent answers. `now`: epoch milliseconds. */
export function folderText(found: FolderState, now: number): string {
  const { spool } = found;
  return [
    folderHead(found),
    ...labelled([
      ['service', found.service],
      ['device', found.device_id],
      ['server', found.server],
      ['spool', spool && spoolText(spool, now)],
      ['dropped', spool && droppedText(spool.dropped)],
      ...found.problems.map((text) => ['problem', text] as const),
    ]),
  ].join('\n');
}
