import { describe, expect, it } from 'vitest';
import { changesOffset, createZone, momentAt, offsetText, zoneText } from '../../../web/src/format/zone.ts';

const HOUR = 3_600_000;
const wall = (text: string) => Date.parse(`${text}Z`);
const berlin = createZone('Europe/Berlin');

describe('time zones', () => {
  it('a time on the clocks of a zone is found, where it is shown once', () => {
    expect(momentAt(berlin, wall('2026-07-01T12:00'))).toEqual({
      t: Date.parse('2026-07-01T10:00Z'),
      kind: 'once',
    });
    expect(momentAt(createZone('Asia/Kathmandu'), wall('2026-07-01T12:00')).t).toBe(
      Date.parse('2026-07-01T06:15Z'),
    );
  });

  it('of a time that clocks show twice the first is taken', () => {
    expect(momentAt(berlin, wall('2026-10-25T02:30'))).toEqual({
      t: Date.parse('2026-10-25T00:30Z'),
      kind: 'twice',
    });
  });

  it('a time that clocks skip is known as such', () => {
    expect(momentAt(berlin, wall('2026-03-29T02:30'))).toEqual({
      t: Date.parse('2026-03-29T01:30Z'),
      kind: 'skipped',
    });
  });

  it('a zone is named with its offset from UTC at the time', () => {
    expect(zoneText(berlin, Date.parse('2026-07-01T00:00Z'))).toBe('Europe/Berlin, UTC+2');
    expect(zoneText(createZone('UTC'), 0)).toBe('UTC');
    expect(zoneText(createZone('America/New_York'), 0)).toBe('America/New York, UTC−5');
    expect([offsetText(0), offsetText(-3.5 * HOUR)]).toEqual(['±0', '−3:30']);
  });

  it('a range in which clocks are set forward or back is known as such, also where they are set back again', () => {
    const at = (text: string) => Date.parse(`${text}Z`);
    expect(changesOffset(berlin, at('2026-10-24T00:00'), at('2026-10-26T00:00'))).toBe(true);
    expect(changesOffset(berlin, at('2026-01-01T00:00'), at('2027-01-01T00:00'))).toBe(true);
    expect(changesOffset(berlin, at('2026-06-01T00:00'), at('2026-07-01T00:00'))).toBe(false);
  });

  it('there is no zone of a name that is none', () => {
    expect(() => createZone('Mars/Olympus')).toThrow(RangeError);
  });
});
