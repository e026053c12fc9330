/**
 * The HTML of an e-mail, in the web app's look. Mail programs know tables and inline styles and little else; those that
 * know `prefers-color-scheme` get the dark colours by classes, and the others stay light.
 */
import { TONE_COLOURS, toneOf, type AlertLine, type Message } from './message.ts';
import { escapeHtml } from './message-text.ts';

/** Under this name the chart is attached. */
export const CHART_CID = 'chart@watchfloor';
/** Alerts that are listed; the others are counted. */
const MAX_LINES = 100;

const FONT = "font-family:Inter,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
/** Light colours, each with the dark one that its class sets. */
const COLOURS = {
  ground: ['#f7f8fa', '#0e1116'],
  card: ['#ffffff', '#151a1f'],
  text: ['#181f27', '#eaedf1'],
  muted: ['#565d66', '#a0a7af'],
  line: ['#dde0e3', '#272c32'],
  accent: ['#1a63c6', '#71b3fb'],
} as const;
const DARK_TONES = { critical: '#fa6b62', warning: '#edb553', good: '#55c983', neutral: '#a0a7af' } as const;

const DARK_STYLES = [
  `.ground{background:${COLOURS.ground[1]}!important}`,
  // The upper border keeps the colour of the state.
  `.card{background:${COLOURS.card[1]}!important;border-left-color:${COLOURS.line[1]}!important;border-right-color:${COLOURS.line[1]}!important;border-bottom-color:${COLOURS.line[1]}!important}`,
  `.text{color:${COLOURS.text[1]}!important}`,
  `.muted{color:${COLOURS.muted[1]}!important}`,
  `.line{border-color:${COLOURS.line[1]}!important}`,
  `.accent{color:${COLOURS.accent[1]}!important}`,
  ...Object.entries(DARK_TONES).map(([tone, colour]) => `.${tone}{color:${colour}!important}`),
].join('');

const text = (words: string) => escapeHtml(words).replaceAll('\n', '<br>');

const link = (url: string, words: string) =>
  `<a class="accent" href="${escapeHtml(url)}" style="color:${COLOURS.accent[0]};text-decoration:none">${text(words)}</a>`;

/** A muted line below an alert; nothing for an empty one. */
const small = (words: string) =>
  words === ''
    ? ''
    : `<div class="muted" style="color:${COLOURS.muted[0]};font-size:13px;line-height:19px">${words}</div>`;

/** What to do: a link where it is nothing but an address. */
const runbookOf = (runbook: string) =>
  /^https?:\/\/\S+$/.test(runbook) ? link(runbook, runbook) : text(runbook);

function row(line: AlertLine): string {
  const { machine, subject, reading, severity, alert, since, status, details, runbook, url } = line;
  const colour = alert.state === 'resolved' ? 'good' : severity;
  const cell = `class="line text" style="border-top:1px solid ${COLOURS.line[0]};padding:12px 0;vertical-align:top;color:${COLOURS.text[0]};font-size:15px;line-height:22px`;
  return `<tr><td ${cell};padding-right:16px"><strong>${link(url, machine)}</strong> <span>${text(subject)}</span>
${small(text(`${alert.rule_name}, ${since}`))}${small(text(status))}${small(text(details.join('\n')))}${small(runbookOf(runbook))}</td>
<td align="right" ${cell};white-space:nowrap"><strong class="${colour}" style="color:${TONE_COLOURS[colour]};font-variant-numeric:tabular-nums">${text(reading)}</strong></td></tr>`;
}

function list({ lines, url }: Message): string {
  if (lines.length === 0) return '';
  const left = lines.length - MAX_LINES;
  const more =
    left > 0
      ? `<tr><td colspan="2" class="line" style="border-top:1px solid ${COLOURS.line[0]};padding:12px 0;font-size:15px">${link(url, `and ${left} more`)}</td></tr>`
      : '';
  return `<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="border-collapse:collapse;margin-top:16px">${lines.slice(0, MAX_LINES).map(row).join('')}${more}</table>`;
}

const paragraph = (words: string) =>
  words === ''
    ? ''
    : `<p class="text" style="margin:12px 0 0;color:${COLOURS.text[0]};font-size:15px;line-height:22px">${text(words)}</p>`;

/** The image keeps its light ground in the dark, as its lines are drawn for that. */
const chartOf = ({ chart }: Message) =>
  chart === undefined
    ? ''
    : `<img src="cid:${CHART_CID}" width="552" alt="${escapeHtml(`${chart.field} around the time of the alert`)}" style="display:block;width:100%;max-width:552px;height:auto;margin-top:20px;background:#ffffff;border-radius:6px">`;

const button = (url: string) =>
  `<table role="presentation" cellpadding="0" cellspacing="0" style="margin-top:24px"><tr><td style="background:${COLOURS.accent[0]};border-radius:6px"><a href="${escapeHtml(url)}" style="display:inline-block;padding:10px 18px;color:#ffffff;font-size:15px;font-weight:600;text-decoration:none">Open in Watchfloor</a></td></tr></table>`;

export function emailPage(message: Message): string {
  const tone = toneOf(message);
  const content =
    message.ownText === null ? `${paragraph(message.note)}${list(message)}` : paragraph(message.ownText);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"><meta name="supported-color-schemes" content="light dark"><title>${text(message.title)}</title>
<style>:root{color-scheme:light dark;supported-color-schemes:light dark}@media (prefers-color-scheme:dark){${DARK_STYLES}}</style></head>
<body class="ground" style="margin:0;padding:0;background:${COLOURS.ground[0]};${FONT}">
<table role="presentation" class="ground" width="100%" cellpadding="0" cellspacing="0" style="background:${COLOURS.ground[0]}"><tr><td align="center" style="padding:24px 12px">
<table role="presentation" class="card" width="600" cellpadding="0" cellspacing="0" style="width:100%;max-width:600px;background:${COLOURS.card[0]};border:1px solid ${COLOURS.line[0]};border-top:4px solid ${TONE_COLOURS[tone]};border-radius:6px;text-align:left"><tr><td style="padding:24px;${FONT}">
<h1 class="${tone}" style="margin:0;color:${TONE_COLOURS[tone]};font-size:19px;line-height:26px;font-weight:650">${text(message.title)}</h1>
${content}${chartOf(message)}${button(message.url)}
</td></tr></table>
<div class="muted" style="padding:16px;color:${COLOURS.muted[0]};font-size:12px;${FONT}">Sent by Watchfloor, ${escapeHtml(new URL(message.url).host)}</div>
</td></tr></table></body></html>`;
}
