/**
 * The socket at which a running agent answers the other commands of `watchfloor-agent` on the same machine. It lies in
 * the data folder and is open to the agent's own user and root, like the folder's files. Each connection carries one
 * question and one answer, both JSON, the question ended by a line's end.
 *
 * On Windows it is a named pipe: others than its user, administrators and the system may read from it, but not write
 * the question.
 */
import { createHash } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { join, resolve } from 'node:path';
import { errorCode, errorText } from '#protocol/errors.ts';
import { removeFile } from '../data-folder/data-folder.ts';
import type { Log } from '../log.ts';

const NAME = 'agent.sock';
/** The longest path of a socket: the system's 108 bytes, or 104 on macOS, with the zero at its end. */
const MOST_PATH = 103;
const MOST_QUESTION = 16 * 1024;
const MOST_ANSWER = 4 * 1024 * 1024;
/** How long either side waits for the other, in milliseconds. */
const PATIENCE = 5000;

function addressOf(folder: string): string {
  if (process.platform !== 'win32') return join(folder, NAME);
  const id = createHash('sha256').update(resolve(folder).toLowerCase()).digest('hex').slice(0, 16);
  return `\\\\.\\pipe\\watchfloor-agent-${id}`;
}

/** Reads until the line or the stream ends, at most `most` characters. */
function readText(
  socket: Socket,
  { most, patience }: { most: number; patience: number },
  isWhole: (text: string) => boolean,
): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.setTimeout(patience, () => reject(new Error(`no answer within ${patience / 1000} s`)));
    socket.on('data', (chunk) => {
      text += String(chunk);
      if (text.length > most) reject(new Error('it is longer than it may be'));
      else if (isWhole(text)) resolve(text);
    });
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('the connection was closed')));
  });
}

/** Answers one question, given as its text; the result is sent as JSON. */
export type Answer = (question: string) => Promise<object>;

/**
 * Answers at the data folder's socket. Returns its stop. The caller holds the folder's lock, so that a socket that lies
 * there is a dead agent's. Where the socket cannot be made, that is logged, and the agent runs without it.
 */
export async function answerLocally(folder: string, answer: Answer, log: Log): Promise<() => void> {
  const address = addressOf(folder);
  const isFile = process.platform !== 'win32';
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // Whoever asked may go away at any time.
    socket.on('error', () => undefined);
    void readText(socket, { most: MOST_QUESTION, patience: PATIENCE }, (text) => text.endsWith('\n'))
      .then((question) => {
        socket.setTimeout(0);
        return answer(question);
      })
      .then((result) => socket.end(JSON.stringify(result)))
      .catch((error: unknown) => {
        log.debug({ reason: errorText(error) }, 'a question of another command could not be answered');
        socket.destroy();
      });
  });
  try {
    if (isFile && Buffer.byteLength(address) > MOST_PATH)
      throw new Error(`the path ${address} is longer than the system allows`);
    if (isFile) removeFile(address);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(address, resolve);
    });
    if (isFile) chmodSync(address, 0o600);
  } catch (error) {
    log.warn(
      { reason: errorText(error) },
      'other commands cannot ask this agent how it does, since its socket cannot be made in the data folder',
    );
  }
  server.on('error', (error) =>
    log.debug({ reason: errorText(error) }, 'the socket of the data folder fails'),
  );
  return () => {
    for (const socket of sockets) socket.destroy();
    // Closing removes the socket's file.
    server.close();
  };
}

/** Why no running agent answered. */
export type NoAnswer =
  /** No agent runs with this folder: there is no socket, or only that of one which was killed. */
  | { readonly kind: 'none' }
  /** This user may not ask. */
  | { readonly kind: 'forbidden' }
  /** It holds its socket, and does not answer. */
  | { readonly kind: 'silent'; readonly reason: string };

/** Asks the agent that runs with this data folder. `patience`: how long to wait for the answer, in milliseconds. */
export async function askAgent(
  folder: string,
  question: object,
  patience = PATIENCE,
): Promise<NoAnswer | { readonly kind: 'answer'; readonly text: string }> {
  const socket = connect(addressOf(folder));
  try {
    const answer = readText(socket, { most: MOST_ANSWER, patience }, () => false);
    socket.write(`${JSON.stringify(question)}\n`);
    const text = await answer;
    return text === '' ? { kind: 'silent', reason: 'the connection was closed' } : { kind: 'answer', text };
  } catch (error) {
    const code = errorCode(error);
    if (['ENOENT', 'ECONNREFUSED', 'ENOTDIR', 'ENOTSOCK', 'ENAMETOOLONG', 'EINVAL'].includes(code))
      return { kind: 'none' };
    if (['EACCES', 'EPERM'].includes(code)) return { kind: 'forbidden' };
    return { kind: 'silent', reason: errorText(error) };
  } finally {
    socket.destroy();
  }
}
