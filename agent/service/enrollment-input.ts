/** Where `install` and `join` get the enrollment string from when the settings have none: standard input. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { EnrollmentError, parseEnrollment, type Enrollment } from '#protocol/enrollment.ts';
import { ConfigError } from '../config/config.ts';

const PROMPT = 'Enrollment string (the server shows it under "Add a machine"): ';

/** Asks at a terminal, without showing what is typed: it is a secret. */
function ask(): Promise<string> {
  const hidden = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output: hidden, terminal: true });
  process.stderr.write(PROMPT);
  return new Promise((resolve) => {
    let answer = '';
    reader.once('line', (line) => {
      answer = line;
      reader.close();
    });
    reader.once('close', () => {
      process.stderr.write('\n');
      resolve(answer);
    });
  });
}

async function readAll(): Promise<string> {
  let text = '';
  process.stdin.setEncoding('utf8');
  for await (const chunk of process.stdin) text += String(chunk);
  return text;
}

/** The enrollment string that a person types or a program pipes in; undefined for none. @throws ConfigError */
export async function readEnrollment(): Promise<Enrollment | undefined> {
  const text = (process.stdin.isTTY ? await ask() : await readAll()).trim();
  if (text === '') return undefined;
  try {
    return parseEnrollment(text);
  } catch (error) {
    if (error instanceof EnrollmentError) throw new ConfigError([error.message]);
    throw error;
  }
}
