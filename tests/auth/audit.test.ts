import { describe, expect, test } from 'vitest';
import { createAudit, type NewEntry } from '../../server/auth/audit.ts';
import { networkOf } from '../../server/http/address.ts';
import type { AuditRecord } from '../../server/state/records.ts';
import { memoryCollection } from '../state/memory-collection.ts';

const HOUR = 3_600_000;

function stage() {
  let now = Date.UTC(2026, 0, 1);
  let save: () => void = () => undefined;
  const administrators = memoryCollection<AuditRecord>();
  const others = memoryCollection<AuditRecord>();
  const open = () =>
    createAudit({
      administrators,
      others,
      clock: {
        now: () => now,
        every(job) {
          save = job;
          return () => undefined;
        },
      },
      networkOf,
    });
  const audit = open();
  const record = (by: NewEntry['by'], changes: Partial<NewEntry> = {}) =>
    audit.record({ by, actor: by, address: '1.2.3.4', action: 'renamed', target: 'a', ...changes });
  return {
    audit,
    record,
    administrators,
    others,
    open,
    save: () => save(),
    pass: (ms: number) => (now += ms),
  };
}

describe('shares of the audit log', () => {
  test('[S4] the audit log lists the newest entry first and keeps the newest 5000 of administrators', () => {
    const { audit, record, pass } = stage();
    for (let n = 0; n < 5100; n++) {
      record('administrator', { target: `${n}` });
      pass(1);
    }
    expect(audit.list()).toHaveLength(5000);
    expect(audit.list()[0]).toMatchObject({ target: '5099', count: 1 });
  });

  test.each(['user', 'display', 'device', 'stranger'] as const)(
    '[S4] nothing that a %s does pushes out the entry of an administrator, or of another kind of actor',
    (by) => {
      const { audit, record, pass } = stage();
      for (const kind of ['administrator', 'user', 'display', 'device', 'stranger'] as const)
        record(kind, { action: 'first', target: kind });
      pass(1);
      for (let n = 0; n < 2000; n++)
        record(by, { target: `target ${n}`, address: `10.0.${n >> 8}.${n & 255}` });
      const first = audit.list().filter(({ action }) => action === 'first');
      expect(first.map((entry) => entry.by).sort()).toEqual(
        ['administrator', 'user', 'display', 'device', 'stranger'].filter((kind) => kind !== by).sort(),
      );
      expect(audit.list().filter((entry) => entry.by === by)).toHaveLength(500);
    },
  );
});

describe('counted entries', () => {
  test('[S4] what a device, a display or a stranger repeats within an hour is counted in one entry', () => {
    const { audit, record, pass } = stage();
    for (let n = 0; n < 2100; n++) {
      record('device', { action: 'joined again' });
      record('user', { action: 'signed in' });
      record('stranger', { action: 'sign-in refused', address: `2001:db8::${(n + 1).toString(16)}` });
      pass(1000);
    }
    expect(audit.list().map(({ by, count, t, since }) => [by, count, t - (since ?? t)])).toEqual([
      ['stranger', 2100, 2099_000],
      ['user', 2100, 2099_000],
      ['device', 2100, 2099_000],
    ]);
  });

  test('[S4] after an hour a repeated act gets a new entry', () => {
    const { audit, record, pass } = stage();
    record('device');
    pass(HOUR);
    record('device');
    expect(audit.list().map(({ count }) => count)).toEqual([1, 1]);
  });

  test('[S4] an entry differs from another by its actor, network, action or target', () => {
    const { audit, record } = stage();
    record('user');
    for (const changes of [{ actor: 'b' }, { address: '1.2.3.5' }, { action: 'b' }, { target: 'b' }])
      record('user', changes);
    expect(audit.list()).toHaveLength(5);
  });

  test('[S4] of administrators only acts that directly follow each other are counted together', () => {
    const { audit, record } = stage();
    for (const target of ['a', 'a', 'b', 'a']) record('administrator', { target });
    expect(audit.list().map(({ target, count }) => [target, count])).toEqual([
      ['a', 1],
      ['b', 1],
      ['a', 2],
    ]);
  });
});

describe('saving the audit log', () => {
  test('[S4] an administrator’s entry is saved at once, a flood of others only every few seconds', () => {
    const { record, administrators, others, save } = stage();
    record('administrator');
    for (let n = 0; n < 600; n++) record('stranger', { target: `${n}` });
    expect(administrators.all()).toHaveLength(1);
    expect(others.all()).toHaveLength(0);
    save();
    expect(others.all()).toHaveLength(500);
  });

  test('[S4] entries are there again after a restart', async () => {
    const { audit, record, open, pass } = stage();
    for (const by of ['stranger', 'administrator', 'device', 'stranger'] as const) {
      record(by);
      pass(1);
    }
    const before = audit.list();
    await audit.stop();
    expect(open().list()).toEqual(before);
  });
});
