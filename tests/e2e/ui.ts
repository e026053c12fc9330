/** Uses the web app in Chromium, as a person would. */
import type { Browser, BrowserContext, Page } from 'playwright';
import { PASSWORD, type TestServer } from './product.ts';

export interface Person {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of the page: those thrown, and those on its console. */
  readonly errors: readonly string[];
  close(): Promise<void>;
}

export interface PersonOptions {
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly colorScheme?: 'light' | 'dark';
  /** What the person's system asks for. */
  readonly contrast?: 'more';
  /** The language that the browser asks for, as `de-DE`. */
  readonly locale?: string;
  /** A screen that fingers touch. */
  readonly hasTouch?: boolean;
}

/** Opens `url` as a new visitor. The server's own authority is accepted, as a person would do once. */
export async function visit(browser: Browser, url: string, options: PersonOptions = {}): Promise<Person> {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: 1280, height: 800 },
    colorScheme: 'light',
    ...options,
  });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => {
    // The browser logs every refused or lost request as an error; the page handles those itself.
    const ofRequest = /^Failed to load resource|WebSocket connection to .* failed/.test(message.text());
    if (message.type() === 'error' && !ofRequest) errors.push(message.text());
  });
  await page.goto(url);
  return { page, context, errors, close: () => context.close() };
}

/** Fills in the form to sign in and submits it. */
export async function signIn(page: Page, username: string, password: string): Promise<void> {
  await page.locator('input[autocomplete="username"]').fill(username);
  await page.locator('input[autocomplete="current-password"]').fill(password);
  await page.locator('button[type="submit"]').click();
}

/** Resolves when a page of the app is shown, which needs a session. */
export async function signedIn(page: Page): Promise<void> {
  await page.locator('#content').getByRole('heading', { level: 1 }).waitFor();
}

/** Opens the fleet page as the administrator. */
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

/** The row of the machine in the open fleet list. */
export function fleetRow(page: Page, name: string) {
  return page.getByRole('row').filter({ has: page.getByRole('link', { name, exact: true }) });
}

/** The text that the page shows while it gets nothing from the server [L4]. */
export function linkLost(page: Page) {
  return page.getByRole('status').filter({ hasText: /No data for|No live data|Reconnecting/ });
}
