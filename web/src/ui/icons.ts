/** The icons, on a 16-pixel grid, as strokes 1.5 wide. */
export const ICONS = {
  fleet: 'M2.5 3.5h11v4h-11zM2.5 8.5h11v4h-11zM5 5.5h.01M5 10.5h.01M8 5.5h3M8 10.5h3',
  alerts: 'M8 2.2a4 4 0 0 0-4 4v2.6L2.8 11.3h10.4L12 8.8V6.2a4 4 0 0 0-4-4ZM6.5 13.5h3',
  settings: 'M2.5 4.5h5M11 4.5h2.5M2.5 11.5h2.5M8.5 11.5h5M9.2 2.9v3.2M6.7 9.9v3.2',
  search: 'M7 12a5 5 0 1 0 0-10 5 5 0 0 0 0 10ZM10.8 10.8 14 14',
  plus: 'M8 3v10M3 8h10',
  close: 'M4 4l8 8M12 4l-8 8',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3',
  check: 'M3 8.5 6.5 12 13 4.5',
  up: 'M4.5 9.5 8 6l3.5 3.5',
  down: 'M4.5 6.5 8 10l3.5-3.5',
  left: 'M9.5 4.5 6 8l3.5 3.5',
  right: 'M6.5 4.5 10 8l-3.5 3.5',
  user: 'M8 8a2.6 2.6 0 1 0 0-5.2A2.6 2.6 0 0 0 8 8ZM2.8 13.5c.5-2.5 2.5-3.8 5.2-3.8s4.7 1.3 5.2 3.8',
  more: 'M3.5 8.5a.5.5 0 1 0 0-1 .5.5 0 0 0 0 1ZM8 8.5a.5.5 0 1 0 0-1 .5.5 0 0 0 0 1ZM12.5 8.5a.5.5 0 1 0 0-1 .5.5 0 0 0 0 1Z',
  edit: 'M10.5 3 13 5.5 5.5 13H3v-2.5zM9 4.5 11.5 7',
  trash: 'M3 4.5h10M6.5 4.5v-2h3v2M4.5 4.5l.5 9h6l.5-9',
  key: 'M10.5 8.5a3 3 0 1 0-2.8-2l-5.2 5.2v1.8h2.3v-1.5h1.5v-1.5l1.5-1.5M11 5h.01',
  refresh: 'M13 4v3h-3M3 12V9h3M12.6 7A5 5 0 0 0 3.9 5.3M3.4 9a5 5 0 0 0 8.7 1.7',
  out: 'M6.5 2.5h-4v11h4M6 8h7.5M10.5 5l3 3-3 3',
  arrowDown: 'M8 3v10M4.5 9.5 8 13l3.5-3.5',
  arrowUp: 'M8 13V3M4.5 6.5 8 3l3.5 3.5',
  info: 'M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12ZM8 7.3V11M8 5.2h.01',
} as const;

export type IconName = keyof typeof ICONS;
