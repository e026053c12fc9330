import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { openState } from '../../server/state/state.ts';
import { ownFolder } from './folder.ts';

let dir: string;
let notices: string[];
beforeEach(async () => {
  dir = ownFolder();
  notices = [];
  await (await open()).close();
});
const open = () =>
  openState({
    dir,
    notice: (text) => notices.push(text),
    onProblem: (_, text) => notices.push(String(text)),
    whyLost: () => undefined,
  });
const remove = (name: string) => {
  for (const file of readdirSync(dir)) if (file.startsWith(`${name}.json`)) rmSync(join(dir, file));
};

describe('state files that are missing', () => {
  test.each(['users', 'devices', 'removed-devices', 'enrollment-keys', 'alert-rules'])(
    'a server that has used %s.json does not start without it, and says what to do',
    async (name) => {
      remove(name);
      await expect(open()).rejects.toThrow(
        new RegExp(`${name}\\.json and its copy are missing\\. Restore it from a backup; to start without`),
      );
      // The remedy works.
      writeFileSync(join(dir, `${name}.json`), '[]');
      await (await open()).close();
    },
  );

  test.each(['sessions', 'history-removals', 'alerts', 'audit', 'audit-others'])(
    'a server that has used %s.json starts without it, and a notice says so',
    async (name) => {
      remove(name);
      await (await open()).close();
      expect(notices).toEqual([
        expect.stringMatching(`${name}.json and its copy are missing; its records are lost`),
      ]);
    },
  );

  test('a server whose state files are all gone does not begin anew in a folder that has a journal', async () => {
    for (const file of readdirSync(dir)) rmSync(join(dir, file));
    mkdirSync(join(dir, 'journal'));
    await expect(open()).rejects.toThrow(/users\.json and its copy are missing/);
  });

  test('a damaged state.json is told, and written anew', async () => {
    writeFileSync(join(dir, 'state.json'), '{"collections": ["us');
    mkdirSync(join(dir, 'journal'));
    await (await open()).close();
    expect(notices).toEqual([expect.stringMatching(/state\.json is damaged and is written anew/)]);
    remove('sessions');
    await (await open()).close();
    expect(notices.at(-1)).toMatch(/sessions\.json and its copy are missing/);
  });

  test('the folder of an earlier version, which made a file with its first record, is taken over', async () => {
    for (const name of ['state', 'devices', 'alerts']) remove(name);
    mkdirSync(join(dir, 'journal'));
    await (await open()).close();
    expect(notices).toEqual([]);
    expect(JSON.parse(readFileSync(join(dir, 'state.json'), 'utf8'))).toMatchObject({
      collections: expect.arrayContaining(['devices', 'alerts']),
    });
  });

  test('a damaged list of the collections is made anew', async () => {
    writeFileSync(join(dir, 'state.json'), '\0\0\0');
    await (await open()).close();
    remove('devices');
    await expect(open()).rejects.toThrow(/devices\.json and its copy are missing/);
  });
});
