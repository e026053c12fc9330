/** A crowded machine: many processes, connections and mounts. */
import { startProcess, type Running } from '../e2e/process.ts';

export const CROWD = { processes: 2000, sockets: 10_000, mounts: 500 } as const;

/** Processes that sleep, and a line when all are there. */
const SLEEPERS = `i=0; while [ $i -lt ${CROWD.processes} ]; do sleep 3600 & i=$((i+1)); done; echo ready; wait`;

/** Connections of a process with itself: two sockets each. */
const CONNECTIONS = `
  const net = require('node:net');
  const wanted = ${CROWD.sockets / 2};
  const kept = [];
  const server = net.createServer((socket) => kept.push(socket));
  server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, async () => {
    const { port } = server.address();
    for (let left = wanted; left > 0; left--)
      await new Promise((resolve, reject) => {
        const socket = net.connect(port, '127.0.0.1', resolve);
        socket.on('error', reject);
        kept.push(socket);
      });
    console.log('ready');
  });
  setInterval(() => kept.length, 60_000);
`;

/** A command before that of an agent, which then sees the mounts; they end with it. Needs root. */
export const amongMounts: readonly string[] = [
  'unshare',
  '--mount',
  'sh',
  '-c',
  // The folders are in a file system of their own, so that nothing of them is left.
  [
    'set -e; mount -t tmpfs crowd /mnt; i=0',
    `while [ $i -lt ${CROWD.mounts} ]; do mkdir /mnt/$i; mount -t tmpfs -o size=64k crowd /mnt/$i; i=$((i+1)); done`,
    'exec "$@"',
  ].join('; '),
  'sh',
];

/** Makes the processes and the connections. Returns their stop. */
export async function startCrowd(): Promise<() => Promise<void>> {
  const started: Running[] = [];
  const stop = async () => {
    for (const one of started.splice(0)) await one.stop();
  };
  try {
    // Its children get the signals, too.
    started.push(await startProcess({ file: 'sh', args: ['-c', SLEEPERS], group: true }));
    const limit = `ulimit -n ${CROWD.sockets + 1000}; exec "$@"`;
    const args = ['-c', limit, 'sh', process.execPath, '-e', CONNECTIONS];
    started.push(await startProcess({ file: 'sh', args }));
    for (const one of started) await one.line(/ready/);
    return stop;
  } catch (error) {
    await stop();
    throw error;
  }
}
