import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { WATCHFLOOR_VERSION } from '#protocol/version.ts';
import { runCommand } from '../command.ts';
import { ownFolder } from '../data-folder/folder.ts';

const printed = z.object({
  hostname: z.string().min(1),
  agent_version: z.literal(WATCHFLOOR_VERSION),
  timestamp: z.number(),
  metrics: z.record(z.string(), z.number()),
  units: z.record(z.string(), z.string()),
});

describe('watchfloor-agent once', () => {
  it('once prints one sample with rates and units, needs no server, and makes no data folder', async () => {
    const cwd = ownFolder();
    const { status, stdout } = await runCommand(['once'], { cwd });
    expect(status).toBe(0);
    const { metrics, units } = printed.parse(JSON.parse(stdout));
    expect(Object.keys(metrics)).toEqual(
      expect.arrayContaining(['cpu', 'core:0:cpu', 'ram', 'uptime_s', 'disk']),
    );
    expect(units).toMatchObject({ cpu: 'percent', 'core:0:cpu': 'percent', mem_used_bytes: 'bytes' });
    for (const name in units) expect(metrics).toHaveProperty([name]);
  });

  it('once is JSON with and without --json, names on standard error what it cannot measure, and refuses other flags', async () => {
    const { stdout, stderr } = await runCommand(['once', '--json']);
    expect(Object.keys(printed.parse(JSON.parse(stdout)).metrics).length).toBeGreaterThan(10);
    for (const line of stderr.trim().split('\n').filter(Boolean))
      expect(line).toMatch(/^[\w-]+: (not present here|measures, but not everything)/);
    expect((await runCommand(['once', '--colour'])).status).toBe(2);
  });
});
