/** `/push-subscriptions`: the browsers in which a person wants to be notified. */
import { pushKeyReply, pushSubscription, pushSubscriptionRemoval } from '#protocol/notify.ts';
import type { BrowserBook } from '../alerts/notify/browsers.ts';
import { Reply } from '../http/request.ts';
import { route, routeWithBody, type Route } from '../http/route.ts';

export function browserRoutes({ keys, add, remove }: BrowserBook): Route[] {
  return [
    route({
      method: 'GET',
      path: '/push-subscriptions/key',
      access: 'viewer',
      summary: 'The public key with which a browser registers at its push service.',
      reply: pushKeyReply,
      handle: () => ({ public_key: keys.publicKey }),
    }),
    routeWithBody({
      method: 'POST',
      path: '/push-subscriptions',
      access: 'viewer',
      summary: 'Notify this browser of alerts that go to a channel of browsers.',
      body: pushSubscription,
      async handle({ person, body }) {
        await add(body, person.username);
        return new Reply(204);
      },
    }),
    routeWithBody({
      method: 'POST',
      path: '/push-subscriptions/remove',
      access: 'viewer',
      summary: 'Notify this browser no more.',
      body: pushSubscriptionRemoval,
      async handle({ person, body: { endpoint } }) {
        await remove(endpoint, person.username);
        return new Reply(204);
      },
    }),
  ];
}
