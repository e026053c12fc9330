import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { upgradeFolder } from '../../../agent/upgrade/place.ts';
import {
  chooseVersion,
  endTrial,
  readVersions,
  writeVersions,
  type Versions,
} from '../../../agent/upgrade/versions.ts';
import { ownFolder } from '../../state/folder.ts';

const NONE = { good: null, trial: null, failed: null };
const AT = 1_800_000_000_000;

describe('which version of the agent runs', () => {
  it('without a fetched version the installed one runs', () => {
    expect(chooseVersion(NONE, '1.0.0', AT)).toEqual({ run: 'installed', next: NONE, drop: [] });
  });

  it('a fetched version is tried out, and stays once a push of it was accepted', () => {
    const fetched = { ...NONE, trial: { version: '1.1.0', starts: 0 } };
    const tried = chooseVersion(fetched, '1.0.0', AT);
    expect(tried).toEqual({
      run: 'trial',
      next: { ...NONE, trial: { version: '1.1.0', starts: 1 } },
      drop: [],
    });
    const stayed = endTrial(tried.next, '1.1.0', AT);
    expect(stayed).toEqual({ ...NONE, good: '1.1.0' });
    expect(chooseVersion(stayed, '1.0.0', AT)).toEqual({ run: 'good', next: stayed, drop: [] });
  });

  it('a version that failed is not run again; the one that stayed before it is', () => {
    const before = { ...NONE, good: '1.1.0', trial: { version: '1.2.0', starts: 1 } };
    const failed = endTrial(before, '1.2.0', AT, 'it ended');
    expect(failed.failed).toEqual({ version: '1.2.0', at: AT, reason: 'it ended' });
    expect(chooseVersion(failed, '1.0.0', AT).run).toBe('good');
  });

  it('a trial that the end of the machine interrupts again and again has failed', () => {
    let state: Versions = { ...NONE, trial: { version: '1.1.0', starts: 0 } };
    const runs = Array.from({ length: 4 }, () => {
      const { run, next } = chooseVersion(state, '1.0.0', AT);
      state = next;
      return run;
    });
    expect(runs).toEqual(['trial', 'trial', 'trial', 'installed']);
    expect(state).toMatchObject({ trial: null, failed: { version: '1.1.0' } });
  });

  it.each(['1.1.0', '1.2.0'])(
    'an installed version %s wins over the fetched 1.1.0, which is removed',
    (installed) => {
      const state = { ...NONE, good: '1.1.0', trial: { version: '1.1.0', starts: 1 } };
      expect(chooseVersion(state, installed, AT)).toEqual({
        run: 'installed',
        next: NONE,
        drop: ['1.1.0', '1.1.0'],
      });
    },
  );

  it('a damaged file of versions runs the installed one', () => {
    const folder = join(ownFolder(), 'upgrade');
    mkdirSync(folder);
    writeFileSync(join(folder, 'versions.json'), '{"good": 3');
    expect(readVersions(folder)).toEqual(NONE);
    writeVersions(folder, { ...NONE, good: '1.1.0' });
    expect(readVersions(folder).good).toBe('1.1.0');
  });
});

describe('where fetched versions lie', () => {
  it.each([
    [['--data', '/var/lib/a'], {}, '/var/lib/a/upgrade'],
    [['run', '--data=/var/lib/a=b'], {}, '/var/lib/a=b/upgrade'],
    [[], { WATCHFLOOR_AGENT_DATA: '/var/lib/b' }, '/var/lib/b/upgrade'],
    [['--data', '/c'], { WATCHFLOOR_AGENT_DATA: '/b' }, '/c/upgrade'],
    [[], {}, join(process.cwd(), 'agent-data', 'upgrade')],
    [[], { WATCHFLOOR_CONFIG: '/etc/a.yaml' }, undefined],
    [['--version'], {}, undefined],
    [['status'], { WATCHFLOOR_AGENT_DATA: '/b' }, undefined],
  ])('the command line %j with %j has its versions in %s', (args, env, expected) => {
    expect(upgradeFolder(args, env)).toBe(expected);
  });
});
