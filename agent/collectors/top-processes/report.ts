/** Makes a report of the table: the rows that are worth to be listed, in the shape in which they are sent. */
import type { ProcessRow } from '#protocol/processes.ts';
import type { DiskRates } from './disk-use.ts';
import type { Facts } from './facts.ts';
import { TICKS, type Process } from './table.ts';

/** A row as it is sent: what is not known, or as usual, is left out. */
export type SentRow = Pick<ProcessRow, 'name' | 'cpu' | 'cpu_peak'> & Partial<ProcessRow>;

/** How many rows are listed for the most of each. */
const MOST_CPU = 10;
const MOST_PEAK = 5;
const MOST_MEMORY = 6;
const MOST_DISK = 4;
/** So many processes of one name that began within the period, or ended, are one row. */
const FEW = 3;

/** What is to be said of the period. */
export interface Period {
  readonly seconds: number;
  /** Ticks a second of all cores together. */
  readonly capacity: number;
  readonly pageBytes: number;
  /** When the machine booted, epoch milliseconds. */
  readonly bootedAt: number;
  /** Ticks that the processors spent on processes; undefined where it is not known. */
  readonly busyTicks: number | undefined;
  readonly disks: ReadonlyMap<number, DiskRates>;
  /** Undefined for one that ended before it was read. */
  readonly factsOf: (process: Process) => Facts | undefined;
}

/** Something that may be listed. */
interface Candidate {
  readonly name: string;
  readonly ticks: number;
  readonly peak: number;
  readonly pages: number;
  readonly disk: number;
  readonly row: (period: Period) => Partial<ProcessRow>;
}

/** Two digits behind the point; never beyond all of the machine. */
const percent = (part: number, whole: number) =>
  Math.min(100, Math.max(0, Math.round((part / whole) * 10_000) / 100));

const MS_PER_TICK = 1000 / TICKS;

function sentFacts(facts: Facts | undefined): Partial<ProcessRow> {
  if (facts === undefined) return {};
  const { name, user, container, command } = facts;
  return { name, user, container, ...(command !== undefined && { command }) };
}

function one(process: Process, isLiving: boolean, disks: Period['disks']): Candidate {
  const rates = disks.get(process.pid);
  return {
    name: process.name,
    ticks: process.used,
    peak: process.peak,
    pages: isLiving ? process.pages : 0,
    disk: rates === undefined ? 0 : rates.read + rates.written,
    row: ({ bootedAt, pageBytes, factsOf }) => ({
      pid: process.pid,
      started_at: Math.round((bootedAt + process.started * MS_PER_TICK) / 1000) * 1000,
      ...sentFacts(factsOf(process)),
      ...(isLiving && {
        ...(process.state !== '' && { state: process.state }),
        memory_bytes: process.pages * pageBytes,
        ...(rates && { read: Math.round(rates.read), written: Math.round(rates.written) }),
      }),
    }),
  };
}

const sum = (list: readonly Process[], of: (process: Process) => number) =>
  list.reduce((total, process) => total + of(process), 0);

function several(name: string, list: readonly Process[], living: ReadonlyMap<number, Process>): Candidate {
  const alive = list.filter((process) => living.get(process.pid) === process);
  const pages = sum(alive, (process) => process.pages);
  return {
    name,
    ticks: sum(list, ({ used }) => used),
    peak: Math.max(...list.map(({ peak }) => peak)),
    pages,
    disk: 0,
    row: ({ pageBytes }) => ({
      pid: null,
      count: list.length,
      ...(alive.length > 0 && { memory_bytes: pages * pageBytes }),
    }),
  };
}

function unseenChildren({ pid, name, unseen }: Process, seconds: number): Candidate {
  return {
    name,
    ticks: unseen,
    peak: unseen / seconds,
    pages: 0,
    disk: 0,
    row: () => ({ pid, ended_children: true }),
  };
}

/** What there is to list: short-lived processes of one name together, all others each. */
export function candidatesOf(
  living: ReadonlyMap<number, Process>,
  ended: readonly Process[],
  { seconds, disks, busyTicks }: Pick<Period, 'seconds' | 'disks' | 'busyTicks'>,
): Candidate[] {
  const all = [...living.values(), ...ended];
  const short = new Map<string, Process[]>();
  for (const process of all)
    if (process.isYoung) short.set(process.name, [...(short.get(process.name) ?? []), process]);
  const groups = [...short].filter(([, list]) => list.length >= FEW);
  const grouped = new Set(groups.flatMap(([, list]) => list));
  const endedOnes = new Set(ended);
  const singles = all
    .filter((process) => !grouped.has(process))
    .map((process) => one(process, !endedOnes.has(process), disks));
  // Time of children may be counted with two parents after one of them has ended: no more than there was.
  const left = busyTicks === undefined ? Infinity : Math.max(0, busyTicks - sum(all, ({ used }) => used));
  const unseen = sum(all, (process) => process.unseen);
  const believed = unseen > left ? left / unseen : 1;
  const children = all
    .filter((process) => process.unseen > 0)
    .map((process) => unseenChildren({ ...process, unseen: process.unseen * believed }, seconds));
  return [...singles, ...groups.map(([name, list]) => several(name, list, living)), ...children];
}

function most(all: readonly Candidate[], count: number, of: (one: Candidate) => number): Candidate[] {
  return all
    .filter((candidate) => of(candidate) > 0)
    .sort((one, other) => of(other) - of(one))
    .slice(0, count);
}

/** The rows, those that used most of the processors first. */
export function rowsOf(candidates: readonly Candidate[], period: Period): SentRow[] {
  const { capacity, seconds } = period;
  const listed = new Set([
    ...most(candidates, MOST_CPU, ({ ticks }) => ticks),
    ...most(candidates, MOST_PEAK, ({ peak }) => peak),
    ...most(candidates, MOST_MEMORY, ({ pages }) => pages),
    ...most(candidates, MOST_DISK, ({ disk }) => disk),
  ]);
  return [...listed]
    .sort((one, other) => other.ticks - one.ticks)
    .map((candidate) => {
      const cpu = percent(candidate.ticks, capacity * seconds);
      return {
        name: candidate.name,
        cpu,
        cpu_peak: Math.max(cpu, percent(candidate.peak, capacity)),
        ...candidate.row(period),
      };
    });
}
