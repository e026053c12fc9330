import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';

const root = join(import.meta.dirname, '..', '..');
const read = (...path: string[]) => readFileSync(join(root, ...path), 'utf8');
const { scripts } = z
  .object({ scripts: z.record(z.string(), z.string()) })
  .parse(JSON.parse(read('package.json')));

test.each(['server', 'agent'])('the %s unit starts what npm run starts, with the same flags', (name) => {
  const unit = read('deploy', 'systemd', `watchfloor-${name}.service`);
  const [, line = ''] = /^ExecStart=(.*)$/m.exec(unit) ?? [];
  expect(line.replaceAll('/opt/watchfloor/', '').replace('node_modules/node/bin/', '')).toBe(scripts[name]);
});
