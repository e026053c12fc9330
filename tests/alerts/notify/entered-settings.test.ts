import { describe, expect, it } from 'vitest';
import { ApiError } from '#protocol/errors.ts';
import { telegram } from '../../../server/alerts/notify/channels/telegram.ts';
import { webhook } from '../../../server/alerts/notify/channels/webhook.ts';
import {
  changedSettings,
  checkedSettings,
  shownSettings,
} from '../../../server/alerts/notify/entered-settings.ts';

const STORED = { url: 'https://example.com/hook', method: 'POST', secret: 'sesame' };

describe('the settings of a channel', () => {
  it('[G5] secrets are never shown, only that they are set', () => {
    expect(shownSettings(webhook, STORED)).toEqual({
      settings: { method: 'POST' },
      secrets: ['url', 'secret'],
    });
    expect(JSON.stringify(shownSettings(webhook, STORED))).not.toContain('sesame');
  });

  it('[G5] the settings of a kind that this server does not know are not shown at all', () => {
    expect(shownSettings(undefined, STORED)).toEqual({ settings: {}, secrets: [] });
  });

  it('a secret that is left empty keeps its value, and one that is entered replaces it', () => {
    const kept = changedSettings(webhook, STORED, { url: null, method: 'PUT', secret: '' });
    expect(kept).toEqual({ ...STORED, method: 'PUT' });
    expect(changedSettings(webhook, STORED, { secret: 'new' })).toEqual({ ...STORED, secret: 'new' });
  });

  it('a wrong setting is named by its path, and what was stored stays as it is', () => {
    const change = () => changedSettings(webhook, STORED, { url: 'ftp://example.com' });
    expect(change).toThrow(ApiError);
    expect(change).toThrow(/^settings\.url: must be an address/);
    expect(() => checkedSettings(telegram, {})).toThrow(/^settings\./);
    expect(() => checkedSettings(webhook, { ...STORED, colour: 'red' })).toThrow(/colour/);
    expect(STORED.url).toBe('https://example.com/hook');
  });
});
