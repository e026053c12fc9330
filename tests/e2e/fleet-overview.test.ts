/** Uses the overview of the fleet in a real browser, as the person who looks after 40 machines would. */
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { devicesReply } from '#protocol/api.ts';
import { silencesReply } from '#protocol/silences.ts';
import { launchBrowser } from '../browser.ts';
import { wrongWith } from './accessibility.ts';
import { startLargeFleet, type LargeFleet } from './large-fleet.ts';
import { closing, disposing, Opened } from './opened.ts';
import { fleetRow, signedIn, visitAsAdmin, type Person } from './ui.ts';

const MACHINES = 40;

describe('the overview of the fleet', () => {
  const opened = new Opened();
  let fleet: LargeFleet;
  let browser: Browser;
  let person: Person;
  let page: Page;

  beforeAll(async () => {
    fleet = opened.keep(await startLargeFleet(MACHINES), disposing);
    const condition = { kind: 'threshold', metric: 'cpu', threshold: 70, clear: 1, for_s: 0 };
    const rule = { name: 'CPU busy', severity: 'critical', condition };
    await fleet.server.admin.ask('POST', '/alert-rules', { body: rule });
    await fleet.pushAll();
    browser = opened.keep(await launchBrowser(), closing);
    person = opened.keep(await visitAsAdmin(browser, fleet.server), closing);
    page = person.page;
  });
  afterAll(() => opened.close());

  async function open(path: string): Promise<void> {
    await page.goto(`${fleet.server.url}/ui/${path}`);
    await signedIn(page);
  }
  const press = async (...keys: readonly string[]) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const query = () => new URL(page.url()).searchParams;
  const tagged = async (tag: string) => {
    const { devices } = (await fleet.server.admin.ask('GET', '/devices')).as(devicesReply);
    return devices.filter(({ tags }) => tags.includes(tag)).map(({ name }) => name);
  };
  const rows = () => page.getByRole('table', { name: 'Machines' }).getByRole('row');

  it('the worst machine comes first, its row says which field is wrong, and one key leads to it at that alert', async () => {
    await open('');
    const first = rows().nth(1);
    await first.getByText('Critical', { exact: true }).waitFor();
    await first.getByText(/^CPU \d+ %, above 70 %$/).waitFor();
    const name = await first.getByRole('link').first().innerText();
    await press('j', 'Enter');
    await page.getByRole('heading', { level: 1, name }).waitFor();
    expect(query().get('alert')).not.toBeNull();
    await page.goBack();
    await fleetRow(page, name).waitFor();
  });

  it('a key goes through list, tiles and heat map, the address says which, and Back goes back', async () => {
    await open('');
    await rows().nth(5).waitFor();
    await press('v');
    await expect.poll(() => query().get('view')).toBe('tiles');
    await page.getByRole('group', { name: 'Machines' }).getByRole('link', { name: 'web-1' }).waitFor();
    await press('v');
    await expect.poll(() => query().get('view')).toBe('heat');
    await page.getByRole('listbox', { name: `CPU of ${MACHINES} machines, as a heat map` }).waitFor();
    await page.goBack();
    await expect.poll(() => query().get('view')).toBe('tiles');
    await page.getByRole('group', { name: 'Machines' }).getByRole('link', { name: 'web-1' }).waitFor();
    await page.goBack();
    await rows().nth(5).waitFor();
  });

  it('the heat map is read and used by keys: arrows go from machine to machine, and Enter opens one', async () => {
    await open('?view=heat');
    const map = page.getByRole('listbox');
    await map.focus();
    const cell = map.getByRole('option');
    await cell.waitFor();
    const first = await cell.innerText();
    expect(first).toMatch(/^build-1: (Online|Critical) · CPU [\d.]+ %/);
    await press('ArrowRight', 'ArrowRight');
    await expect.poll(() => cell.innerText()).toMatch(/^build-3: /);
    await press('Enter');
    await page.getByRole('heading', { level: 1, name: 'build-3' }).waitFor();
  });

  it('machines are grouped by a prefix of their tags, a group says how its machines are, and is closed by a click', async () => {
    await open('?sort=name');
    await page.getByLabel('Groups').selectOption('By env:');
    const heading = page.getByRole('button', { name: /^env:prod \d+/ });
    await heading
      .getByText(/max \d+ %/)
      .first()
      .waitFor();
    const before = await rows().count();
    await heading.click();
    await expect.poll(() => query().getAll('closed')).toEqual(['env:prod']);
    await expect.poll(() => rows().count()).toBeLessThan(before);
    await page.reload();
    await expect.poll(() => heading.getAttribute('aria-expanded')).toBe('false');
  });

  it('a search says what is wrong with a word, and offers to show all where nothing is found', async () => {
    await open('');
    await press('/');
    await page.keyboard.type('is:onlin');
    await page.getByText('“is:onlin” is no state.').waitFor();
    await page.getByRole('button', { name: `Show all ${MACHINES}` }).click();
    await rows().nth(5).waitFor();
    await press('/');
    await page.keyboard.type('tag:db -env:test cpu<101');
    await expect.poll(() => query().get('q')).toBe('tag:db -env:test cpu<101');
    await fleetRow(page, 'db-1').waitFor();
    await expect.poll(() => fleetRow(page, 'web-1').count()).toBe(0);
  });

  it('what is shown is saved under a name, changed, found in the palette, and shown first where that is chosen', async () => {
    await open('?q=tag:db&view=tiles');
    const menu = page.getByRole('button', { name: /^Views/ });
    await menu.click();
    await page.getByRole('menuitem', { name: 'Save as a new view …' }).click();
    const form = page.getByRole('dialog', { name: 'Save as a new view' });
    await form.getByLabel('Name').fill('Databases');
    await form.getByLabel(/Share it/).check();
    await form.getByRole('button', { name: 'Save', exact: true }).click();
    await page.getByRole('button', { name: 'Views: Databases' }).waitFor();
    await page.getByLabel('Search machines').fill('tag:db env:prod');
    await page.getByRole('button', { name: 'Views: Databases (changed)' }).click();
    await page.getByRole('menuitem', { name: 'Save the changes' }).click();
    await page.getByRole('button', { name: 'Views: Databases', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Open the fleet with it' }).click();
    await open('alerts');
    await page.getByRole('link', { name: 'Fleet' }).click();
    await expect.poll(() => query().get('q')).toBe('tag:db env:prod');
    await page.getByRole('button', { name: 'Views: Databases', exact: true }).click();
    await page.getByRole('menuitem', { name: 'All machines' }).click();
    await expect.poll(() => query().get('q')).toBe(null);
    await press('Control+k');
    await page.keyboard.type('databas');
    await page.getByRole('option', { name: /Databases/ }).waitFor();
    await press('Enter');
    await expect.poll(() => query().get('q')).toBe('tag:db env:prod');
    await page.getByRole('button', { name: 'Views: Databases', exact: true }).click();
    await page.getByRole('menuitem', { name: 'Remove …' }).click();
    await page.getByRole('button', { name: 'Remove view' }).click();
    await page.getByRole('button', { name: 'Views: Views' }).waitFor();
  });

  it('machines are selected and tagged by the keyboard alone', async () => {
    await open('?sort=name&q=cache');
    await fleetRow(page, 'cache-1').waitFor();
    await press('j', 'x', 'j', 'j', 'Shift+X');
    const bar = page.getByRole('toolbar', { name: 'Selected machines' });
    await bar.getByText('3 machines selected').waitFor();
    await bar.getByRole('button', { name: 'Tag …' }).focus();
    await press('Enter');
    const form = page.getByRole('dialog', { name: 'Tag 3 machines' });
    await form.waitFor();
    await page.keyboard.type('rack7 ');
    await press('Tab');
    await page.keyboard.type('cache ');
    await form.getByRole('button', { name: 'Save' }).focus();
    await press('Enter');
    await form.waitFor({ state: 'detached' });
    expect((await tagged('rack7')).sort()).toEqual(['cache-1', 'cache-2', 'cache-3']);
    expect(await tagged('cache')).not.toContain('cache-1');
    await bar.getByText('3 machines selected').waitFor();
    await press('Escape');
    await bar.waitFor({ state: 'detached' });
  });

  it('all that match are silenced at once, and more than five are removed only when their number is typed', async () => {
    await open('?q=edge');
    await page.getByLabel(/^Select all \d+ machines$/).check();
    const bar = page.getByRole('toolbar', { name: 'Selected machines' });
    await bar.getByRole('button', { name: 'Silence …' }).click();
    const form = page.getByRole('dialog', { name: 'Silence' });
    await form.getByText(/^It covers 6 machines/).waitFor();
    await form.getByRole('button', { name: 'Silence', exact: true }).click();
    await form.waitFor({ state: 'detached' });
    const { silences } = (await fleet.server.admin.ask('GET', '/silences')).as(silencesReply);
    expect(silences[0]?.scope.devices).toHaveLength(6);
    await bar.getByRole('button', { name: 'Remove …' }).click();
    const dialog = page.getByRole('dialog', { name: 'Remove 6 machines?' });
    const act = dialog.getByRole('button', { name: 'Remove 6 machines' });
    expect(await act.isDisabled()).toBe(true);
    await dialog.getByLabel('Type 6 to confirm').fill('6');
    await act.click();
    await dialog.waitFor({ state: 'detached' });
    await page.getByText('No machine matches “edge”').waitFor();
    expect(await tagged('edge')).toEqual([]);
  });

  it('[L6] columns are chosen among all fields, show their values, and the address keeps them', async () => {
    await open('?q=web-1');
    await page.getByRole('button', { name: 'Columns' }).click();
    const dialog = page.getByRole('dialog', { name: 'Columns' });
    await dialog.getByLabel('Add a field').fill('load1');
    await press('Enter');
    await dialog.getByRole('button', { name: 'Remove Network' }).click();
    await dialog.getByRole('button', { name: 'Done' }).click();
    await page.getByRole('columnheader', { name: 'Load, 1 min' }).waitFor();
    await fleetRow(page, 'web-1').getByRole('cell').last().getByText(/^\d/).waitFor();
    expect(query().getAll('column')).toEqual(['cpu', 'ram', 'disk', 'load1']);
  });

  it('the views of the fleet break no rule of accessibility, in light and in dark', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      for (const path of [
        '',
        '?view=tiles',
        '?view=heat',
        '?group=tag:env:',
        '?view=heat&group=os',
        '?q=nothing+such',
      ]) {
        await open(path);
        await page.getByRole('radiogroup', { name: 'View' }).waitFor();
        await press('j', 'x');
        expect(await wrongWith(page), `${path}, ${colorScheme}`).toEqual([]);
      }
    }
  });

  it('the page is not wider than a phone, and machines are selected there by touch', async () => {
    const options = { viewport: { width: 390, height: 844 } };
    const phone = opened.keep(await visitAsAdmin(browser, fleet.server, options), closing);
    for (const path of ['', '?view=tiles', '?view=heat', '?group=tag:env:']) {
      await phone.page.goto(`${fleet.server.url}/ui/${path}`);
      await phone.page.getByRole('radiogroup', { name: 'View' }).waitFor();
      expect(await phone.page.evaluate('document.documentElement.scrollWidth <= innerWidth'), path).toBe(
        true,
      );
    }
    await phone.page.getByLabel('Search machines').fill('web-1');
    await phone.page.getByLabel('Select web-1', { exact: true }).check();
    await phone.page.getByText('1 machine selected').waitFor();
  });

  it('the overview says nothing on the console', () => {
    expect(person.errors).toEqual([]);
  });
});
