import { describe, expect, test } from 'vitest';
import { parseJson } from '#protocol/body.ts';

const bytes = (text: string) => Buffer.from(text);
/** Makes a body long enough to be searched. */
const padded = (text: string) => bytes(text + ' '.repeat(5000));
const messageOf = (body: Buffer) => {
  try {
    parseJson(body);
    return 'no error';
  } catch (error) {
    return JSON.stringify(error);
  }
};

describe('JSON bodies', () => {
  test.each([
    ['arrays', '['.repeat(520_000)],
    ['objects', '{"a":'.repeat(100_000)],
    ['arrays in objects', '{"a":['.repeat(1000)],
    ['closed arrays', `${'['.repeat(33)}${']'.repeat(33)}`],
    ['arrays after a text with quotes', `["a\\"b\\\\",${'['.repeat(32)}`],
  ])('[S5] %s that are nested deeper than 32 are refused before they are parsed', (_, text) => {
    expect(messageOf(padded(text))).toContain('nested deeper than 32');
  });

  test.each([
    ['32 arrays in one another', `${'['.repeat(32)}${']'.repeat(32)}`],
    ['brackets in a text', JSON.stringify(['['.repeat(100)])],
    ['brackets in a text with quotes', JSON.stringify([`\\"\\\\"${'{'.repeat(100)}`])],
    ['brackets as a name', JSON.stringify({ ['['.repeat(100)]: 1 })],
    ['many arrays beside one another', JSON.stringify(Array.from({ length: 5000 }, () => []))],
  ])('%s are accepted', (_, text) => {
    expect(parseJson(padded(text))).toEqual(JSON.parse(text));
  });
});
