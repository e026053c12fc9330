/** Services, sessions and restarts of Windows; the list of services is recorded from wine 8 (`fixtures/`). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Context } from '../../../../agent/collectors/collector.ts';
import { createServices, parseServices } from '../../../../agent/collectors/windows/services.ts';
import { parseSessions } from '../../../../agent/collectors/windows/state-calls.ts';
import {
  countUsers,
  createSystemState,
  isRestartRequired,
} from '../../../../agent/collectors/windows/system-state.ts';

const recorded = () => readFileSync(join(import.meta.dirname, 'fixtures', 'services.bin'));
/** Where the list stood when it was recorded, and how many services it has. */
const [ADDRESS, COUNT] = [93_318_080n, 16];
const at = (ms: number): Context => ({
  at: ms,
  read: () => undefined,
  readAside: () => Promise.resolve(undefined),
});
const [STOPPED, RUNNING] = [1, 4];

describe('services of Windows', () => {
  it('names, states and processes of a recorded list are read', () => {
    const services = parseServices({ bytes: recorded(), address: ADDRESS, count: COUNT });
    expect(services).toHaveLength(COUNT);
    expect(services[2]).toEqual({ name: 'EventLog', state: RUNNING, exitCode: 0, pid: 164 });
    expect(services[5]).toEqual({ name: 'Spooler', state: STOPPED, exitCode: 1077, pid: 0 });
  });

  it('[I8] the services that each login has under another name are left out', () => {
    const bytes = recorded();
    bytes.writeUInt32LE(0xe0, 2 * 56 + 16);
    const names = parseServices({ bytes, address: ADDRESS, count: COUNT }).map(({ name }) => name);
    expect(names).not.toContain('EventLog');
  });

  /** The collector on a list in which a test changes EventLog, the third service. */
  function watched({ start = 2 } = {}) {
    const bytes = recorded();
    const collector = createServices({
      services: () => Promise.resolve([{ bytes, address: ADDRESS, count: COUNT }]),
      registryNumber: () => start,
    });
    return {
      collect: (ms: number) => collector.collect(at(ms)),
      set(state: number, exitCode: number, pid: number) {
        for (const [place, value] of [
          [20, state],
          [28, exitCode],
          [44, pid],
        ] as const)
          bytes.writeUInt32LE(value, 2 * 56 + place);
      },
    };
  }
  const CRASHED = 1067;

  it('services that were not started since the boot, and one that a person stopped, have not failed', async () => {
    const { collect, set } = watched();
    expect(await collect(0)).toEqual({ units_failed: 0 });
    set(STOPPED, 0, 0);
    expect(await collect(10_000)).toEqual({ units_failed: 0 });
  });

  it('a service that ended with an error has failed until it runs again, which counts as a restart', async () => {
    const { collect, set } = watched();
    await collect(0);
    set(STOPPED, CRASHED, 0);
    expect(await collect(10_000)).toMatchObject({ units_failed: 1, 'unit:EventLog:failed': 1 });
    set(RUNNING, 0, 900);
    expect(await collect(20_000)).toEqual({
      units_failed: 0,
      'unit:EventLog:failed': 0,
      'unit:EventLog:restarts': 1,
    });
  });

  it('a service that Windows starts again between two looks is known by its other process', async () => {
    const { collect, set } = watched();
    await collect(0);
    set(RUNNING, 0, 900);
    expect(await collect(10_000)).toMatchObject({ units_failed: 0, 'unit:EventLog:restarts': 1 });
  });

  it('a service that is started by hand is not missed, unless it was seen to run', async () => {
    const { collect, set } = watched({ start: 3 });
    set(STOPPED, CRASHED, 0);
    expect(await collect(0)).toEqual({ units_failed: 0 });
    set(RUNNING, 0, 900);
    await collect(10_000);
    set(STOPPED, CRASHED, 0);
    expect(await collect(20_000)).toMatchObject({ 'unit:EventLog:failed': 1 });
  });
});

describe('people at a Windows', () => {
  it('sessions of people count, also those they left without logging out; those of services and of nobody do not', () => {
    const [ACTIVE, DISCONNECTED] = [0, 4];
    // WTS_SESSION_INFO, as its header lays it out: wine tells of no session.
    const bytes = Buffer.alloc(4 * 24);
    for (const [index, state] of [DISCONNECTED, ACTIVE, DISCONNECTED, DISCONNECTED].entries()) {
      bytes.writeUInt32LE(index, index * 24);
      bytes.writeUInt32LE(state, index * 24 + 16);
    }
    const users = ['', 'ada', undefined, ''];
    const sessions = parseSessions(bytes).map((one) => ({ ...one, user: users[one.id] }));
    expect(countUsers(sessions)).toBe(2);
  });
});

describe('a restart that Windows asks for', () => {
  const registry = (keys: readonly string[], names: Readonly<Record<string, string>> = {}) => ({
    hasKey: (key: string) => keys.some((one) => key.endsWith(one)),
    registryText: (key: string) =>
      key.endsWith('CurrentVersion') ? 'Windows 10' : names[key.slice(key.lastIndexOf('\\') + 1)],
  });

  it('updates that wait for it, or a new name of the computer, require it', () => {
    expect(isRestartRequired(registry([]))).toBe(false);
    expect(isRestartRequired(registry(['RebootPending']))).toBe(true);
    expect(isRestartRequired(registry(['RebootRequired']))).toBe(true);
    const renamed = { ActiveComputerName: 'OLD', ComputerName: 'NEW' };
    expect(isRestartRequired(registry([], renamed))).toBe(true);
    expect(isRestartRequired(registry([], { ActiveComputerName: 'A', ComputerName: 'a' }))).toBe(false);
  });

  it('where neither the registry nor sessions are told, nothing is said', async () => {
    const collector = createSystemState({
      hasKey: () => false,
      registryText: () => undefined,
      sessions: () => Promise.resolve(undefined),
    });
    expect(await collector.collect(at(0))).toBe('absent');
  });
});
