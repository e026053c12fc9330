/** One thing that `watchfloor-agent check` looked at: what it found and, where that is not well, what to do. */

export interface Finding {
  /** What was looked at, in one or two words. */
  readonly about: string;
  /** `failed`: the agent would not work like this. */
  readonly state: 'ok' | 'warning' | 'failed';
  readonly found: string;
  readonly remedy?: string;
}

export const ok = (about: string, found: string): Finding => ({ about, state: 'ok', found });

export const warning = (about: string, found: string, remedy: string): Finding => ({
  ...{ about, state: 'warning', found, remedy },
});

export const failed = (about: string, found: string, remedy: string): Finding => ({
  ...{ about, state: 'failed', found, remedy },
});

/** The findings, one below the other, each remedy below what it is for. */
export function findingsText(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ about }) => about.length));
  const lines = findings.flatMap(({ about, state, found, remedy }) => [
    `${about.padEnd(width)}  ${state.padEnd(7)}  ${found}`,
    ...(remedy === undefined ? [] : [`${' '.repeat(width)}  → ${remedy}`]),
  ]);
  const count = (state: Finding['state']) => findings.filter((one) => one.state === state).length;
  const [failures, warnings] = [count('failed'), count('warning')];
  const end =
    failures > 0
      ? `It would not work: ${failures} failed${warnings > 0 ? `, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}` : ''}.`
      : `It works${warnings > 0 ? `, with ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}` : ''}.`;
  return [...lines, '', end].join('\n');
}
