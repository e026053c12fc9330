import { describe, expect, it } from 'vitest';
import { linuxProcesses } from '../../../../agent/collectors/top-processes/linux.ts';
import {
  createTopProcesses,
  type SentReport,
} from '../../../../agent/collectors/top-processes/top-processes.ts';
import { madeUpFolder } from './made-up-folder.ts';

const CORES = 4;
const BOOTED = Date.UTC(2026, 0, 1);

/** A machine of four cores whose seconds a test lets pass. */
function machine({ isWatched = false } = {}) {
  const made = madeUpFolder();
  let seconds = 0;
  let busy = 0;
  const stat = () => `cpu  ${busy} 0 0 ${seconds * 100 * CORES - busy} 0 0 0 0 0 0\ncpu0 0 0 0 0\n`;
  const top = createTopProcesses({
    source: linuxProcesses({
      read: (path) => (path === '/proc/stat' ? stat() : undefined),
      folder: made.folder,
      userName: (id) => (id === 0 ? 'root' : 'ada'),
      cores: CORES,
      pageBytes: 4096,
      bootedAt: () => BOOTED,
      withArguments: false,
    }),
    cores: CORES,
    place: 0,
  });
  /** Lets seconds pass; `each` is what happens in every one of them, and answers the ticks that were used. */
  const pass = (count: number, each: (second: number) => number = () => 0): SentReport[] => {
    const reports: SentReport[] = [];
    for (let i = 0; i < count; i++) {
      busy += each(i);
      const report = top.look({ at: seconds * 1000, t: BOOTED + seconds * 1000, isWatched });
      if (report !== undefined) reports.push(report);
      seconds++;
    }
    return reports;
  };
  return { ...made, pass, now: () => seconds * 100 };
}

const rowOf = (report: SentReport | undefined, name: string) =>
  report?.rows.find((row) => row.name === name && row.ended_children !== true);

