import { expect, it } from 'vitest';
import { readOnlyRanges } from '../../../agent/service/program-memory.ts';

const maps = `00400000-00e37000 r--p 00000000 fe:00 10708118                           /usr/bin/watchfloor-agent
00e37000-032e7000 r-xp 00a37000 fe:00 10708118                           /usr/bin/watchfloor-agent
06b11000-06b98000 rw-p 065f7000 fe:00 10708118                           /usr/bin/watchfloor-agent
1c8fb000-1ce09000 rw-p 00000000 00:00 0                                  [heap]
2cbcf5640000-2cbcf58fe000 rw-p 00000000 00:00 0 
7efcd6521000-7efcd6587000 r-xp 00066000 fe:00 10044001                   /usr/lib/x86_64-linux-gnu/libc.so.6
7efcfec80000-7efcfee60000 r-xp 01952000 fe:00 10708118                   /usr/bin/watchfloor-agent
7f0000000000-7f0000001000 r--p 00000000 fe:00 10708119                   /usr/bin/watchfloor-agent-old
`;

it('only what is read of the program itself is given back, never what it wrote, nor a library that others use', () => {
  expect(readOnlyRanges(maps, '/usr/bin/watchfloor-agent')).toEqual([
    { start: 0x400000n, length: 0xa37000n },
    { start: 0xe37000n, length: 0x24b0000n },
    { start: 0x7efcfec80000n, length: 0x1e0000n },
  ]);
});

it('a program whose file was replaced while it runs is found by its new name in the list of memory', () => {
  const replaced = '00400000-00401000 r-xp 00000000 fe:00 5      /usr/bin/watchfloor-agent (deleted)\n';
  expect(readOnlyRanges(replaced, '/usr/bin/watchfloor-agent')).toEqual([
    { start: 0x400000n, length: 0x1000n },
  ]);
});

it('a folder with a space in its name is part of the name', () => {
  expect(
    readOnlyRanges('400000-401000 r-xp 00000000 fe:00 5   /opt/my agent\n', '/opt/my agent'),
  ).toHaveLength(1);
});
