import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { argumentsFor } from '../e2e/product.ts';

const root = join(import.meta.dirname, '..', '..');

test.each(['server', 'agent'])(
  'the systemd unit of the %s runs the same command as its npm script, with the same flags',
  (name) => {
    const unit = readFileSync(join(root, 'deploy', 'systemd', `watchfloor-${name}.service`), 'utf8');
    const [, line = ''] = /^ExecStart=(.*)$/m.exec(unit) ?? [];
    expect(line.replaceAll('/opt/watchfloor/', '').replace('node_modules/node/bin/', '')).toBe(
      ['node', ...argumentsFor(`${name}/main.ts`)].join(' '),
    );
  },
);
