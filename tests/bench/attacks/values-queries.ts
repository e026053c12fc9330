/** A signed-in viewer that opens as many heavy values queries as it may, on a fleet that pushes. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { ALL_MACHINES } from '#protocol/machine-scope.ts';
import { frameOf } from '../../live/frames.ts';
import { startPushClient, type RoundDone } from '../push-round.ts';
import { Tally, type Attack, type Target } from './attack.ts';
import { dialLive } from './dial.ts';

const DEVICES = 1000;
/** The fleet pushes from before the honest devices are measured alone until the attack is over. */
const FLEET_S = 36;
/** In so many browsers the viewer has signed in: each has bytes of snapshots of its own. */
const SESSIONS = 4;
/** More rooms than these a connection does not get. */
const CONNECTIONS = 7;
const QUERIES_PER_CONNECTION = 80;
const FIELDS = 100;
const ASKS_PER_SECOND = 20;

const ACCOUNT = { username: 'ann', password: 'a viewer of everything', role: 'viewer' };
const measured = z.array(z.object({ fields: z.record(z.string(), z.number()) }));

let fleet: Promise<RoundDone> | undefined;

/** Starts the fleet's pushes. */
async function startFleet({ server, devices, samplesFile }: Target): Promise<void> {
  await server.admin.ask('POST', '/users', { body: ACCOUNT });
  const client = startPushClient();
  const round = { samplesFile, samples: 5, everyMs: 200, intervalS: 5, seconds: FLEET_S };
  fleet = client
    .run({ ...round, port: server.port, caFile: server.authorityFile(), devices: [...devices] })
    .finally(client.stop);
}

async function signIn({ server }: Target): Promise<string> {
  const client = server.client();
  const { status, text } = await client.login(ACCOUNT.username, ACCOUNT.password);
  if (status !== 200) throw new Error(`the viewer cannot sign in: ${status} ${text}`);
  return client.cookie ?? '';
}

/** The packet that asks for the values of FIELDS of the names on all machines; those of each `turn` are others. */
function query(names: readonly string[], turn: number): string {
  const fields = Array.from({ length: FIELDS }, (_, i) => names[(turn + i) % names.length] ?? '');
  // A name that nobody sends makes each query another one.
  const target = { values: { scope: ALL_MACHINES, fields: [...fields, `query_${turn}`] } };
  return `42${turn}${JSON.stringify(['subscribe', target])}`;
}

export const valuesQueries: Attack = {
  name: 'values-queries',
  what: `a viewer with ${SESSIONS} sessions opens values queries of ${FIELDS} fields of ${DEVICES} pushing machines, as many as it may`,
  devices: DEVICES,
  prepare: startFleet,
  async run(target) {
    const tally = new Tally();
    const names = Object.keys(
      measured.parse(JSON.parse(readFileSync(target.samplesFile, 'utf8')))[0]?.fields ?? {},
    );
    async function attack(session: number, cookie: string, connection: number): Promise<void> {
      const socket = await dialLive(target, { cookie, origin: target.server.url });
      socket.on('data', (bytes: Buffer) => {
        tally.add('bytes answered', bytes.length);
        for (const answer of ['"ok":true', '"code":"forbidden"', '"code":"too_large"'])
          if (bytes.includes(answer)) tally.add(`${answer}:`);
      });
      const entered = once(socket, 'data');
      socket.write(frameOf('40'));
      await entered;
      for (let asked = 0; !target.over(); asked++) {
        if (asked < QUERIES_PER_CONNECTION) {
          const turn = (session * CONNECTIONS + connection) * QUERIES_PER_CONNECTION + asked;
          socket.write(frameOf(query(names, turn)));
          tally.add('asked');
        }
        await pause(1000 / ASKS_PER_SECOND);
      }
      socket.destroy();
    }
    const cookies = await Promise.all(Array.from({ length: SESSIONS }, () => signIn(target)));
    await Promise.all(
      cookies.flatMap((cookie, session) =>
        Array.from({ length: CONNECTIONS }, (_, connection) => attack(session, cookie, connection)),
      ),
    );
    const pushed = await fleet;
    for (const [name, count] of Object.entries(pushed ?? {})) tally.add(`fleet ${name}`, Math.round(count));
    return tally.counts();
  },
};
