/** `/channels`: what alerts can be sent to; `/channel-kinds`: the services that can be chosen. */
import { randomUUID } from 'node:crypto';
import {
  channel,
  channelCreate,
  channelKindsReply,
  channelPatch,
  channelsReply,
  channelTestReply,
  templatePreview,
  templatePreviewReply,
  type Attempt,
  type Channel,
  type ChannelHealth,
  type ChannelRecord,
  type Template,
  type TemplatePreview,
} from '#protocol/notify.ts';
import { ApiError } from '#protocol/errors.ts';
import type { ChannelKind } from '../alerts/notify/channel.ts';
import { describeKind } from '../alerts/notify/channel-settings.ts';
import { changedSettings, checkedSettings, shownSettings } from '../alerts/notify/entered-settings.ts';
import { actorOf, type Audit } from '../auth/audit.ts';
import { firstParam, Reply } from '../http/request.ts';
import { route, routeWithBody, type Route } from '../http/route.ts';
import type { Collection } from '../state/collection.ts';

export interface ChannelRouteParts {
  readonly channels: Collection<ChannelRecord>;
  readonly kinds: ReadonlyMap<string, ChannelKind>;
  readonly health: (channelId: string) => ChannelHealth;
  /** Sends a message at once, and says what the far side answered. */
  readonly test: (channel: ChannelRecord) => Promise<Attempt>;
  /** What the newest alert looks like with a template. */
  readonly preview: (kind: ChannelKind, template: Template) => TemplatePreview;
  /** Called after a channel was added, changed or removed. */
  readonly changed: (channelId: string) => Promise<void>;
  readonly audit: Audit;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export function channelRoutes({
  channels,
  kinds,
  health,
  test,
  preview,
  changed,
  audit,
  now,
}: ChannelRouteParts): Route[] {
  function requireChannel(id: string): ChannelRecord {
    const record = channels.get(id);
    if (record === undefined) throw new ApiError('unknown_item');
    return record;
  }

  function requireKind(name: string): ChannelKind {
    const kind = kinds.get(name);
    if (kind !== undefined) return kind;
    const message = `is none of ${[...kinds.keys()].join(', ')}`;
    throw new ApiError('invalid_body', {
      message: `kind: ${message}`,
      details: [{ path: 'kind', message }],
    });
  }

  const shown = (record: ChannelRecord): Channel => ({
    ...record,
    ...shownSettings(kinds.get(record.kind), record.settings),
    health: health(record.id),
  });

  return [
    route({
      method: 'GET',
      path: '/channel-kinds',
      access: 'admin',
      summary: 'The services that a channel can be of, with the inputs of their forms.',
      reply: channelKindsReply,
      handle: () => ({ channel_kinds: [...kinds.values()].map(describeKind) }),
    }),
    route({
      method: 'GET',
      path: '/channels',
      access: 'viewer',
      summary: 'All channels, without their secrets, and how they work.',
      reply: channelsReply,
      handle: ({ person }) => ({
        // The addresses in the settings are the administrators' business.
        channels: channels
          .all()
          .map(shown)
          .map((record) => (person.role === 'admin' ? record : { ...record, settings: {}, secrets: [] })),
      }),
    }),
    routeWithBody({
      method: 'POST',
      path: '/channels',
      access: 'admin',
      summary: 'Add a channel. The first one gets a route that sends it every alert.',
      body: channelCreate,
      reply: channel,
      status: 201,
      async handle({ request, person, body }) {
        const kind = requireKind(body.kind);
        const settings = checkedSettings(kind, body.settings);
        const record = { ...body, settings, id: randomUUID(), created_at: now() };
        await channels.put(record);
        await changed(record.id);
        audit.record({ ...actorOf(person, request), action: 'added the channel', target: record.name });
        return new Reply(201, shown(record));
      },
    }),
    routeWithBody({
      method: 'PATCH',
      path: '/channels/:id',
      access: 'admin',
      summary: 'Change a channel; a secret that is left out or empty keeps its value.',
      body: channelPatch,
      reply: channel,
      errors: ['unknown_item'],
      async handle({ request, person, body }) {
        const before = requireChannel(firstParam(request));
        const kind = requireKind(before.kind);
        const record = {
          ...before,
          name: body.name ?? before.name,
          enabled: body.enabled ?? before.enabled,
          private_network: body.private_network ?? before.private_network,
          template: body.template ?? before.template,
          settings: changedSettings(kind, before.settings, body.settings ?? {}),
        };
        await channels.put(record);
        await changed(record.id);
        audit.record({ ...actorOf(person, request), action: 'changed the channel', target: record.name });
        return shown(record);
      },
    }),
    route({
      method: 'DELETE',
      path: '/channels/:id',
      access: 'admin',
      summary: 'Remove a channel; what it has yet to send goes to another one.',
      errors: ['unknown_item'],
      async handle({ request, person }) {
        const record = requireChannel(firstParam(request));
        await channels.remove(record.id);
        await changed(record.id);
        audit.record({ ...actorOf(person, request), action: 'removed the channel', target: record.name });
        return new Reply(204);
      },
    }),
    routeWithBody({
      method: 'POST',
      path: '/channels/preview',
      access: 'admin',
      summary: 'What the newest alert looks like with a template, before it is saved.',
      body: templatePreview,
      reply: templatePreviewReply,
      handle: ({ body }) => preview(requireKind(body.kind), body.template),
    }),
    route({
      method: 'POST',
      path: '/channels/:id/test',
      access: 'admin',
      summary:
        'Send a test at once. The reply says what the far side answered; it is 200 also where that is an error.',
      reply: channelTestReply,
      errors: ['unknown_item'],
      async handle({ request, person }) {
        const record = requireChannel(firstParam(request));
        audit.record({ ...actorOf(person, request), action: 'tested the channel', target: record.name });
        return test(record);
      },
    }),
  ];
}
