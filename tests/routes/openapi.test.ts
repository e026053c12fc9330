/**
 * Sends random requests, made from `/openapi.json`, as an administrator, as a device and as a stranger, and compares
 * each answer with the document. WATCHFLOOR_FUZZ_SEED and WATCHFLOOR_FUZZ_ROUNDS make another or a longer run.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { enrollmentKeyCreated, errorReply } from '#protocol/api.ts';
import { board } from '#protocol/boards.ts';
import type { Answer, Ask, Client } from '../e2e/client.ts';
import { PNG } from '../boards/picture-files.ts';
import { anyText, createRandom, jsonSchema, spoiled, valueOf, type Random } from './random-json.ts';
import { makeLink } from './displays.ts';
import { openStage, PASSWORD, type Device, type Stage } from './stage.ts';

const SEED = Number(process.env['WATCHFLOOR_FUZZ_SEED'] ?? 8);
const ROUNDS = Number(process.env['WATCHFLOOR_FUZZ_ROUNDS'] ?? 10);

const content = z.record(z.string(), z.object({ schema: jsonSchema }));
const operation = z.looseObject({
  security: z.array(z.record(z.string(), z.array(z.string()))),
  parameters: z.array(z.looseObject({ name: z.string(), in: z.string() })).default([]),
  requestBody: z.looseObject({ content }).optional(),
  responses: z.record(z.string(), z.looseObject({ description: z.string(), content: content.optional() })),
});
const openapi = z.looseObject({ paths: z.record(z.string(), z.record(z.string(), operation)) });

interface Operation extends z.infer<typeof operation> {
  readonly method: string;
  readonly path: string;
}

/** Who sends the requests, and which of the document's security schemes that satisfies. */
interface Sender {
  readonly name: string;
  readonly scheme: string | undefined;
  client(): Promise<Client>;
  readonly token?: string;
}

let stage: Stage;
let operations: Operation[];
let device: Device;
let enrollmentKey: string;
let displaySecret: string;
/** The operations that succeeded at least once. */
const succeeded = new Set<string>();
/** Ids that answers contained, by the first part of the path: so that some requests are about something that exists. */
const known = new Map<string, string[]>();
let senders: Sender[];

beforeAll(async () => {
  stage = await openStage();
  const document = await stage.client().ask('GET', '/openapi.json');
  // The one reference is replaced by what it names: zod reads schemas without references to other documents.
  const { components } = document.as(
    z.looseObject({ components: z.looseObject({ schemas: z.object({ Error: z.unknown() }) }) }),
  );
  const error = JSON.stringify(components.schemas.Error);
  const text = document.text.replaceAll('{"$ref":"#/components/schemas/Error"}', error);
  operations = Object.entries(openapi.parse(JSON.parse(text)).paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, each]) => ({ ...each, method: method.toUpperCase(), path })),
  );
  device = await stage.device('pusher');
  const target = await stage.device('target-1');
  await stage.device('web-01');
  // So that there is an alert, and a silence.
  const condition = { kind: 'threshold', metric: 'heat', threshold: 90, clear: 80, for_s: 0 };
  await stage.admin.ask('POST', '/alert-rules', { body: { name: 'Hot', severity: 'warning', condition } });
  await stage.push(target, { metrics: { heat: 95 }, timestamp: Date.now() });
  const time = { kind: 'once', to: Date.now() + 3_600_000 };
  await stage.admin.ask('POST', '/silences', { body: { scope: { tags: ['odd'] }, time } });
  // And a channel, whose address refuses every connection, and a route to it.
  const settings = { url: 'http://127.0.0.1:1/' };
  const channel = { name: 'Nowhere', kind: 'webhook', settings, private_network: true };
  await stage.admin.ask('POST', '/channels', { body: channel });
  await stage.admin.ask('POST', '/fleet-views', { body: { name: 'Odd ones', shared: true } });
  // And a board with a picture, and a playlist that shows it.
  const picture = await stage.admin.ask('POST', '/pictures', { body: PICTURE });
  remember('/pictures', picture.text);
  const shown = await stage.admin.ask('POST', '/boards', { body: { name: 'A board' } });
  const pages = [{ kind: 'board', board_id: shown.as(board).id }];
  await stage.admin.ask('POST', '/playlists', { body: { name: 'A playlist', pages } });
  displaySecret = (await makeLink(stage)).secret;
  for (const { method, path } of operations)
    if (method === 'GET' && !path.includes('{')) remember(path, (await stage.admin.ask('GET', path)).text);
  // The requests may end the session or change the password of `admin`, but they do not know this name.
  const account = { username: 'fuzzing', password: PASSWORD, role: 'admin' };
  await stage.admin.ask('POST', '/users', { body: account });
  let addresses = 1;
  let admin = stage.client();
  const anybody = stage.client('127.0.3.2');
  const made = await stage.admin.ask('POST', '/enrollment-keys', { body: {} });
  enrollmentKey = made.as(enrollmentKeyCreated).key;
  senders = [
    {
      name: 'an administrator',
      scheme: 'session',
      // A request may have ended the session. A new address has no wrong passwords that count against it.
      async client() {
        while ((await admin.ask('GET', '/auth/me')).status === 401) {
          admin = stage.client(`127.0.4.${addresses++}`);
          await admin.login('fuzzing', PASSWORD);
        }
        return admin;
      },
    },
    { name: 'a device', scheme: 'token', client: () => Promise.resolve(anybody), token: device.token },
    { name: 'a stranger', scheme: undefined, client: () => Promise.resolve(anybody) },
  ];
});
afterAll(() => stage.close());

