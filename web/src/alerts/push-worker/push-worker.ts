/** Shows the alerts that the server pushes to this browser, also while no page is open. */
import { z } from 'zod';

// A service worker's own globals, which the types of pages do not have.
interface ExtendableEvent {
  waitUntil(done: Promise<unknown>): void;
}
interface PushEvent extends ExtendableEvent {
  readonly data: { json(): unknown } | null;
}
interface NotificationEvent extends ExtendableEvent {
  readonly notification: Notification;
}
interface WindowClient {
  readonly url: string;
  focus(): Promise<unknown>;
  navigate(url: string): Promise<unknown>;
}
declare const registration: ServiceWorkerRegistration;
declare const clients: {
  matchAll(options: { type: 'window'; includeUncontrolled: boolean }): Promise<readonly WindowClient[]>;
  openWindow(url: string): Promise<unknown>;
};
declare function addEventListener(type: 'push', listener: (event: PushEvent) => void): void;
declare function addEventListener(
  type: 'notificationclick',
  listener: (event: NotificationEvent) => void,
): void;

/** What the server sends, see `pushPayload` in server/alerts/notify/channels/browser.ts. */
const payload = z.object({
  title: z.string(),
  body: z.string(),
  url: z.string(),
  tag: z.string(),
  tone: z.string(),
});

async function show(data: unknown): Promise<void> {
  const { title, body, url, tag, tone } = payload.parse(data);
  // A newer message of the same outage takes the place of the older one.
  await registration.showNotification(title, {
    body,
    tag,
    data: { url },
    requireInteraction: tone === 'critical',
  });
}

/** Shows the page of the alert: in a window that is open already, or in a new one. */
async function open(data: unknown): Promise<void> {
  const { url } = z.object({ url: z.string() }).parse(data);
  // A link to another host would be the server's public address, which may differ from the one this browser uses.
  const { pathname, search } = new URL(url, location.origin);
  const here = location.origin + pathname + search;
  const [window] = await clients.matchAll({ type: 'window', includeUncontrolled: true });
  if (window === undefined) await clients.openWindow(here);
  else {
    await window.focus();
    await window.navigate(here);
  }
}

addEventListener('push', (event) => {
  if (event.data !== null) event.waitUntil(show(event.data.json()));
});

addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(open(event.notification.data));
});
