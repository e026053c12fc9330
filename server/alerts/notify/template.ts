/**
 * A channel's own words for its messages: Liquid templates for title and body. A template that fails, takes too long or
 * makes nothing costs no message: the built-in words are sent, and what is wrong is told.
 */
import { Liquid, type Template as ParsedTemplate } from 'liquidjs';
import { errorText } from '#protocol/errors.ts';
import type { Template } from '#protocol/notify.ts';
import { cleanText } from '#protocol/text.ts';
import type { ChannelKind } from './channel.ts';
import { messageData, type Message } from './message.ts';
import { messageText } from './message-text.ts';

/** Bounds of one template: characters to parse, milliseconds to render, and characters and items to make. */
const LIMITS = { parseLimit: 20_000, renderLimit: 30, memoryLimit: 500_000 } as const;
const MAX_RESULT = 64_000;

/** A value inside of the quotes of a JSON text; what is no text becomes JSON as it is. */
const insideJson = (value: unknown) =>
  typeof value === 'string' ? JSON.stringify(value).slice(1, -1) : (JSON.stringify(value) ?? '');

function createEngine(format: ChannelKind['templateFormat']): Liquid {
  const engine = new Liquid({
    ...LIMITS,
    // No template reads a file or another template.
    templates: {},
    ownPropertyOnly: true,
    // A misspelled name is told rather than left empty.
    strictVariables: true,
    lenientIf: true,
    strictFilters: true,
    ...(format === 'json' ? { outputEscape: insideJson } : {}),
  });
  engine.registerFilter('json', { raw: true, handler: (value: unknown) => JSON.stringify(value) ?? 'null' });
  return engine;
}

const ENGINES = { text: createEngine('text'), json: createEngine('json') } as const;

/** What a message is in a template. Times are epoch milliseconds. */
const dataOf = (message: Message) => ({ ...messageData(message), text: messageText(message, MAX_RESULT) });
type TemplateData = ReturnType<typeof dataOf>;

/** @throws Error saying what is wrong with the template */
function render(format: ChannelKind['templateFormat'], template: string, data: TemplateData): string {
  const engine = ENGINES[format];
  const parsed: ParsedTemplate[] = engine.parse(template);
  const result = String(engine.renderSync(parsed, data)).trim();
  if (result === '') throw new Error('it makes nothing');
  if (result.length > MAX_RESULT) throw new Error(`it makes more than ${MAX_RESULT} characters`);
  return result;
}

/** @throws Error where the text is not JSON */
function checkJson(text: string): string {
  try {
    JSON.parse(text);
    return text;
  } catch (error) {
    throw new Error(`it makes no valid JSON: ${errorText(error)}`, { cause: error });
  }
}

function bodyOf(format: ChannelKind['templateFormat'], template: string, data: TemplateData): string {
  const text = render(format, template, data);
  return format === 'json' ? checkJson(text) : text.split('\n').map(cleanText).join('\n');
}

/** A message in the words of a template, and what is wrong with the template. */
export interface TemplatedMessage {
  readonly message: Message;
  /** Null where nothing is wrong. */
  readonly templateProblem: string | null;
}

/** Makes one part of a message; where the template fails, it is told and the part stays undefined. */
function attempt(part: 'title' | 'body', make: () => string): [made: string | undefined, problem: string[]] {
  try {
    return [make(), []];
  } catch (error) {
    const words = errorText(error).replace(/\s+/g, ' ').slice(0, 300);
    return [undefined, [`The template of the ${part} fails: ${words}. The built-in ${part} is sent.`]];
  }
}

/** Puts a template's words in place of the built-in ones. The title is the subject of an e-mail too. */
export function applyTemplate(
  message: Message,
  { title: titleTemplate, body: bodyTemplate }: Template,
  format: ChannelKind['templateFormat'],
): TemplatedMessage {
  if ((titleTemplate ?? '') === '' && (bodyTemplate ?? '') === '') return { message, templateProblem: null };
  const data = dataOf(message);
  const [title, titleProblem] =
    titleTemplate === null || titleTemplate === ''
      ? [undefined, []]
      : attempt('title', () => cleanText(render('text', titleTemplate, data)));
  const [body, bodyProblem] =
    bodyTemplate === null || bodyTemplate === ''
      ? [undefined, []]
      : attempt('body', () => bodyOf(format, bodyTemplate, data));
  const problems = [...titleProblem, ...bodyProblem];
  return {
    message: {
      ...message,
      ...(title === undefined ? {} : { title, subject: title }),
      ...(body === undefined ? {} : { ownText: body }),
    },
    templateProblem: problems.length === 0 ? null : problems.join(' '),
  };
}

/** What a message looks like with a template, as text: for the preview while somebody writes one. */
export function preview(
  template: Template,
  message: Message,
  format: ChannelKind['templateFormat'],
): { readonly title: string; readonly text: string; readonly problem: string | null } {
  const { message: made, templateProblem } = applyTemplate(message, template, format);
  return {
    title: made.title,
    text: made.ownText ?? messageText(message, Number.POSITIVE_INFINITY),
    problem: templateProblem,
  };
}
