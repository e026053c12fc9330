/**
 * What a browser that was never here before transfers until a page is drawn: documents, scripts, styles, fonts and the
 * API, in bytes as they came over the network, headers included. The messages of the live connection are counted apart:
 * they grow with the machines, and not with the page.
 */
import type { Browser, Page } from 'playwright';
import { launchBrowser } from '../../browser.ts';
import { startMadeUpFleet } from '../../e2e/made-up-fleet.ts';
import { closing, disposing, Opened } from '../../e2e/opened.ts';
import { startServer, type TestServer } from '../../e2e/product.ts';
import { fleetRow, signedIn, signIn } from '../../e2e/ui.ts';
import { PASSWORD } from '../../e2e/product.ts';
import type { Row } from '../row.ts';

const KIB = 1024;

/** One thing that was transferred. */
export interface Transfer {
  readonly url: string;
  readonly bytes: number;
}

interface Counted {
  readonly transfers: readonly Transfer[];
  /** Bytes of the live connection's messages. */
  readonly live: number;
}

/** Everything that is transferred from now on; the returned function stops and waits for what has begun. */
async function countTransfers(page: Page): Promise<() => Promise<Counted>> {
  const session = await page.context().newCDPSession(page);
  await session.send('Network.enable');
  const urls = new Map<string, string>();
  const done: Transfer[] = [];
  let live = 0;
  let counting = true;
  session.on('Network.requestWillBeSent', ({ requestId, request }) => {
    if (counting) urls.set(requestId, request.url);
  });
  session.on('Network.webSocketFrameReceived', ({ response }) => {
    if (counting) live += response.payloadData.length;
  });
  let settled = () => {};
  const finish = (requestId: string, bytes: number) => {
    const url = urls.get(requestId);
    urls.delete(requestId);
    if (url !== undefined && !url.startsWith('data:')) done.push({ url, bytes });
    if (urls.size === 0) settled();
  };
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) =>
    finish(requestId, encodedDataLength),
  );
  session.on('Network.loadingFailed', ({ requestId }) => finish(requestId, 0));
  return async () => {
    counting = false;
    if (urls.size > 0) await new Promise<void>((resolve) => (settled = resolve));
    return { transfers: done, live };
  };
}

/** Opens a page in a browser without a cache, and counts until `drawn` resolves. */
async function countView(
  browser: Browser,
  { url, drawn, storage }: { url: string; drawn: (page: Page) => Promise<unknown>; storage?: Storage },
): Promise<Counted> {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    ...(storage && { storageState: storage }),
  });
  try {
    const page = await context.newPage();
    const counted = await countTransfers(page);
    await page.goto(url);
    await drawn(page);
    await page.evaluate('document.fonts.ready.then(() => true)');
    return await counted();
  } finally {
    await context.close();
  }
}

type Storage = Awaited<ReturnType<ReturnType<Page['context']>['storageState']>>;

export interface View extends Counted {
  readonly name: 'login' | 'fleet';
  /** The budget of section 4 of the design. */
  readonly budget: number;
  readonly bytes: number;
}

/** Both first views of a server that has machines. */
export async function measureFirstViews(browser: Browser, server: TestServer): Promise<readonly View[]> {
  const login = await countView(browser, {
    url: `${server.url}/ui/login`,
    drawn: (page) => page.getByRole('button', { name: 'Sign in' }).waitFor(),
  });
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  await page.goto(`${server.url}/ui/login`);
  await signIn(page, 'admin', PASSWORD);
  await signedIn(page);
  const storage = await context.storageState();
  await context.close();
  const fleet = await countView(browser, {
    url: `${server.url}/ui/`,
    drawn: (opened) => fleetRow(opened, 'web-1').waitFor(),
    storage,
  });
  const view = (name: View['name'], budget: number, counted: Counted) => ({
    name,
    budget,
    ...counted,
    bytes: counted.transfers.reduce((sum, { bytes }) => sum + bytes, 0),
  });
  return [view('login', 150 * KIB, login), view('fleet', 250 * KIB, fleet)];
}

export async function benchFirstView(): Promise<readonly Row[]> {
  const opened = new Opened();
  try {
    const server = opened.keep(await startServer(), disposing);
    const browser = opened.keep(await launchBrowser(), closing);
    opened.keep(await startMadeUpFleet(server), closing);
    const views = await measureFirstViews(browser, server);
    for (const { name, transfers } of views)
      for (const { url, bytes } of transfers.toSorted((a, b) => b.bytes - a.bytes).slice(0, 12))
        console.log(`${name}: ${(bytes / KIB).toFixed(1).padStart(6)} KiB ${url.replace(server.url, '')}`);
    return views.flatMap(({ name, bytes, budget, live }) => [
      { what: `first view, transferred: ${name}`, value: bytes / KIB, unit: 'KiB', budget: budget / KIB },
      { what: `its live messages: ${name}`, value: live / KIB, unit: 'KiB' },
    ]);
  } finally {
    await opened.close();
  }
}
