import { describe, expect, it } from 'vitest';
import { readMarkdown, safeAddress } from '../../../web/src/boards/markdown.ts';

const all = (text: string) => JSON.stringify(readMarkdown(text));

describe('markdown', () => {
  it('headings, lists, tables, code, quotes and emphasis are read', () => {
    const kinds = (text: string) => readMarkdown(text).map(({ kind }) => kind);
    expect(kinds('# A\n\ntext\n\n- one\n\n|a|\n|-|\n|b|\n\n> q\n\n```\nc\n```\n\n---')).toEqual([
      'heading',
      'paragraph',
      'list',
      'table',
      'quote',
      'code',
      'rule',
    ]);
    expect(readMarkdown('**b** `c` & &lt;')).toEqual([
      {
        kind: 'paragraph',
        children: [
          { kind: 'strong', children: [{ kind: 'text', text: 'b' }] },
          { kind: 'text', text: ' ' },
          { kind: 'code', text: 'c' },
          { kind: 'text', text: ' & <' },
        ],
      },
    ]);
  });

  it('HTML in a text is shown as it was written', () => {
    expect(readMarkdown('<script>alert(1)</script>')).toEqual([
      { kind: 'paragraph', children: [{ kind: 'text', text: '<script>alert(1)</script>' }] },
    ]);
    expect(all('a <img src=x onerror=alert(1)> b')).toContain('"text":"<img src=x onerror=alert(1)>"');
  });

  it('a link leads to web and mail addresses only; any other is plain text', () => {
    expect(all('[a](https://example.org)')).toContain('"href":"https://example.org/"');
    expect(all('[a](mailto:ops@example.org)')).toContain('"href":"mailto:ops@example.org"');
    const hostile = [
      'javascript:alert(1)',
      'JaVaScRiPt:alert(1)',
      'java\tscript:alert(1)',
      '&#106;avascript:alert(1)',
      'data:text/html,x',
      'vbscript:x',
      'file:///etc/passwd',
      '/ui/settings',
      '//evil.example',
    ];
    for (const address of hostile) {
      expect(safeAddress(address), address).toBeUndefined();
      expect(all(`[click](${address})`), address).not.toContain('"link"');
      expect(all(`[click](<${address}>)`), address).not.toContain('"link"');
    }
  });

  it('a picture in a text is a link to it, so that nothing is loaded from elsewhere', () => {
    expect(all('![plan](https://example.org/p.png)')).toContain('"kind":"link"');
    expect(all('![plan](javascript:alert(1))')).not.toContain('"link"');
  });

  it('no heading skips a level, whatever the text says', () => {
    const levels = readMarkdown('### a\n\n###### b\n\n# c\n\n#### d').map((block) =>
      block.kind === 'heading' ? block.level : 0,
    );
    expect(levels).toEqual([1, 2, 1, 2]);
  });

  it('a list may have boxes, and may begin with any number', () => {
    expect(all('- [x] done\n- [ ] open')).toContain('"done":true');
    expect(readMarkdown('3. three')[0]).toMatchObject({ kind: 'list', start: 3 });
  });

  it('a text that is nested thousands of levels deep is shown as it was written', () => {
    for (const text of ['>'.repeat(20_000), '> - '.repeat(5000), '*a '.repeat(6000), '['.repeat(20_000)])
      expect(readMarkdown(text).length).toBeGreaterThan(0);
  });
});
