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

/**
 * The settings of an example, those that are commented out included; of a setting given twice, the last line.
 */
function withCommentedOut(text: string): string {
  const settings = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, key] = /^(?:# )?([a-z_]+): \S/.exec(line) ?? [];
    if (key !== undefined) settings.set(key, line.replace(/^# /, ''));
  }
  return [...settings.values()].join('\n');
}

const keysOf = (text: string) => text.split('\n').map((line) => line.split(':')[0] ?? '');

function writeSettings(name: string, text: string): string {
  const path = join(scratch, name);
  writeFileSync(path, text);
  chmodSync(path, 0o600);
  return path;
}

describe('deploy/agent.example.yaml', () => {
  const text = example('agent.example.yaml');

  it('the agent accepts deploy/agent.example.yaml as it is', async () => {
    const loaded = await loadAgentConfig(['--config', writeSettings('agent.yaml', text)], {});
    if (loaded.kind !== 'run') throw new Error('expected settings');
    expect(loaded.config.data).toBe('/var/lib/watchfloor-agent');
    // The example comments the enrollment string out, because a machine that has joined does not need it.
    expect(loaded.config.enrollment).toBeUndefined();
    expect(loaded.config.warnings).toEqual([]);
  });

  it('the agent accepts deploy/agent.example.yaml with all commented-out settings put in', async () => {
    const loaded = await loadAgentConfig(
      ['--config', writeSettings('agent-all.yaml', withCommentedOut(text))],
      {},
    );
    if (loaded.kind !== 'run') throw new Error('expected settings');
    expect(loaded.config.enrollment?.host).toBe('watchfloor.example');
    expect(loaded.config).toMatchObject({ name: 'db-1', tags: ['production', 'rack-4'], interval: 5 });
  });

  it('deploy/agent.example.yaml shows every setting of the agent', () => {
    const keys = AGENT_SETTINGS.map(({ key }) => key).filter((key) => key !== 'config');
    expect(keysOf(withCommentedOut(text)).sort()).toEqual([...keys].sort());
  });
});

describe('deploy/server.example.yaml', () => {
  const text = example('server.example.yaml');

  it('the server accepts deploy/server.example.yaml as it is', async () => {
    const loaded = await loadServerConfig(['--config', writeSettings('server.yaml', text)], {});
    if (loaded.kind !== 'run') throw new Error('expected settings');
    expect(loaded.config).toMatchObject({
      host: '::',
      port: 8443,
      data: '/var/lib/watchfloor',
      tls: 'auto',
    });
  });

  it('the server accepts deploy/server.example.yaml with all commented-out settings put in', async () => {
    const loaded = await loadServerConfig(
      ['--config', writeSettings('server-all.yaml', withCommentedOut(text))],
      {},
    );
    if (loaded.kind !== 'run') throw new Error('expected settings');
    expect(loaded.config).toMatchObject({
      influx: { org: 'home' },
      retention: { raw_days: 3, minute_days: 90, quarter_days: 1100 },
      processDays: 14,
    });
    expect(loaded.config.allowAgents).toHaveLength(2);
  });

  it('deploy/server.example.yaml shows the default values of the settings that it comments out', async () => {
    const loaded = await loadServerConfig([], {});
    if (loaded.kind !== 'run') throw new Error('expected settings');
    const { intervalS, alertReopenMin, sessionDays, retention, processDays } = loaded.config;
    const shown = withCommentedOut(text);
    for (const [key, value] of Object.entries({
      interval: intervalS,
      alert_reopen: alertReopenMin,
      session_days: sessionDays,
      process_days: processDays,
      ...retention,
    }))
      expect(shown).toContain(`${key}: ${value}`);
  });

  it('deploy/server.example.yaml shows every setting of the server', () => {
    const keys = SERVER_SETTINGS.map(({ key }) => key).filter((key) => key !== 'config');
    expect(keysOf(withCommentedOut(text)).sort()).toEqual([...keys].sort());
  });
});
