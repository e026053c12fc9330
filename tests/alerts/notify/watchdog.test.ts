import { describe, expect, it } from 'vitest';
import type { Notification, NotifySettings } from '#protocol/notify.ts';
import { createOutbox } from '../../../server/alerts/notify/outbox.ts';
import { startWatchdog } from '../../../server/alerts/notify/watchdog.ts';
import { handClock } from '../../fleet/hand-clock.ts';
import { memoryCollection } from '../../state/memory-collection.ts';

const settle = () => new Promise((resolve) => setImmediate(resolve));

/** The clock begins on 1 January 2026 at 00:00 UTC. */
function stageWatchdog(settings: NotifySettings['watchdog']) {
  const clock = handClock();
  const notifications = memoryCollection<Notification>();
  const start = () =>
    startWatchdog({
      settings: () => settings,
      summary: () => '3 of 3 machines are online.',
      outbox: createOutbox(notifications),
      onAdded: () => undefined,
      clock,
    });
  let stop = start();
  return {
    notifications,
    async passHours(hours: number) {
      for (let minute = 0; minute < hours * 60; minute++) {
        clock.pass(60_000);
        await settle();
      }
    },
    /** The server is off for so many hours. */
    async off(hours: number) {
      stop();
      clock.pass(hours * 3_600_000);
      stop = start();
      await settle();
    },
    times: () =>
      notifications.all().map(({ id, channel_id }) => {
        const at = new Date(Number(id.split('.')[1])).toISOString().slice(5, 16);
        return `${at} ${channel_id}`;
      }),
  };
}

const AT_NINE = { at: '09:00', time_zone: 'UTC', channels: ['phone'] };

describe('the daily message', () => {
  it('the daily message goes out once a day at its time, to each of its channels', async () => {
    const stage = stageWatchdog({ ...AT_NINE, channels: ['phone', 'mail'] });
    await stage.passHours(48);
    expect(stage.times()).toEqual([
      '01-01T09:00 phone',
      '01-01T09:00 mail',
      '01-02T09:00 phone',
      '01-02T09:00 mail',
    ]);
    expect(stage.notifications.all()[0]).toMatchObject({
      event: 'watchdog',
      note: '3 of 3 machines are online.',
    });
  });

  it('[A3] a restart just after it does not send it again', async () => {
    const stage = stageWatchdog(AT_NINE);
    await stage.passHours(9);
    await stage.passHours(0.05);
    await stage.off(0.05);
    await stage.passHours(2);
    expect(stage.times()).toEqual(['01-01T09:00 phone']);
  });

  it('a server that was off at its time waits for the next day', async () => {
    const stage = stageWatchdog(AT_NINE);
    await stage.off(12);
    await stage.passHours(24);
    expect(stage.times()).toEqual(['01-02T09:00 phone']);
  });

  it('its time is that of its zone', async () => {
    const stage = stageWatchdog({ ...AT_NINE, time_zone: 'Asia/Tokyo' });
    await stage.passHours(25);
    expect(stage.times()).toEqual(['01-01T00:00 phone', '01-02T00:00 phone']);
  });
});
