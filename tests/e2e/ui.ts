/** The web app in a real Chromium, as a person uses it. */
import type { Browser, BrowserContext, Page } from 'playwright';
import { PASSWORD, type TestServer } from './product.ts';

export interface Person {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the page reported as errors: thrown ones, and those on its console. */
  readonly errors: readonly string[];
  close(): Promise<void>;
}

export interface PersonOptions {
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly colorScheme?: 'light' | 'dark';
}

/** A new visitor at `url`; the made authority is accepted, as a person would once. */
export async function visit(browser: Browser, url: string, options: PersonOptions = {}): Promise<Person> {
  const { viewport = { width: 1280, height: 800 }, colorScheme = 'light' } = options;
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport, colorScheme });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    // What the browser says of every refused or lost request; the page itself deals with those.
    const ofRequest = /^Failed to load resource|WebSocket connection to .* failed/.test(message.text());
    if (message.type() === 'error' && !ofRequest) errors.push(message.text());
  });
  await page.goto(url);
  return { page, context, errors, close: () => context.close() };
}

export async function signIn(page: Page, username: string, password: string): Promise<void> {
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** The sign-in worked: a page of the app is there. */
export async function signedIn(page: Page): Promise<void> {
  await page.locator('#content').getByRole('heading', { level: 1 }).waitFor();
}

/** A visitor signed in as the administrator, at the fleet. */
export async function visitAsAdmin(
  browser: Browser,
  server: Pick<TestServer, 'url'>,
  options?: PersonOptions,
): Promise<Person> {
  const person = await visit(browser, `${server.url}/ui/`, options);
  await signIn(person.page, 'admin', PASSWORD);
  await signedIn(person.page);
  return person;
}

/** The machine's row in the open fleet list. */
export function fleetRow(page: Page, name: string) {
  return page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });
}

/** What the page says while it hears nothing from the server [L4]. */
export function linkLost(page: Page) {
  return page.getByRole('status').filter({ hasText: /No data for|Reconnecting/ });
}
