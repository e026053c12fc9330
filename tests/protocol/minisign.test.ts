import { describe, expect, it } from 'vitest';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { checkSignature, parsePublicKey } from '#protocol/minisign.ts';

/** Made by minisign 0.10 of the file "one line\n". */
const KEY = 'RWT+gSwS86tM5upKbGPinFIKvvVQexMuxfmVR3auvr57kkIe6mkURtIs';
const SIGNATURE = [
  'untrusted comment: signature of a Watchfloor release',
  'RUT+gSwS86tM5rTBk8JoFgWJir5i0hltJNRfM2f2jtTGlV6lrOsgmCn2yK5eks4TRkh4KVdUL0CD3A8OwmF8bEqUmZLGwPQ7HQE=',
  'trusted comment: watchfloor 1.2.3',
  'ZxH+5htGF61UicU2/f3lCP2YneSbSDsE/S9fob9W0n4+vpmPqjOVisw8j5nUXiU9Wn6A3rWjYpnf6CxdAqcTAw==',
  '',
];
const primitives = {
  blake2b512: (content: Uint8Array) => createHash('blake2b512').update(content).digest(),
  isSignedBy: (spki: Uint8Array, content: Uint8Array, signature: Uint8Array) =>
    verify(
      null,
      content,
      createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' }),
      signature,
    ),
};
const check = (content: string, signature: string) =>
  checkSignature(Buffer.from(content), signature, parsePublicKey(KEY), primitives);
const changed = (line: number, text: string) =>
  SIGNATURE.map((one, index) => (index === line ? text : one)).join('\n');

describe('signatures of minisign', () => {
  it('a signature that minisign made is right, with its comment', () => {
    expect(check('one line\n', SIGNATURE.join('\n'))).toBe('watchfloor 1.2.3');
    expect(parsePublicKey(`untrusted comment: minisign public key E64CABF3122C81FE\n${KEY}\n`).id).toBe(
      'E64CABF3122C81FE',
    );
  });

  it('a signature of another content or another comment is refused', () => {
    expect(() => check('one line', SIGNATURE.join('\n'))).toThrow(/of another content/);
    const comment = changed(2, 'trusted comment: watchfloor 9.9.9');
    expect(() => check('one line\n', comment)).toThrow(/of another comment/);
  });

  it('a signature by another key is refused, and both keys are named', () => {
    const bytes = Buffer.from(SIGNATURE[1] ?? '', 'base64');
    bytes[2] = 0;
    expect(() => check('one line\n', changed(1, bytes.toString('base64')))).toThrow(
      /by the key E64CABF3122C8100, not by E64CABF3122C81FE/,
    );
  });

  it.each(['', 'rubbish', changed(1, 'RUT+'), changed(3, ''), changed(2, 'comment')])(
    'the text %j is no signature',
    (text) => {
      expect(() => check('one line\n', text)).toThrow(/not a signature/);
    },
  );

  it('a text that is no public key is refused', () => {
    expect(() => parsePublicKey('RWT+gSwS')).toThrow(/not the public key/);
  });
});