describe('the processes that use most', () => {
  it('a process that uses one of four cores for ten seconds of a minute is listed with its share and its peak', () => {
    const { start, pass } = machine();
    pass(3);
    const spike = start(50, {
      name: 'spike',
      started: 250,
      files: { status: 'Uid:\t7\t7\t7\t7\n', io: null },
    });
    const [report] = pass(58, (second) => {
      if (second < 20 || second >= 30) return 0;
      spike.ticks += 100;
      return 100;
    });
    expect(report).toMatchObject({ period_s: 60, total: 2 });
    // A sixth of the minute on a fourth of the machine.
    expect(rowOf(report, 'spike')).toMatchObject({ pid: 50, user: 'ada', cpu: 4.17, cpu_peak: 25 });
    expect(report?.cpu).toBeCloseTo(4.17, 1);
  });

  it('a report comes every minute, and every ten seconds while somebody looks', () => {
    expect(
      machine()
        .pass(185)
        .map(({ period_s }) => period_s),
    ).toEqual([60, 60, 60]);
    expect(
      machine({ isWatched: true })
        .pass(31)
        .map(({ period_s }) => period_s),
    ).toEqual([10, 10, 10]);
  });

  it('of two thousand idle processes few are read in a second, and each once in a minute', () => {
    const { start, pass, takeReads } = machine();
    for (let pid = 100; pid < 2100; pid++) start(pid, {});
    pass(61);
    takeReads();
    pass(60);
    const reads = takeReads();
    expect(reads).toBeGreaterThan(1900);
    expect(reads).toBeLessThan(2700);
  });

  it('an idle process that begins to use much is found within seconds although it is read seldom', () => {
    const { start, pass } = machine();
    for (let pid = 100; pid < 2100; pid++) start(pid, {});
    const sleeper = start(5000, { name: 'sleeper' });
    pass(61);
    const [report] = pass(60, (second) => {
      if (second >= 11) return 0;
      sleeper.ticks += 100;
      return 100;
    });
    expect(rowOf(report, 'sleeper')?.cpu_peak).toBeCloseTo(25, 0);
  });

  it('processes are not listed anew while those that are known explain what the processors do', () => {
    const { start, pass, takeListings } = machine();
    const busy = start(50, { name: 'busy' });
    pass(61);
    takeListings();
    pass(60, () => {
      busy.ticks += 100;
      return 102;
    });
    expect(takeListings()).toBe(2);
    start(51, { name: 'new', pages: 5000 });
    expect(rowOf(pass(60)[0], 'new')).toMatchObject({ memory_bytes: 5000 * 4096 });
  });

  it('however long nothing explains what the processors do, few of two thousand processes are read in a second', () => {
    const { start, pass, takeReads } = machine();
    for (let pid = 100; pid < 2100; pid++) start(pid, {});
    pass(61);
    takeReads();
    pass(300, () => 100);
    expect(takeReads() / 300).toBeLessThan(90);
  });

  it('a pid that is used again is another process', () => {
    const { start, end, pass, now } = machine();
    const first = start(50, { name: 'first', ticks: 40_000 });
    pass(61);
    first.ticks += 300;
    pass(10, () => 30);
    end(50);
    start(50, { name: 'second', started: now(), ticks: 200 });
    const [report] = pass(50, (second) => (second === 0 ? 200 : 0));
    expect(rowOf(report, 'first')).toMatchObject({ pid: 50, cpu: 1.25 });
    expect(rowOf(report, 'second')).toMatchObject({ pid: 50, cpu: 0.83 });
  });

  it('a process that ends between its listing and its reading is passed over', () => {
    const { start, pass } = machine();
    start(50, { isGone: true });
    expect(pass(61)).toMatchObject([{ total: 1 }]);
  });

  it('[G8] a counter that goes back or jumps counts nothing', () => {
    const { start, pass } = machine();
    const back = start(50, { name: 'back', ticks: 90_000 });
    const jump = start(51, { name: 'jump' });
    pass(61);
    back.ticks = 10;
    jump.ticks = 2 ** 50;
    const [report] = pass(60);
    expect(report?.rows.map(({ cpu }) => cpu)).toEqual([0, 0, 0]);
  });

  it('many short-lived processes of one name are one row with their number', () => {
    const { start, end, pass, now } = machine();
    pass(61);
    const [report] = pass(60, (second) => {
      if (second % 5 === 2) start(1000 + second, { name: 'cc1', started: now(), ticks: 150 });
      if (second % 5 === 1) end(1000 + second - 4);
      return second % 5 === 2 ? 150 : 0;
    });
    expect(report?.rows.filter(({ name }) => name === 'cc1')).toMatchObject([{ pid: null, cpu: 7.5 }]);
    expect(rowOf(report, 'cc1')?.count).toBe(12);
  });

  it('the time of processes that were never seen is found with the one that started them', () => {
    const { start, pass } = machine();
    const make = start(50, { name: 'make' });
    pass(61);
    const [report] = pass(60, () => {
      make.endedTicks += 90;
      return 90;
    });
    const children = report?.rows.find((row) => row.ended_children);
    expect(children).toMatchObject({ name: 'make', pid: 50 });
    expect(children?.cpu).toBeGreaterThan(20);
    expect(children?.cpu).toBeLessThanOrEqual(22.5);
  });

  it('time of a child that was seen is not counted again with its parent', () => {
    const { start, end, pass, now } = machine();
    const make = start(50, { name: 'make' });
    pass(61);
    const child = start(60, { name: 'cc1', parent: 50, started: now(), files: {} });
    const [report] = pass(60, (second) => {
      if (second < 20) {
        child.ticks += 100;
        return 100;
      }
      if (second === 20) {
        end(60);
        make.endedTicks += child.ticks;
      }
      return 0;
    });
    expect(rowOf(report, 'cc1')?.cpu).toBeCloseTo(8.33, 0);
    expect(report?.rows.filter((row) => row.ended_children)).toEqual([]);
  });

  it('what processes read and write is known of those that the agent may read, and said not to be of the others', () => {
    const { start, pass } = machine();
    const io = (read: number) =>
      `rchar: 9\nread_bytes: ${read}\nwrite_bytes: 4096\ncancelled_write_bytes: 0\n`;
    const own = start(50, { name: 'own', files: { io: io(0) } });
    const other = start(51, { name: 'other' });
    let read = 0;
    const work = () => {
      for (const process of [own, other]) process.ticks += 10;
      own.files['io'] = io((read += 6000));
      return 20;
    };
    const reports = pass(181, work);
    const report = reports.at(-1);
    expect(rowOf(report, 'own')).toMatchObject({ read: 6000, written: 0 });
    expect(rowOf(report, 'other')).not.toHaveProperty('read');
    expect(report?.hidden).toEqual(['io']);
  });

  it('a machine on which other users’ processes are hidden says so', () => {
    const { end, start, pass } = machine();
    end(1);
    start(50, { name: 'own', files: {} });
    expect(pass(61)).toMatchObject([{ total: 1, hidden: ['processes'] }]);
  });
});
