/** The steps of installing on Windows, with what its programs answer played; under wine they were run for real. */
import { expect, it } from 'vitest';
import type { Ran } from '../../../agent/service/manager.ts';
import { systemPlaces } from '../../../agent/service/places.ts';
import { removeService } from '../../../agent/service/windows-install.ts';

/** Answers of `sc.exe`, in order; the commands that were given. */
function windows(...answers: Partial<Ran>[]) {
  const asked: string[] = [];
  const run = (file: string, args: readonly string[]): Promise<Ran> => {
    asked.push([file, ...args].join(' '));
    return Promise.resolve({ status: 0, stdout: '', stderr: '', ...answers.shift() });
  };
  return { asked, parts: { run, pause: () => Promise.resolve() } };
}
const state = (number: number) => ({ stdout: `  STATE : ${number}  WORD` });

it('a service that runs is stopped, and taken out of the list only when its process has ended', async () => {
  const { asked, parts } = windows(state(4), {}, state(3), state(3), state(1));
  await removeService(parts);
  expect(asked).toEqual([
    'sc.exe query watchfloor-agent',
    'sc.exe stop watchfloor-agent',
    'sc.exe query watchfloor-agent',
    'sc.exe query watchfloor-agent',
    'sc.exe query watchfloor-agent',
    'sc.exe delete watchfloor-agent',
  ]);
});

it('where there is no service there is nothing to take away', async () => {
  const { asked, parts } = windows({ status: 1060 });
  await removeService(parts);
  expect(asked).toEqual(['sc.exe query watchfloor-agent']);
});

it('a service that does not stop is not taken away, and it is said what to do', async () => {
  const { asked, parts } = windows(state(4), {}, ...Array.from({ length: 200 }, () => state(3)));
  await expect(removeService(parts)).rejects.toThrow('end it in the list of services, then try again');
  expect(asked.join()).not.toContain('delete');
});

it('what Windows says of a step that failed is told', async () => {
  const { parts } = windows(state(1), {
    status: 5,
    stdout: '[SC] OpenService FAILED 5:\r\n\r\nAccess is denied.\r\n',
  });
  await expect(removeService(parts)).rejects.toThrow(
    'sc.exe delete failed with 5: [SC] OpenService FAILED 5: Access is denied.',
  );
});

it('on Windows the program is where only administrators write, and settings and data are together', () => {
  expect(systemPlaces('/', 'win32')).toMatchObject({
    program: 'C:\\Program Files\\Watchfloor\\watchfloor-agent.exe',
    settings: 'C:\\ProgramData\\Watchfloor\\agent.env',
    data: 'C:\\ProgramData\\Watchfloor\\agent',
  });
});
