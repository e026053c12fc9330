import { mkdirSync, renameSync, rmSync, symlinkSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFolders, type FoldersParts } from '../../../../agent/collectors/custom/folders.ts';
import { ownFolder } from '../../data-folder/folder.ts';
import { contextAt } from '../readings.ts';

const HOUR = 3_600_000;

/** A folder that is looked into, and a clock that the test moves. */
function setup(parts: Partial<FoldersParts> = {}) {
  const folder = ownFolder();
  let now = Date.now();
  const collector = createFolders({
    folders: [folder],
    isAsked: true,
    taken: new Set(),
    freshMs: HOUR,
    now: () => now,
    ...parts,
  });
  const path = (name: string) => join(folder, name);
  return {
    folder,
    path,
    /** Writes a file that was changed `ago` milliseconds ago. */
    write(name: string, text: string, ago = 10_000) {
      writeFileSync(path(name), text);
      utimesSync(path(name), (now - ago) / 1000, (now - ago) / 1000);
    },
    pass: (ms: number) => (now += ms),
    async look() {
      const fields = await collector.collect(contextAt(now, () => undefined));
      if (fields === 'absent') return fields;
      const ages = Object.entries(fields).filter(([name]) => !name.endsWith('metrics_file_age_seconds'));
      return Object.fromEntries(ages);
    },
    collector,
    trouble: () => collector.trouble?.() ?? '',
  };
}

describe('folders of metrics', () => {
  it('a file that is dropped in is read, is read anew when it was replaced, and is gone when it was removed', async () => {
    const { write, path, look, collector, trouble } = setup();
    expect(await look()).toBe('absent');
    write('backup.prom', '# HELP size_bytes Size.\nsize_bytes 5\n');
    expect(await look()).toEqual({ 'backup:-:size_bytes': 5 });
    expect(collector.declared?.()).toMatchObject({ 'backup:*:size_bytes': { unit: 'bytes', label: 'Size' } });
    expect(collector.declared?.()).toBe(collector.declared?.());
    write('.backup.prom.new', 'size_bytes 6\n', 5000);
    expect(await look()).toEqual({ 'backup:-:size_bytes': 5 });
    renameSync(path('.backup.prom.new'), path('backup.prom'));
    expect(await look()).toEqual({ 'backup:-:size_bytes': 6 });
    rmSync(path('backup.prom'));
    expect(await look()).toBe('absent');
    expect(trouble()).toBe('');
  });

  it('the counters of a file grow from one writing to the next, however often it is looked at', async () => {
    const { write, look, pass } = setup();
    write('jobs.prom', 'jobs_total 10\n', 0);
    expect(await look()).toEqual({});
    pass(60_000);
    write('jobs.prom', 'jobs_total 130\n', 0);
    for (let i = 0; i < 3; i++) {
      pass(5000);
      expect(await look()).toEqual({ 'jobs:-:jobs_total': 2 });
    }
  });

  it('a file that is half written changes nothing until it is whole', async () => {
    const { write, look, pass } = setup();
    write('a.prom', 'one 1\ntwo 2\n');
    await look();
    write('a.prom', 'one 3\ntwo 4', 0);
    expect(await look()).toEqual({ 'a:-:one': 1, 'a:-:two': 2 });
    pass(5000);
    // Nobody writes to it any more: its last line has no end.
    expect(await look()).toEqual({ 'a:-:one': 3, 'a:-:two': 4 });
  });

  it('the numbers of an old file are not shown as current: only its age is told, and that of moments in it', async () => {
    const { write, look, pass, trouble, collector } = setup();
    write('a.prom', `load 1\nlast_success_timestamp_seconds ${Math.round(Date.now() / 1000) - 60}\n`);
    expect(await look()).toEqual({ 'a:-:load': 1, 'a:-:last_success_age_seconds': 60 });
    pass(HOUR);
    expect(await look()).toEqual({ 'a:-:last_success_age_seconds': 3660 });
    expect(trouble()).toMatch(/a\.prom: its numbers are left out, as it was written more than 1 h ago/);
    const all = await collector.collect(contextAt(0, () => undefined));
    expect(all).toHaveProperty(['a:-:metrics_file_age_seconds'], 3610);
  });

  it('one file that cannot be read costs only itself, and each is named with what to do', async () => {
    const { write, path, folder, look, collector } = setup();
    write('good.prom', 'a 1\n');
    mkdirSync(path('folder.prom'));
    symlinkSync('/nowhere', path('link.prom'));
    execFileSync('mkfifo', [path('pipe.prom')]);
    write('huge.prom', 'a 1\n');
    truncateSync(path('huge.prom'), 5 * 1024 * 1024);
    symlinkSync(path('good.prom'), path('other.prom'));
    expect(await look()).toEqual({ 'good:-:a': 1, 'other:-:a': 1 });
    expect(collector.trouble?.()).toBe(
      `${folder}/folder.prom: is no file; ${folder}/huge.prom: has 5 MiB, and at most 4 are read; ` +
        `${folder}/link.prom: the link leads nowhere; and 1 more`,
    );
  });

  it('two files of one name, and one with the name of another source, are told apart by saying so', async () => {
    const second = ownFolder();
    const first = ownFolder();
    for (const folder of [first, second])
      writeFileSync(join(folder, 'a.prom'), `a ${folder === first ? 1 : 2}\n`);
    writeFileSync(join(second, 'node.prom'), 'b 1\n');
    const { look, trouble } = setup({ folders: [first, second], taken: new Set(['node']) });
    expect(await look()).toEqual({ 'a:-:a': 1 });
    expect(trouble()).toContain(`${second}/a.prom: ${first}/a.prom has the same name: rename one of them`);
    expect(trouble()).toContain(`${second}/node.prom: another source has the same name`);
  });

  it('a folder that was asked for and is not there is a failure that says what to do; the usual one may be missing', async () => {
    const asked = setup({ folders: ['/nowhere/metrics'] });
    await expect(asked.look()).rejects.toThrow(
      '/nowhere/metrics: there is no such folder: make it (mkdir -p)',
    );
    const usual = setup({ folders: ['/nowhere/metrics'], isAsked: false });
    expect(await usual.look()).toBe('absent');
  });
});
