import { describe, expect, it } from 'vitest';
import { defaultRules } from '../../server/alerts/default-rules.ts';
import { planImport, readRuleFile, rulesAsYaml } from '../../server/alerts/rule-file.ts';

const rules = defaultRules();
const requireRules = (yaml: string) => {
  const { rules: found, mistakes } = readRuleFile(yaml);
  if (found === undefined) throw new Error(JSON.stringify(mistakes));
  return found;
};

describe('rules in a file', () => {
  it('an export that is imported changes nothing', () => {
    const plan = planImport(rules, requireRules(rulesAsYaml(rules)));
    expect(plan).toMatchObject({ added: [], changed: [], notInFile: [] });
    expect(plan.unchanged).toHaveLength(rules.length);
  });

  it('an import says what it adds, what it changes and which rules the file does not have', () => {
    const yaml = `
alert_rules:
  - name: CPU busy
    severity: warning
    condition: {kind: threshold, metric: cpu, threshold: 95, clear: 90}
  - name: Queue long
    severity: critical
    condition: {kind: threshold, metric: jobs, threshold: 100, clear: 50}
`;
    const { added, changed, notInFile } = planImport(rules, requireRules(yaml));
    expect(added.map(({ name }) => name)).toEqual(['Queue long']);
    expect(changed.map(({ rule, parts }) => [rule.id, parts])).toEqual([
      ['default-cpu', ['condition', 'why']],
    ]);
    expect(notInFile).toHaveLength(rules.length - 1);
  });

  it('all mistakes of a file are named at once, each with its line', () => {
    const { mistakes } = readRuleFile(`alert_rules:
  - name: One
    severity: fatal
    condition:
      kind: threshold
      metric: cpu
      threshold: much
      clear: 80
  - name: Two
    severity: warning
    treshold: 5
    condition: {kind: threshold, metric: cpu, threshold: 90, clear: 95}
  - severity: warning
    condition: {kind: guess}
`);
    expect(mistakes?.map(({ line, path }) => `${line} ${path}`)).toEqual([
      '3 alert_rules.0.severity',
      '7 alert_rules.0.condition.threshold',
      '11 alert_rules.1.treshold',
      '12 alert_rules.1.condition.clear',
      '13 alert_rules.2.name',
      '14 alert_rules.2.condition.kind',
    ]);
  });

  it('a file that is no YAML, has other keys, or rules twice is refused with the line', () => {
    expect(readRuleFile('alert_rules: [').mistakes?.[0]?.line).toBe(1);
    expect(readRuleFile('a: 1\nrules: []\n').mistakes?.map(({ line, path }) => `${line} ${path}`)).toEqual([
      '1 alert_rules',
      '1 a',
      '2 rules',
    ]);
    expect(readRuleFile('').mistakes).toHaveLength(1);
    const twice = '  - {name: A, severity: warning, condition: {kind: rebooted}}\n';
    expect(readRuleFile(`alert_rules:\n${twice}${twice}`).mistakes).toEqual([
      { line: 3, path: 'alert_rules.1', message: 'is there twice in this file: name A' },
    ]);
  });

  it('[S5] a small file that stands for a very large one is refused', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (const [i, name] of ['b', 'c', 'd', 'e', 'f', 'g'].entries()) {
      const before = String.fromCharCode(97 + i);
      bomb.push(`${name}: &${name} [${Array(9).fill(`*${before}`).join(',')}]`);
    }
    expect(readRuleFile(bomb.join('\n')).mistakes?.[0]?.message).toContain('alias');
  });
});

describe('the rules of a new server', () => {
  it('every default rule says why it has its numbers', () => {
    for (const { why, name } of rules) expect(why, name).toMatch(/\w+.*\./);
  });

  it('the default rules cover what a machine most often fails by', () => {
    expect(rules.map(({ id }) => id.replace('default-', ''))).toEqual([
      ...['offline', 'cpu', 'ram', 'swap', 'mount', 'disk', 'disk-forecast', 'inodes'],
      ...['raid', 'smart', 'unit', 'oom', 'probe', 'certificate', 'unhealthy', 'quota', 'quota-forecast'],
      ...['clock', 'clock-source', 'rebooted'],
    ]);
  });
});
