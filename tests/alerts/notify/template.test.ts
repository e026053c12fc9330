import { describe, expect, it } from 'vitest';
import { applyTemplate, preview } from '../../../server/alerts/notify/template.ts';
import { alertOf, hostileMessage, message, WEB_URL } from './channel-stage.ts';

const text = (body: string, sent = message()) => applyTemplate(sent, { title: null, body }, 'text');
const json = (body: string, sent = message()) => applyTemplate(sent, { title: null, body }, 'json');

describe('a template', () => {
  it('a template makes the title and the body of a message from its alerts', () => {
    const template = {
      title: '{{ severity | upcase }} {{ alerts[0].machine }}',
      body: '{% for alert in alerts %}{{ alert.machine }} has {{ alert.reading }}\n{% endfor %}See {{ url }}',
    };
    const two = message('firing', { alerts: [alertOf(), alertOf({ device_name: 'web-2' })] });
    const { message: made, templateProblem } = applyTemplate(two, template, 'text');
    expect(made).toMatchObject({ title: 'CRITICAL web-1', subject: 'CRITICAL web-1' });
    expect(made.ownText).toBe(
      `web-1 has 97 %, above 90 %\nweb-2 has 97 %, above 90 %\nSee ${WEB_URL}/alerts`,
    );
    expect(templateProblem).toBeNull();
  });

  it('a template that is empty leaves the built-in words', () => {
    expect(applyTemplate(message(), { title: '', body: null }, 'text')).toEqual({
      message: message(),
      templateProblem: null,
    });
  });

  it.each([
    ['{{ titel }}', 'undefined variable: titel'],
    ['{{ title | shout }}', 'undefined filter: shout'],
    ['{% for alert in alerts %}', 'not closed'],
    ['{% if false %}x{% endif %}', 'it makes nothing'],
    ['{% include "/etc/passwd" %}', 'Failed to lookup'],
    ['{% render "../secret" %}', 'Failed to lookup'],
    ['{% for i in (1..100000000) %}x{% endfor %}', 'memory alloc limit exceeded'],
    [
      '{% for i in (1..9000) %}{% for j in (1..9000) %}{% for k in (1..9000) %}{% endfor %}{% endfor %}{% endfor %}',
      'limit exceeded',
    ],
    [
      `{{ "${'x'.repeat(1000)}" | ${Array(30).fill('append: title').join(' | ')} | split: "" | join: "${'y'.repeat(900)}" }}`,
      'exceeded',
    ],
    ['x'.repeat(30_000), 'parse length limit exceeded'],
  ])('%.60s costs no message: the built-in body is sent, and the problem is told', (body, words) => {
    const { message: made, templateProblem } = text(body);
    expect(made).toEqual(message());
    expect(templateProblem).toContain('The template of the body fails: ');
    expect(templateProblem).toContain(words);
    expect(templateProblem).toContain('The built-in body is sent.');
  });

  it('a title that fails leaves a body that works', () => {
    const { message: made, templateProblem } = applyTemplate(
      message(),
      { title: '{{ x }}', body: 'b' },
      'text',
    );
    expect(made).toMatchObject({ title: message().title, ownText: 'b' });
    expect(templateProblem).toContain('The built-in title is sent.');
  });

  it('a template reaches nothing but the data of the message', () => {
    for (const body of ['{{ title.constructor }}', '{{ alerts.constructor.name }}', '{{ process.env }}'])
      expect(text(body).message.ownText).toBeNull();
  });

  it('a template of JSON may put names between quotes, whatever they hold', () => {
    const { message: made } = json('{"name": "{{ alerts[0].machine }}", "n": {{ count }}}', hostileMessage());
    expect(JSON.parse(made.ownText ?? '')).toEqual({
      name: hostileMessage().lines[0]?.machine,
      n: 1,
    });
  });

  it('a template of JSON may put in whole values with the filter json', () => {
    const { message: made } = json('{"all": {{ alerts | json }}, "title": {{ title | json }}}');
    expect(JSON.parse(made.ownText ?? '')).toMatchObject({
      all: [{ machine: 'web-1' }],
      title: message().title,
    });
  });

  it('a template that makes no JSON where JSON is sent is told', () => {
    const { message: made, templateProblem } = json('{"a": {{ title }}}');
    expect(made.ownText).toBeNull();
    expect(templateProblem).toContain('it makes no valid JSON');
  });

  it('a template has a preview with the built-in words where it fails', () => {
    expect(preview({ title: 'T: {{ title }}', body: null }, message(), 'text')).toEqual({
      title: `T: ${message().title}`,
      text: `web-1: CPU 97 %, above 90 %\nCPU high, since 26 Nov, 14:07:09 UTC\n\n${WEB_URL}/alerts/alert-1`,
      problem: null,
    });
    expect(preview({ title: null, body: '{{ x }}' }, message(), 'text').problem).toContain(
      'undefined variable: x',
    );
  });
});
