/** Whether this browser is notified of alerts while no page is open, and how that is switched. */
import { resolve } from '$app/paths';
import type { Api } from '../../api/api.ts';

/** `unsupported`: this browser cannot. `denied`: the person has forbidden notifications of this site. */
export type PushState = 'unknown' | 'unsupported' | 'denied' | 'off' | 'on';

export class BrowserPush {
  state: PushState = $state('unknown');
  readonly #api: Api;

  constructor(api: Api) {
    this.#api = api;
  }

  /** Finds out how things are. Never rejects. */
  async look(): Promise<void> {
    if (!('serviceWorker' in navigator) || !('PushManager' in globalThis)) this.state = 'unsupported';
    else if (Notification.permission === 'denied') this.state = 'denied';
    else {
      const registration = await navigator.serviceWorker.getRegistration(resolve('/'));
      const subscription = await registration?.pushManager.getSubscription();
      this.state = subscription === null || subscription === undefined ? 'off' : 'on';
    }
  }

  /** Asks the person for leave, and registers the browser. Rejects where that fails. */
  async switchOn(): Promise<void> {
    if ((await Notification.requestPermission()) !== 'granted') return this.look();
    const registration = await navigator.serviceWorker.register(`${resolve('/')}service-worker.js`, {
      type: 'module',
    });
    await navigator.serviceWorker.ready;
    const subscription = await registration.pushManager.subscribe({
      userVisibleOnly: true,
      applicationServerKey: await this.#api.pushSubscriptions.key(),
    });
    await this.#api.pushSubscriptions.add(subscription.toJSON());
    await this.look();
  }

  async switchOff(): Promise<void> {
    const registration = await navigator.serviceWorker.getRegistration(resolve('/'));
    const subscription = await registration?.pushManager.getSubscription();
    if (subscription !== null && subscription !== undefined) {
      await this.#api.pushSubscriptions.remove(subscription.endpoint);
      await subscription.unsubscribe();
    }
    await this.look();
  }
}
