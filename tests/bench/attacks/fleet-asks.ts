/** A display that asks for the whole fleet again and again. */
import { once } from 'node:events';
import { frameOf } from '../../live/frames.ts';
import { Tally, type Attack, type Target } from './attack.ts';
import { dialLive, signInDisplay } from './dial.ts';

const DEVICES = 10_000;
const CONNECTIONS = 5;
const PER_SECOND = 20;
/** One push of each device, so that the fleet has values to show. The long interval keeps them online. */
async function pushOnce({ server, devices }: Target): Promise<void> {
  const client = server.client();
  const metrics = { cpu: 12.5, ram: 61.25, disk: 43.75, net_tx: 123_456, net_rx: 654_321 };
  const pushes = devices.map(({ id, token }) => {
    const push = { device_id: id, hostname: id, ip: '10.0.0.1', metrics, timestamp: Date.now() };
    return client.ask('POST', '/metrics', { token, body: { ...push, interval_s: 300 } });
  });
  const refused = (await Promise.all(pushes)).find(({ status }) => status !== 200);
  if (refused !== undefined) throw new Error(`a device cannot push: ${refused.status} ${refused.text}`);
}

export const fleetAsks: Attack = {
  name: 'fleet-asks',
  what: `a display asks for a fleet of ${DEVICES} devices ${PER_SECOND} times a second on ${CONNECTIONS} connections`,
  devices: DEVICES,
  prepare: pushOnce,
  async run(target) {
    const tally = new Tally();
    const cookie = await signInDisplay(target);
    async function attack(): Promise<void> {
      while (!target.over()) {
        const socket = await dialLive(target, { cookie, origin: target.server.url });
        tally.add('connections');
        socket.on('data', (bytes) => tally.add('bytes answered', bytes.length));
        socket.write(frameOf('40'));
        const asking = setInterval(() => {
          if (target.over()) return socket.destroy();
          tally.add('asked');
          socket.write(frameOf('421["subscribe","fleet"]'));
        }, 1000 / PER_SECOND);
        await once(socket, 'close');
        clearInterval(asking);
      }
    }
    await Promise.all(Array.from({ length: CONNECTIONS }, attack));
    return tally.counts();
  },
};
