import { describe, expect, it } from 'vitest';
import { redact } from '../../../server/alerts/notify/redact.ts';

describe('redact', () => {
  it.each([
    ['as it is', (secret: string) => secret],
    ['in an address', encodeURIComponent],
    ['in a form', (secret: string) => new URLSearchParams({ a: secret }).toString().slice(2)],
    ['in JSON', (secret: string) => JSON.stringify(secret).slice(1, -1)],
    ['in HTML', () => 'p&amp;ss &quot;wörd&quot;/&lt;1&gt;'],
    ['in other letter case', (secret: string) => secret.toUpperCase()],
    ['as Basic login', (secret: string) => Buffer.from(secret).toString('base64')],
  ])('[S6] a secret is removed %s', (_, write) => {
    const secret = 'p&ss "wörd"/<1>';
    const text = redact(`The server said ${write(secret)} is wrong`, [secret]);
    expect(text).toBe('The server said [secret] is wrong');
  });

  it('[S6] of a secret address, its path alone and the telling parts of it are removed', () => {
    const secrets = ['https://hooks.example.com/services/T0001/B0002/abcdEFGH1234?key=k-999999'];
    expect(redact('POST https://hooks.example.com/services/T0001/B0002/abcdEFGH1234 failed', secrets)).toBe(
      'POST https://hooks.example.com[secret] failed',
    );
    expect(redact('no hook abcdEFGH1234, key k-999999, in services', secrets)).toBe(
      'no hook [secret], key [secret], in services',
    );
  });

  it('[S6] a short secret is removed where it is a word of its own, and leaves other words whole', () => {
    expect(redact('password ab: absent', ['ab'])).toBe('password [secret]: absent');
  });

  it('texts without a secret stay as they are', () => {
    expect(redact('all of it', [])).toBe('all of it');
    expect(redact('all of it', [''])).toBe('all of it');
  });
});
