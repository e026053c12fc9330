/** `/upgrades`: which version each agent has, and which machines are asked to upgrade theirs themselves. */
import {
  upgradeSettings,
  upgradeSettingsPatch,
  upgradesReply,
  type UpgradeSettings,
  type UpgradesReply,
} from '#protocol/packages.ts';
import { actorOf, type Audit } from '../auth/audit.ts';
import { route, routeWithBody, type Route } from '../http/route.ts';

export interface UpgradesRouteParts {
  readonly view: () => UpgradesReply;
  readonly settings: () => UpgradeSettings;
  readonly setSettings: (settings: UpgradeSettings) => Promise<void>;
  readonly audit: Audit;
}

/** The settings, for the audit log. */
const inWords = ({ on, tags, per_minute }: UpgradeSettings) =>
  on
    ? `${per_minute} a minute, ${tags.length === 0 ? 'all machines' : `machines tagged ${tags.join(', ')}`}`
    : 'off';

export function upgradesRoutes({ view, settings, setSettings, audit }: UpgradesRouteParts): Route[] {
  return [
    route({
      method: 'GET',
      path: '/upgrades',
      access: 'viewer',
      summary: "The version of each machine's agent, and how far it is with upgrading itself.",
      reply: upgradesReply,
      handle: view,
    }),
    routeWithBody({
      method: 'PATCH',
      path: '/upgrades',
      access: 'admin',
      summary: 'Change which machines are asked to upgrade their agent themselves, and how many a minute.',
      body: upgradeSettingsPatch,
      reply: upgradeSettings,
      async handle({ request, person, body }) {
        const { on, tags, per_minute } = body;
        const before = settings();
        await setSettings({
          ...before,
          on: on ?? before.on,
          tags: tags ?? before.tags,
          per_minute: per_minute ?? before.per_minute,
        });
        audit.record({
          ...actorOf(person, request),
          action: 'changed the upgrades of agents',
          target: inWords(settings()),
        });
        return settings();
      },
    }),
  ];
}
