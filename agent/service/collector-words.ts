/** What a trial of a collector came to, for a person. */
import type { Tried } from '../sampling/trial.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
  ENODATA: 'it has no data',
  ENODEV: 'its device does not answer',
  EIO: 'its device fails',
  EOPNOTSUPP: 'this kernel does not support it',
};

/** So many files are named. */
const MOST_NAMED = 3;

/** The files that could not be read, with the reasons; empty where all could. */
function unreadableText({ unreadable }: Pick<Tried, 'unreadable'>): string {
  const named = unreadable
    .slice(0, MOST_NAMED)
    .map(({ path, reason }) => `${path}: ${REASONS[reason] ?? reason}`);
  const others = unreadable.length - named.length;
  return [...named, ...(others > 0 ? [`and ${others} more`] : [])].join('; ');
}

/** What is wrong with a collector, or why it gives nothing; undefined where it measures and could read everything. */
export function troubleText(tried: Tried): string | undefined {
  // A file that is not there is no fault where a collector has found what it needs.
  const isExpected = ({ reason }: { reason: string }) => tried.state === 'measures' && reason === 'ENOENT';
  const files = unreadableText({ unreadable: tried.unreadable.filter((one) => !isExpected(one)) });
  const why = files === '' ? '' : ` (${files})`;
  if (tried.state === 'fails') return `fails: ${tried.problem ?? 'no reason is known'}${why}`;
  if (tried.state === 'hangs') return `does not answer${why}`;
  if (tried.state === 'absent') return `not present here${why}`;
  if (tried.trouble !== undefined) return `measures, but not everything: ${tried.trouble}`;
  return files === '' ? undefined : `measures, but not everything${why}`;
}
