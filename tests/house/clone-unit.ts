/** The agent's unit for a clone in /opt/watchfloor: what its first lines say, and the text that the agent's code has. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemdUnit } from '../../agent/service/unit.ts';
import { ROOT } from './sources.ts';

export const UNIT_FILE = join(ROOT, 'deploy', 'systemd', 'watchfloor-agent.service');

/** The comment at the file's beginning stays as it is. */
export function cloneUnit(): string {
  const [comment = ''] = readFileSync(UNIT_FILE, 'utf8').split('\n[Unit]');
  const unit = systemdUnit({
    kind: 'system',
    command: ['/opt/watchfloor/node_modules/node/bin/node', '/opt/watchfloor/agent/main.ts'],
    environment: {},
    workingDirectory: '/opt/watchfloor',
    documentation: 'file:/opt/watchfloor/README.md',
    settings: '/etc/watchfloor/agent.env',
    data: '/var/lib/watchfloor-agent',
  });
  return `${comment}\n${unit}`;
}
