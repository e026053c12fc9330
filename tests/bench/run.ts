/** `npm run bench`: the budgets, each beside its control. `npm run bench -- push` measures one. */
import { benchAgentDay } from './agent-day.ts';
import { benchAgent } from './agent.ts';
import { benchAlerts } from './alerts.ts';
import { benchFanout } from './fanout.ts';
import { benchFleet } from './fleet.ts';
import { benchFlood } from './flood.ts';
import { benchHandover } from './handover.ts';
import { benchHistory } from './history.ts';
import { benchPush } from './push.ts';
import type { Row } from './row.ts';
import { benchFirstView } from './web/first-view.ts';
import { benchLighthouse } from './web/lighthouse.ts';
import { benchLiveCharts } from './web/live-charts.ts';
import { benchLongList } from './web/long-list.ts';
import { benchMachineOpening } from './web/machine-opening.ts';
import { benchThirtyDays } from './web/thirty-days.ts';
import { benchWalls } from './web/walls.ts';

const benches: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  push: benchPush,
  alerts: benchAlerts,
  handover: benchHandover,
  flood: benchFlood,
  fleet: benchFleet,
  agent: benchAgent,
  'agent-day': benchAgentDay,
  history: benchHistory,
  fanout: benchFanout,
  'first-view': benchFirstView,
  'live-charts': benchLiveCharts,
  lighthouse: benchLighthouse,
  walls: benchWalls,
  'long-list': benchLongList,
  'machine-opening': benchMachineOpening,
  'thirty-days': benchThirtyDays,
};

const number = (value: number) => value.toLocaleString('en', { maximumSignificantDigits: 3 });

/** `within`, `over` or `under`, or nothing where there is no budget. */
function verdict({ value, ratio, budget, least }: Row): string {
  if (least !== undefined) return value >= least ? `at least ${number(least)}` : `UNDER ${number(least)}`;
  if (budget === undefined) return '';
  return (ratio ?? value) <= budget ? `within ${number(budget)}` : `OVER ${number(budget)}`;
}

function cells(row: Row): string[] {
  const { what, value, unit, control, ratio } = row;
  return [
    what,
    `${number(value)} ${unit}`,
    control === undefined ? '' : `${number(control.value)} ${unit} (${control.what})`,
    ratio === undefined ? '' : `${ratio.toFixed(2)} x`,
    verdict(row),
  ];
}

function print(rows: readonly Row[]): void {
  const table = [['what', 'measured', 'control', 'ratio', 'budget'], ...rows.map(cells)];
  const widths = [0, 1, 2, 3, 4].map((i) => Math.max(...table.map((line) => line[i]?.length ?? 0)));
  for (const line of table)
    console.log(
      line
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in benches));
if (unknown.length > 0) {
  console.error(`There is no benchmark ${unknown.join(', ')}; there are ${Object.keys(benches).join(', ')}.`);
  process.exit(1);
}

const rows: Row[] = [];
for (const [name, bench] of Object.entries(benches)) {
  if (asked.length > 0 && !asked.includes(name)) continue;
  console.log(`Measuring ${name} …`);
  try {
    rows.push(...(await bench()));
  } catch (error) {
    console.error(`${name}:`, error);
    process.exitCode = 1;
  }
}
console.log();
print(rows);
