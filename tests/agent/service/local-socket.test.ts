import { statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { answerLocally, askAgent, type Answer } from '../../../agent/service/local-socket.ts';
import { ownFolder } from '../data-folder/folder.ts';
import { keptLog } from '../quiet.ts';

async function answering(folder: string, answer: Answer, log = keptLog()) {
  const stop = await answerLocally(folder, answer, log);
  onTestFinished(stop);
  return { stop, log };
}

const echo: Answer = (question) => Promise.resolve({ heard: JSON.parse(question) });

describe('the socket of a data folder', () => {
  it('[G5] the socket is for its owner and root alone, and answers each question', async () => {
    const folder = ownFolder();
    const { stop } = await answering(folder, echo);
    expect(statSync(join(folder, 'agent.sock')).mode & 0o777).toBe(0o600);
    const answers = await Promise.all([1, 2, 3].map((n) => askAgent(folder, { n })));
    expect(answers).toEqual([1, 2, 3].map((n) => ({ kind: 'answer', text: `{"heard":{"n":${n}}}` })));
    stop();
    await expect.poll(() => askAgent(folder, {})).toEqual({ kind: 'none' });
  });

  it('agents with folders of their own on one machine answer each for itself', async () => {
    const folders = [ownFolder(), ownFolder()];
    for (const folder of folders) await answering(folder, () => Promise.resolve({ folder }));
    for (const folder of folders)
      expect(await askAgent(folder, {})).toEqual({ kind: 'answer', text: JSON.stringify({ folder }) });
  });

  it('what a killed agent left in the place of the socket is taken over', async () => {
    const folder = ownFolder();
    writeFileSync(join(folder, 'agent.sock'), '');
    expect(await askAgent(folder, {})).toEqual({ kind: 'none' });
    const { log } = await answering(folder, echo);
    expect(log.lines).toEqual([]);
    expect(await askAgent(folder, {})).toMatchObject({ kind: 'answer' });
  });

  it('a folder whose path is too long for a socket is logged, and the agent runs without one', async () => {
    const folder = join(ownFolder(), 'a'.repeat(100));
    const { log } = await answering(folder, echo);
    expect(log.lines).toEqual([
      { level: 'warn', text: expect.stringMatching(/longer than the system allows/) },
    ]);
    expect(await askAgent(folder, {})).toEqual({ kind: 'none' });
  });

  it('an agent that ends the connection without an answer is silent, not absent', async () => {
    const folder = ownFolder();
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(join(folder, 'agent.sock'), resolve));
    onTestFinished(() => void server.close());
    expect(await askAgent(folder, {})).toMatchObject({ kind: 'silent' });
  });

  it('a question that is too long or no JSON gets no answer, and the next one does', async () => {
    const folder = ownFolder();
    await answering(folder, echo);
    expect(await askAgent(folder, { long: 'x'.repeat(20_000) })).toMatchObject({ kind: 'silent' });
    expect(await askAgent(folder, { n: 1 })).toMatchObject({ kind: 'answer' });
  });
});