/** Percent-encoded; half of a character, which has no such form, becomes U+FFFD. */
const encoded = (text: string) => encodeURIComponent(Buffer.from(text).toString());

const resourceOf = (path: string) => path.split('/')[1] ?? '';

function pathOf({ path, parameters }: Operation, random: Random): string {
  const [first, ...more] = known.get(resourceOf(path)) ?? [];
  const filled = path.replaceAll(/\{\w+\}/g, () => {
    const isKnown = first !== undefined && random.chance(0.7);
    const text = isKnown ? random.pick([first, ...more]) : anyText(random).slice(0, 200);
    // An empty part would be the path of another operation.
    return text === '' ? 'a' : encoded(text);
  });
  const inQuery = parameters.filter((each) => each.in === 'query');
  const query = inQuery
    // Few of many: with each one more, the whole query is more likely to be refused.
    .filter(() => random.chance(Math.min(0.4, 1.2 / inQuery.length)))
    .map(({ name }) => {
      const usual = ['all', '1m', '0', '2026-01-01T00:00:00Z', 'cpu,ram'] as const;
      const text = random.chance(0.5) ? random.pick(usual) : anyText(random).slice(0, 200);
      return `${name}=${encoded(text)}`;
    });
  return query.length === 0 ? filled : `${filled}?${query.join('&')}`;
}

/** Remembers the ids in an answer, save those that the senders themselves need. */
function remember(path: string, text: string): void {
  for (const [, id = ''] of text.matchAll(/"(?:id|device_id|username)":"([^"\\]+)"/g)) {
    const ids = known.get(resourceOf(path)) ?? [];
    if (ids.includes(id) || ['fuzzing', 'admin', 'pusher'].includes(id)) continue;
    known.set(resourceOf(path), [...ids.slice(-20), id]);
  }
}

/** A body that fits the document, one that nearly does, or something that is not even JSON. */
function bodyOf({ requestBody }: Operation, random: Random): Pick<Ask, 'body' | 'headers'> {
  const schema = requestBody?.content['application/json']?.schema;
  if (schema === undefined) return {};
  const value = valueOf(schema, random);
  if (random.chance(0.5)) return { body: withIdentity(value) };
  if (random.chance(0.8)) return { body: spoiled(value, random) };
  if (random.chance(0.3))
    return { body: value, headers: { 'content-encoding': random.pick(['gzip', 'zstd', 'br']) } };
  return {
    body: random.pick(['', '{', 'null', '[1,', '{"a":1}{', '\u0000', '"x"', `{"a":${'['.repeat(500)}`]),
  };
}

const PICTURE = { type: 'image/png', data: PNG.toString('base64') };

/** A rule with thresholds at random contradicts itself. This one fires with each accepted push. */
const CONDITION = { kind: 'threshold', metric: 'cpu', threshold: 0.5, clear: 0, for_s: 0 };
const RULE = { name: 'any', severity: 'warning', condition: CONDITION };

/**
 * Gives some bodies what no random value has: a key that is valid, the device and the time of a push, a rule that does
 * not contradict itself.
 */
function withIdentity(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if ('enrollment_key' in value) return { ...value, enrollment_key: enrollmentKey };
  if ('data' in value) return PICTURE;
  // Of a board that was not changed yet.
  if ('version' in value && 'tiles' in value) return { ...value, version: 1, tiles: [] };
  if ('secret' in value) return { ...value, secret: displaySecret };
  if ('networks' in value) return { ...value, networks: ['10.0.0.0/8'] };
  if ('rule' in value) return { rule: RULE, days: 1 };
  if ('condition' in value) return 'name' in value ? RULE : { condition: CONDITION, severity: 'warning' };
  if ('kind' in value && 'template' in value) return { ...value, kind: 'webhook' };
  if (!('hostname' in value)) return value;
  const metrics = 'metrics' in value ? value.metrics : { cpu: 1 };
  return { device_id: device.id, hostname: value.hostname, ip: '', metrics, timestamp: Date.now() };
}

