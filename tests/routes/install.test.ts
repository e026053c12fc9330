import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packagesReply } from '#protocol/packages.ts';
import { eventually } from '../e2e/eventually.ts';
import { sha256, writePackages } from '../packages/made-up-packages.ts';
import { errorOf, openStage, type Stage } from './stage.ts';

const LARGE = 'watchfloor-agent-0.1.0-linux-x64';
const SMALL = 'watchfloor-agent_0.1.0_amd64.deb';
const DAMAGED = 'watchfloor-agent_0.1.0_arm64.deb';
const large = randomBytes(24 * 1024 * 1024);

const folder = mkdtempSync(join(tmpdir(), 'watchfloor-packages-'));
let stage: Stage;
beforeAll(async () => {
  writePackages(folder, { [LARGE]: large, [SMALL]: 'small', [DAMAGED]: 'as it was built' });
  writeFileSync(join(folder, DAMAGED), 'as it is now');
  stage = await openStage({ packages: folder });
  await eventually('the packages were checked', async () => (await states())[LARGE] === 'ready');
});
afterAll(async () => {
  await stage.close();
  rmSync(folder, { recursive: true, force: true });
});

async function states(): Promise<Record<string, string>> {
  const { packages } = (await stage.admin.ask('GET', '/packages')).as(packagesReply);
  return Object.fromEntries(packages.map(({ name, state }) => [name, state]));
}

/** Begins to fetch from an address, and reads nothing yet. */
function begin(path: string, from: string): Promise<{ response: IncomingMessage; close: () => void }> {
  const url = new URL(path, stage.server().url);
  const ca = readFileSync(join(stage.data, 'tls', 'authority.crt'), 'utf8');
  return new Promise((resolve, reject) => {
    const request = https.get(url, { ca, localAddress: from, family: 4, agent: false }, (response) => {
      response.on('error', () => undefined);
      resolve({ response, close: () => request.destroy() });
    });
    request.on('error', reject);
  });
}

async function readAll(response: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of response) pieces.push(piece);
  return Buffer.concat(pieces);
}

describe('packages', () => {
  it('a stranger gets a large package whole, though it is read in pieces and slowly', async () => {
    const { response } = await begin(`/install/${LARGE}`, '127.0.0.2');
    expect(response.statusCode).toBe(200);
    expect(response.headers).toMatchObject({
      'content-length': String(large.length),
      'content-type': 'application/octet-stream',
    });
    expect(sha256(await readAll(response))).toBe(sha256(large));
  });

  it('HEAD answers the size of a package and nothing of it', async () => {
    const answer = await stage.client('127.0.0.2').ask('HEAD', `/install/${LARGE}`);
    expect([answer.status, answer.headers['content-length'], answer.text]).toEqual([
      200,
      String(large.length),
      '',
    ]);
  });

  it('the list of checksums, its signature and its key are handed out as they are', async () => {
    for (const name of ['SHA256SUMS', 'SHA256SUMS.minisig', 'watchfloor.pub'])
      expect((await stage.client('127.0.0.2').ask('GET', `/install/${name}`)).text).toBe(
        readFileSync(join(folder, name), 'utf8'),
      );
  });

  it.each([DAMAGED, 'watchfloor-agent_9.9.9_amd64.deb', '..%2Fstate.json', '%2Fetc%2Fpasswd', 'toString'])(
    '[S5] %s is not handed out, and the answer says where the reason stands',
    async (name) => {
      const error = errorOf(await stage.client('127.0.0.3').ask('GET', `/install/${name}`));
      expect(error).toMatchObject({ status: 404, message: expect.stringContaining('Settings, Packages') });
    },
  );

  it('people see what is there and what is damaged; strangers do not', async () => {
    expect(await states()).toEqual({ [LARGE]: 'ready', [SMALL]: 'ready', [DAMAGED]: 'damaged' });
    const { folder: shown, fill, checksums } = (await stage.admin.ask('GET', '/packages')).as(packagesReply);
    expect([shown, fill, checksums]).toEqual([
      folder,
      `WATCHFLOOR_PACKAGES='${folder}' npm run package`,
      'signed',
    ]);
    expect((await stage.client('127.0.0.4').ask('GET', '/packages')).status).toBe(401);
  });

  it('[S5] one network gets so many packages at once, and another one goes on', async () => {
    const open = await Promise.all(Array.from({ length: 12 }, () => begin(`/install/${LARGE}`, '127.0.0.5')));
    const client = stage.client('127.0.0.5');
    const refused = await client.ask('GET', `/install/${LARGE}`);
    expect([refused.status, refused.headers['retry-after']]).toEqual([503, '10']);
    const { response } = await begin(`/install/${SMALL}`, '127.0.0.6');
    expect((await readAll(response)).toString()).toBe('small');
    // A client that goes away gives its place back.
    for (const { close } of open) close();
    await eventually(
      'a place was free',
      async () => (await client.ask('GET', `/install/${SMALL}`)).status === 200,
    );
  });

  it('[S5] one network may ask so often in a minute, and is told when it may again', async () => {
    const client = stage.client('127.0.0.7');
    let last = await client.ask('GET', '/install/SHA256SUMS');
    for (let i = 1; i < 121; i++) last = await client.ask('GET', '/install/SHA256SUMS');
    expect([last.status, Number(last.headers['retry-after'])]).toEqual([429, expect.any(Number)]);
    expect((await stage.client('127.0.0.8').ask('GET', '/install/SHA256SUMS')).status).toBe(200);
  });

  it('[S6] a Host header that is no host names localhost in the script', async () => {
    const asked = (host: string) =>
      new Promise<string>((resolve, reject) => {
        const options = { rejectUnauthorized: false, agent: false, headers: { host } };
        https
          .get(new URL('/install/agent.sh', stage.server().url), options, (response) => {
            readAll(response).then((bytes) => resolve(bytes.toString()), reject);
          })
          .on('error', reject);
      });
    expect(await asked('watch.example:9000')).toContain("\nserver='https://watch.example:9000'\n");
    expect(await asked('[2001:db8::1]:9000')).toContain("\nserver='https://[2001:db8::1]:9000'\n");
    expect(await asked("a'$(id)")).not.toContain('$(id)');
  });
});
