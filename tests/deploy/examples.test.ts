import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig as loadAgentConfig } from '../../agent/config/config.ts';
import { SETTINGS as AGENT_SETTINGS } from '../../agent/config/settings.ts';
import { loadConfig as loadServerConfig } from '../../server/config/config.ts';
import { SETTINGS as SERVER_SETTINGS } from '../../server/config/settings.ts';

const scratch = mkdtempSync(join(tmpdir(), 'watchfloor-examples-'));
const enrollment = join(scratch, 'enrollment');
writeFileSync(enrollment, 'watchfloor://0123456789abcdef@watchfloor.example:8443', { mode: 0o600 });

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});

const example = (name: string) =>
  readFileSync(join(import.meta.dirname, '..', '..', 'deploy', name), 'utf8').replace(
    '/etc/watchfloor/enrollment',
    enrollment,
  );

/** Every commented-out setting taken in; a setting given twice keeps its last line. */
function everything(text: string): string {
  const settings = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, key] = /^(?:# )?([a-z_]+): \S/.exec(line) ?? [];
    if (key !== undefined) settings.set(key, line.replace(/^# /, ''));
  }
  return [...settings.values()].join('\n');
}

const keysOf = (text: string) => text.split('\n').map((line) => line.split(':')[0] ?? '');

function file(name: string, text: string): string {
  const path = join(scratch, name);
  writeFileSync(path, text);
  chmodSync(path, 0o600);
  return path;
}

describe('deploy/agent.example.yaml', () => {
  const text = example('agent.example.yaml');

  it('is taken by the agent as it is', async () => {
    const started = await loadAgentConfig(['--config', file('agent.yaml', text)], {});
    if (started.kind !== 'run') throw new Error('expected settings');
    expect(started.config.data).toBe('/var/lib/watchfloor-agent');
    // A machine that has joined needs no string any more, and no file that held it.
    expect(started.config.enrollment).toBeUndefined();
    expect(started.config.warnings).toEqual([]);
  });

  it('is taken with everything that is commented out, too', async () => {
    const started = await loadAgentConfig(['--config', file('agent-all.yaml', everything(text))], {});
    if (started.kind !== 'run') throw new Error('expected settings');
    expect(started.config.enrollment?.host).toBe('watchfloor.example');
    expect(started.config).toMatchObject({ name: 'db-1', tags: ['production', 'rack-4'], interval: 5 });
  });

  it('shows every setting there is', () => {
    const keys = AGENT_SETTINGS.map(({ key }) => key).filter((key) => key !== 'config');
    expect(keysOf(everything(text)).sort()).toEqual([...keys].sort());
  });
});

describe('deploy/server.example.yaml', () => {
  const text = example('server.example.yaml');

  it('is taken by the server as it is', async () => {
    const asked = await loadServerConfig(['--config', file('server.yaml', text)], {});
    if (asked.kind !== 'run') throw new Error('expected settings');
    expect(asked.config).toMatchObject({
      host: '0.0.0.0',
      port: 8443,
      data: '/var/lib/watchfloor',
      tls: 'auto',
    });
  });

  it('is taken with everything that is commented out, too', async () => {
    const asked = await loadServerConfig(['--config', file('server-all.yaml', everything(text))], {});
    if (asked.kind !== 'run') throw new Error('expected settings');
    expect(asked.config).toMatchObject({
      influx: { org: 'home' },
      retention: { raw_days: 3, minute_days: 90, quarter_days: 1100 },
    });
    expect(asked.config.allowAgents).toHaveLength(2);
  });

  it('shows the defaults of what it comments out as defaults', async () => {
    const asked = await loadServerConfig([], {});
    if (asked.kind !== 'run') throw new Error('expected settings');
    const { intervalS, sessionDays, retention } = asked.config;
    const shown = everything(text);
    for (const [key, value] of Object.entries({
      interval: intervalS,
      session_days: sessionDays,
      ...retention,
    }))
      expect(shown).toContain(`${key}: ${value}`);
  });

  it('shows every setting there is', () => {
    const keys = SERVER_SETTINGS.map(({ key }) => key).filter((key) => key !== 'config');
    expect(keysOf(everything(text)).sort()).toEqual([...keys].sort());
  });
});
