import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { CHARTS, fieldsOf, HEIGHT, POINTS, rowAt, SECOND, WIDTH } from './made-up.ts';

const series = (label: string, stroke: string, fill?: string): uPlot.Series => ({
  label,
  stroke,
  width: 1.5,
  points: { show: false },
  ...(fill !== undefined && { fill }),
});

const grid = document.createElement('div');
grid.style.cssText = 'display: flex; flex-wrap: wrap; gap: 16px';
document.body.append(grid);

let now = Math.floor(Date.now() / SECOND) * SECOND;
const times = Array.from({ length: POINTS + 1 }, (_, i) => (now - (POINTS - i) * SECOND) / 1000);
const rows = times.map((t) => new Map(rowAt(t * 1000)));
const charts = Array.from({ length: CHARTS }, (_, chart) => {
  const columns = fieldsOf(chart).map((field) => rows.map((row) => row.get(field) ?? null));
  const plot = new uPlot(
    {
      width: WIDTH,
      height: HEIGHT,
      title: `Chart ${chart + 1}`,
      cursor: { sync: { key: 'all' } },
      scales: { y: { range: [0, 100] } },
      series: [{}, series('in', '#0a8a7a', '#0a8a7a22'), series('out', '#b8742a')],
      axes: [{}, {}],
    },
    [times, ...columns],
    grid,
  );
  return { plot, columns, fields: fieldsOf(chart) };
});

setInterval(() => {
  now += SECOND;
  times.push(now / 1000);
  times.shift();
  const row = new Map(rowAt(now));
  for (const { plot, columns, fields } of charts) {
    for (const [i, column] of columns.entries()) {
      column.push(row.get(fields[i] ?? '') ?? null);
      column.shift();
    }
    plot.setData([times, ...columns]);
  }
}, SECOND);