function isAllowed({ security }: Operation, { scheme }: Sender): boolean {
  if (security.length === 0) return true;
  return security.some((schemes) => Object.keys(schemes).every((name) => name === scheme));
}

/** The differences between an answer and the document, in words. */
function differences(each: Operation, sender: Sender, sent: unknown, answer: Answer): string[] {
  const { status, headers, text } = answer;
  const found: string[] = [];
  const described = each.responses[String(status)];
  if (status >= 500) found.push('is an error of the server');
  if (!described) return [...found, 'has a status that the document does not name'];
  if (!isAllowed(each, sender) && status !== 401)
    found.push('lets in somebody without the needed credentials');
  if (isAllowed(each, sender) && each.security.length === 1 && status === 401)
    found.push('refuses the documented credentials');

  const contents = Object.entries(described.content ?? {});
  const answered = headers['content-type']?.split(';')[0];
  const [type, documented] = contents.find(([each]) => each === answered) ?? contents[0] ?? [];
  if (documented === undefined) return text === '' ? found : [...found, 'has a body, the document has none'];
  if (answered !== type) found.push(`is ${headers['content-type']}, not ${type}`);
  const value: unknown = type === 'application/json' ? JSON.parse(text) : text;
  const parsed = z.fromJSONSchema(z.record(z.string(), z.any()).parse(documented.schema)).safeParse(value);
  if (!parsed.success) found.push(`has another shape: ${z.prettifyError(parsed.error)}`);
  if (status >= 400) {
    const { code } = errorReply.parse(value).error;
    if (!described.description.includes(`\`${code}\``)) found.push(`has the undocumented code ${code}`);
  }
  const body = each.requestBody?.content['application/json']?.schema;
  // [I7] A push may be accepted with something left out, which the reply then names.
  const isWhole = !text.includes('"ignored"');
  if (body !== undefined && status < 400 && isWhole && sent !== undefined) {
    const accepted = z.fromJSONSchema(z.record(z.string(), z.any()).parse(body)).safeParse(sent);
    if (!accepted.success)
      found.push(`accepts a body against the document: ${z.prettifyError(accepted.error)}`);
  }
  return found;
}

async function tryOnce(each: Operation, sender: Sender, random: Random): Promise<string[]> {
  const path = pathOf(each, random);
  const { body, headers } = bodyOf(each, random);
  const client = await sender.client();
  const token = sender.token === undefined ? {} : { token: sender.token };
  const answer = await client.ask(each.method, path, {
    ...token,
    ...(body === undefined ? {} : { body }),
    ...(headers === undefined ? {} : { headers }),
  });
  if (answer.status < 300) {
    succeeded.add(`${each.method} ${each.path}`);
    remember(each.path, answer.text);
  }
  const sent: unknown =
    body === undefined || typeof body === 'string' ? undefined : JSON.parse(JSON.stringify(body));
  return differences(each, sender, sent, answer).map(
    (what) =>
      `${sender.name}: ${each.method} ${path} with ${JSON.stringify(body)?.slice(0, 300)} is answered ${answer.status} ` +
      `${answer.text.slice(0, 300)}: ${what}`,
  );
}

it('[I4] random requests find no server error and no difference between the API and its description', async () => {
  console.log(`WATCHFLOOR_FUZZ_SEED=${SEED} WATCHFLOOR_FUZZ_ROUNDS=${ROUNDS}`);
  const random = createRandom(SEED);
  const found: string[] = [];
  let requests = 0;
  for (let round = 0; round < ROUNDS; round++)
    for (const each of operations)
      for (const sender of senders) {
        found.push(...(await tryOnce(each, sender, random)));
        requests++;
      }
  expect(requests).toBe(ROUNDS * operations.length * senders.length);
  expect(found).toEqual([]);
  // Without this, a run in which everything is refused would find nothing as well.
  const refused = operations.filter(({ method, path }) => !succeeded.has(`${method} ${path}`));
  const names = refused.map(({ method, path }) => `${method} ${path}`);
  expect(succeeded.size, `never accepted: ${names.join(', ')}`).toBeGreaterThan(operations.length * 0.7);
}, 120_000);
