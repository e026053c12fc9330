import { beforeAll, describe, expect, it } from 'vitest';
import type { ReadyPackage } from '../../server/packages/package-folder.ts';
import { bootstrapScript, makeInstallTexts } from '../../server/packages/install-texts.ts';
import { PUBLIC_TRUST, trustIn, type Trust } from '../../server/packages/trust.ts';
import { makeChain } from '../tls/chain.ts';

const server = 'https://watch.example.org';
const enrollment = 'watchfloor://wf_key_x@watch.example.org:443';
const ready: readonly ReadyPackage[] = (['linux', 'macos', 'windows'] as const).map((system) => ({
  ...{ name: `for-${system}`, version: '0.1.0', system, arch: 'x64', kind: 'executable', state: 'ready' },
  ...{ bytes: 1, modified_at: 0, sha256: 'ab'.repeat(32) },
}));
const textsWith = (trust: Trust) => makeInstallTexts({ server, trust, enrollment, ready });

let chain: Awaited<ReturnType<typeof makeChain>>;
beforeAll(async () => {
  chain = await makeChain();
});

describe('what is pasted to install an agent', () => {
  it('[S1] with a certificate of a public authority no text leaves out a check of TLS', () => {
    const texts = Object.values(textsWith(PUBLIC_TRUST)).filter((text) => text !== null);
    expect(texts).toHaveLength(10);
    for (const text of texts) expect(text).not.toMatch(/ -k |insecure|--no-check|pinnedpubkey/);
    expect(textsWith(PUBLIC_TRUST).linux).toBe(
      `curl -fsS ${server}/install/agent.sh | WATCHFLOOR_ENROLL='${enrollment}' sh`,
    );
  });

  it('[S1] no text leaves out the checks of TLS without a pin', () => {
    const trust = trustIn([chain.leaf, chain.middle, chain.root].join('\n'), true);
    for (const text of Object.values(textsWith(trust)))
      expect(text?.replaceAll(`-k --pinnedpubkey '${trust.pin}'`, '') ?? '').not.toMatch(/ -k /);
  });

  it('[S1] what is kept trusts a private authority, whose next certificate may have another key', () => {
    const trust = trustIn([chain.leaf, chain.middle, chain.root].join('\n'), false);
    expect(trust.authority).toBe(chain.root.trim());
    const { linux, cloud_init, ansible, kubernetes, compose } = textsWith(trust);
    expect(linux).toContain(`-k --pinnedpubkey '${trust.pin}'`);
    for (const text of [cloud_init, ansible, kubernetes, compose]) {
      expect(text).toContain('--cacert');
      expect(text).not.toContain('--pinnedpubkey');
    }
    expect(bootstrapScript({ server, trust, enrollment, ready }, 'wget')).toContain(
      'wget -qO- --ca-certificate',
    );
  });
});
