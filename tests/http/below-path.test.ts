import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { belowPath } from '../../server/http/below-path.ts';

const moved = (name: string, text: string) =>
  belowPath(name, Buffer.from(text), '/watchfloor')?.toString('utf8') ?? text;
const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

describe('the web app below a path', () => {
  it.each([
    ['a.js', 'import("/ui/_app/a.js");b="/ui"', 'import("/watchfloor/ui/_app/a.js");b="/watchfloor/ui"'],
    ['a.css', 'src:url(/ui/_app/f.woff2)', 'src:url(/watchfloor/ui/_app/f.woff2)'],
    ['m.webmanifest', '{"scope": "/ui/"}', '{"scope": "/watchfloor/ui/"}'],
    ['a.js', 'a="/ui-kit";b=c/ui/d;e="/x/ui/"', 'a="/ui-kit";b=c/ui/d;e="/x/ui/"'],
    ['a.png', '"/ui/"', '"/ui/"'],
  ])('in %s, %s becomes %s', (name, before, after) => {
    expect(moved(name, before)).toBe(after);
  });

  it('[S6] the hashes of a page’s policy are those of what stands in it then', () => {
    const script = 'start({base: "/ui"})';
    const page = (text: string) =>
      `<meta content="script-src 'self' ${hash(text)}"><script type="module">${text}</script>`;
    expect(moved('200.html', page(script))).toBe(page('start({base: "/watchfloor/ui"})'));
  });

  it('without a path nothing is made anew', () => {
    expect(belowPath('200.html', Buffer.from('"/ui/"'), '')).toBeUndefined();
  });
});
