/** `/pictures`: what the picture tiles of boards show. */
import { z } from 'zod';
import { PICTURE_TYPES, pictureCreate, pictureCreated } from '#protocol/boards.ts';
import { ApiError } from '#protocol/errors.ts';
import { actorOf, type Audit } from '../auth/audit.ts';
import type { Pictures } from '../boards/pictures.ts';
import { BytesReply, firstParam, Reply } from '../http/request.ts';
import { route, routeWithBody, type Route } from '../http/route.ts';
import type { SignedIn } from '../types.ts';

export interface PictureRouteParts {
  readonly pictures: Pictures;
  /** Whether the one who asks may see the picture. */
  readonly shows: (person: SignedIn, pictureId: string) => boolean;
  readonly audit: Audit;
}

/** A picture's id says what it holds, so it never changes. It is an image, whatever somebody has put into it. */
const HEADERS = {
  'cache-control': 'private, max-age=31536000, immutable',
  'content-security-policy': "default-src 'none'; sandbox",
  'cross-origin-resource-policy': 'same-origin',
};

export function pictureRoutes({ pictures, shows, audit }: PictureRouteParts): Route[] {
  return [
    routeWithBody({
      method: 'POST',
      path: '/pictures',
      access: 'operator',
      summary: 'Upload a picture for boards. One that no board shows is removed after a day.',
      body: pictureCreate,
      reply: pictureCreated,
      status: 201,
      errors: ['invalid_picture', 'too_many_items'],
      async handle({ request, person, body: { type, data } }) {
        const id = await pictures.add({ type, bytes: Buffer.from(data, 'base64') });
        audit.record({
          ...actorOf(person, request),
          action: 'uploaded the picture',
          target: id.slice(0, 12),
        });
        return new Reply(201, { id });
      },
    }),
    route({
      method: 'GET',
      path: '/pictures/:id',
      access: 'display',
      forDisplayLinks: true,
      summary: 'The bytes of a picture.',
      reply: z.string(),
      contentTypes: PICTURE_TYPES,
      errors: ['unknown_item'],
      async handle({ request, person }) {
        const id = firstParam(request);
        if (!shows(person, id)) throw new ApiError('unknown_item');
        const { type, bytes } = await pictures.read(id);
        return new BytesReply(bytes, { 'content-type': type, ...HEADERS });
      },
    }),
  ];
}
