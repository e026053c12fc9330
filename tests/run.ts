/**
 * `npm test`: every check in order, each to its end, and one closing line. `npm test -- unit lint` runs the
 * named steps only; any other argument narrows the test files (`npm test -- unit tests/fleet`).
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ensureBrowser } from './browser.ts';
import { line, NOTHING, ONE_FAILED, ONE_PASSED, readTally, sum, type Tally } from './tally.ts';

const root = join(import.meta.dirname, '..');
const tools = join(root, 'node_modules', '.bin');
const scratch = mkdtempSync(join(tmpdir(), 'watchfloor-test-'));

interface Step {
  readonly name: string;
  readonly title: string;
  run(filters: readonly string[]): Tally;
}

/** Runs one of the package's own tools to its end; true when it exited with 0. */
function tool(command: string, args: readonly string[], folder = root): boolean {
  const PATH = [tools, process.env['PATH'] ?? ''].join(delimiter);
  const { status, error } = spawnSync(join(tools, command), args, {
    cwd: folder,
    stdio: 'inherit',
    env: { ...process.env, PATH },
  });
  if (error !== undefined) console.error(`${command}: ${error.message}`);
  return status === 0;
}

function check(name: string, title: string, command: string, args: readonly string[], folder?: string): Step {
  return { name, title, run: () => (tool(command, args, folder) ? ONE_PASSED : ONE_FAILED) };
}

function vitest(name: string, title: string): Step {
  return {
    name,
    title,
    run: (filters) => {
      const report = join(scratch, `${name}.json`);
      const content = tool('vitest', [
        ...['run', '-c', 'tests/vitest.config.ts', '--project', name],
        ...['--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
        ...(filters.length > 0 ? ['--passWithNoTests', ...filters] : []),
      ]);
      const tally = readTally(report);
      return !content && tally.failed === 0 ? { ...tally, failed: 1 } : tally;
    },
  };
}

/** The end-to-end tests need a Chromium; without one they fail; they are not skipped. */
function endToEnd(): Step {
  const step = vitest('e2e', 'End to end, in a real Chromium');
  return {
    ...step,
    run: (filters) => {
      try {
        const browser = ensureBrowser();
        console.log(`Chromium: ${browser.path} (${browser.how})`);
        process.env['WATCHFLOOR_CHROMIUM'] = browser.path;
      } catch (error) {
        console.error(error instanceof Error ? error.message : error);
        return ONE_FAILED;
      }
      return step.run(filters);
    },
  };
}

const web = join(root, 'web');
const steps: readonly Step[] = [
  check('sync', "The web app's generated types", 'svelte-kit', ['sync'], web),
  check('types', 'Types', 'tsc', []),
  check('svelte', 'Types in the web app', 'svelte-check', ['--tsconfig', 'web/tsconfig.json']),
  check('worker', 'Types in the service worker', 'tsc', ['-p', 'web/src/alerts/push-worker', '--noEmit']),
  check('lint', 'Lint', 'eslint', ['-c', 'tests/eslint.config.js', '--max-warnings=0', '.']),
  check('format', 'Format', 'prettier', ['--check', '--log-level=warn', '.']),
  vitest('unit', 'Unit and integration'),
  vitest('web', 'Web'),
  vitest('contract', 'Contracts'),
  check('build', 'Web build', 'vite', ['build', '--logLevel=warn'], web),
  endToEnd(),
];

function main(args: readonly string[]): number {
  const named = steps.filter(({ name }) => args.includes(name));
  const filters = args.filter((arg) => !steps.some(({ name }) => name === arg));
  const suites = steps.filter(({ name }) => ['unit', 'web', 'contract', 'e2e'].includes(name));
  const chosen = named.length > 0 ? named : filters.length > 0 ? suites : steps;

  const summary: string[] = [];
  let total = NOTHING;
  for (const step of chosen) {
    console.log(`\n=== ${step.title} (${step.name}) ===\n`);
    const started = performance.now();
    const tally = step.run(filters);
    total = sum([total, tally]);
    const seconds = ((performance.now() - started) / 1000).toFixed(1).padStart(6);
    summary.push(`  ${step.name.padEnd(9)} ${seconds} s   ${line(tally)}`);
  }
  console.log(`\n=== Summary ===\n\n${summary.join('\n')}\n`);
  console.log(line(total));
  return total.failed > 0 ? 1 : 0;
}

try {
  process.exitCode = main(process.argv.slice(2));
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
