/** Boards for tests: made, read, and one that has every kind of tile. */
import { board, boardsReply, pictureCreated, type Board } from '#protocol/boards.ts';
import { ALL_MACHINES } from '#protocol/machine-scope.ts';
import type { TestServer } from './product.ts';

/** One green pixel. */
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const MARKDOWN =
  '# Night shift\n\nCall **Ann**, then *Ben*.\n\n- [x] Backup seen\n- [ ] Patches\n\n[Runbook](https://wiki.example/night)';

const at = (x: number, y: number, w: number, h: number) => ({ place: { x, y, w, h } });
const LIMITS = { warning: 40, critical: 80 };

/** The boards of a server, as its administrator makes and reads them. */
export function boardsOf({ admin }: TestServer) {
  const read = async (id: string): Promise<Board> => (await admin.ask('GET', `/boards/${id}`)).as(board);
  return {
    read,
    async make(name: string, tiles: readonly object[]): Promise<Board> {
      return (await admin.ask('POST', '/boards', { body: { name, tiles } })).as(board);
    },
    async named(name: string): Promise<Board> {
      const { boards } = (await admin.ask('GET', '/boards')).as(boardsReply);
      return read(boards.find((each) => each.name === name)?.id ?? '');
    },
  };
}

/** The tiles of a board that has every kind, one of a later version among them. Uploads a picture for its tile. `device`: the machine that single tiles are about. */
export async function everyKind(server: TestServer, device: string): Promise<object[]> {
  const body = { type: 'image/png', data: PIXEL };
  const picture = (await server.admin.ask('POST', '/pictures', { body })).as(pictureCreated).id;
  const all = { scope: ALL_MACHINES };
  const one = { scope: { ...ALL_MACHINES, devices: [device] } };
  const short = { range_ms: 300_000 };
  return [
    { id: 'a', kind: 'number', ...one, field: 'cpu', limits: LIMITS, ...short, ...at(0, 0, 4, 4) },
    { id: 'b', kind: 'gauge', ...all, field: 'ram', limits: LIMITS, ...at(4, 0, 4, 4) },
    { id: 'c', kind: 'clock', time_zone: 'Asia/Tokyo', ...at(8, 0, 4, 4) },
    { id: 'd', kind: 'status', ...all, ...at(12, 0, 6, 4) },
    { id: 'e', kind: 'summary', ...all, ...at(18, 0, 6, 4) },
    { id: 'f', kind: 'line', ...all, fields: ['cpu'], ...short, ...at(0, 4, 12, 7) },
    { id: 'g', kind: 'heatmap', ...all, field: 'cpu', ...short, ...at(12, 4, 12, 7) },
    { id: 'h', kind: 'bar', ...all, field: 'cpu', limits: LIMITS, ...at(0, 11, 6, 7) },
    { id: 'i', kind: 'table', ...all, fields: ['cpu', 'ram', 'disk'], ...at(6, 11, 8, 7) },
    { id: 'j', kind: 'alerts', ...all, ...at(14, 11, 5, 7) },
    { id: 'k', kind: 'events', ...all, ...at(19, 11, 5, 7) },
    { id: 'l', kind: 'text', title: 'On call', markdown: MARKDOWN, ...at(0, 18, 6, 6) },
    { id: 'm', kind: 'picture', picture, alt: 'A green field', fit: 'cover', ...at(6, 18, 4, 6) },
    { id: 'n', kind: 'line', ...one, fields: ['net_rx', 'net_tx'], ...short, ...at(10, 18, 9, 6) },
    { id: 'o', kind: 'hologram', ...at(19, 18, 5, 6) },
  ];
}
