/** Supplies that Network UPS Tools looks after, asked over its port on loopback; reading needs no password. */
import { createConnection } from 'node:net';
import { instanceField } from '#protocol/fields.ts';
import type { Collector, Fields } from './collector.ts';
import { keepNames } from './instance-names.ts';
import { tenth } from './rates.ts';

const namesOf = keepNames((name) => ({
  charge: instanceField('ups', name, 'charge'),
  load: instanceField('ups', name, 'load'),
  runtime: instanceField('ups', name, 'runtime_s'),
  onBattery: instanceField('ups', name, 'on_battery'),
  low: instanceField('ups', name, 'battery_low'),
}));

/** `UPS name "description"` of LIST UPS → the names. */
export function parseUpsList(text: string): string[] {
  return [...text.matchAll(/^UPS (\S+) "/gm)].map(([, name = '']) => name);
}

/** `VAR name battery.charge "100"` of LIST VAR → fields. */
export function parseUps(name: string, text: string): Fields {
  const variables = new Map<string, string>();
  for (const [, key = '', value = ''] of text.matchAll(/^VAR \S+ (\S+) "(.*)"$/gm)) variables.set(key, value);
  const names = namesOf(name);
  const fields: Fields = {};
  const add = (field: string, key: string, most: number) => {
    const value = Number.parseFloat(variables.get(key) ?? '');
    if (value >= 0 && value <= most) fields[field] = tenth(value);
  };
  add(names.charge, 'battery.charge', 100);
  // A supply may be overloaded.
  add(names.load, 'ups.load', 100);
  add(names.runtime, 'battery.runtime', 1e7);
  const status = variables.get('ups.status')?.split(' ');
  if (status === undefined) return fields;
  fields[names.onBattery] = status.includes('OB') ? 1 : 0;
  fields[names.low] = status.includes('LB') ? 1 : 0;
  return fields;
}

const PATIENCE = 3000;
const MOST_BYTES = 256 * 1024;

/** Sends the questions one after another, and gives the answers up to their ends; fewer where it does not go on. */
export function askNut(
  port: number,
  questionsAfter: (answers: readonly string[]) => string | undefined,
): Promise<string[]> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    const answers: string[] = [];
    let text = '';
    const timer = setTimeout(() => socket.destroy(), PATIENCE);
    const askNext = () => {
      const question = questionsAfter(answers);
      if (question === undefined) socket.end('LOGOUT\n');
      else socket.write(`${question}\n`);
    };
    socket.setEncoding('utf8');
    socket.on('connect', askNext);
    socket.on('data', (part: string) => {
      text += part;
      if (text.length > MOST_BYTES) socket.destroy();
      if (!/^(END LIST .*|ERR .*)\n/m.test(text)) return;
      answers.push(text);
      text = '';
      askNext();
    });
    // Nobody listens there, or it went away.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(answers);
    });
  });
}

const NUT_PORT = 3493;
/** A machine without one is asked again after this time, in milliseconds. */
const TRY_AGAIN = 300_000;
const MOST_SUPPLIES = 16;

export function createUps(port = NUT_PORT): Collector {
  let triedAt = -Infinity;
  let hasNut = false;
  return {
    async collect({ at }) {
      if (!hasNut && at - triedAt < TRY_AGAIN) return 'absent';
      triedAt = at;
      let names: string[] = [];
      const [list, ...supplies] = await askNut(port, (answers) => {
        if (answers.length === 0) return 'LIST UPS';
        names = parseUpsList(answers[0] ?? '').slice(0, MOST_SUPPLIES);
        const next = names[answers.length - 1];
        return next === undefined ? undefined : `LIST VAR ${next}`;
      });
      hasNut = list !== undefined;
      const fields: Fields = {};
      for (const [place, text] of supplies.entries()) {
        const name = names[place];
        if (name !== undefined) Object.assign(fields, parseUps(name, text));
      }
      return Object.keys(fields).length > 0 ? fields : 'absent';
    },
  };
}
