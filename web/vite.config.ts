import adapter from '@sveltejs/adapter-static';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vite';
import { translatable } from './messages/plugin.ts';
import { smallerFont } from './smaller-font.ts';

/** Where `vite dev` finds a running server; everything outside `/ui` is its. */
const server = process.env['WATCHFLOOR_URL'] ?? 'https://localhost:8443';

export default defineConfig({
  plugins: [
    translatable(),
    smallerFont(),
    sveltekit({
      adapter: adapter({ fallback: '200.html', precompress: true }),
      paths: { base: '/ui', relative: false },
      // The style of the first view comes with its document: to fetch it is another round trip before anything is drawn.
      inlineStyleThreshold: 16_384,
      // Pages notice an upgrade of the server soon: a wall reloads itself [W2], other pages offer it.
      version: { pollInterval: 20_000 },
      // Only browsers whose people want to be notified register it.
      serviceWorker: { register: false },
      files: { serviceWorker: 'src/alerts/push-worker/push-worker' },
      csp: {
        mode: 'hash',
        directives: {
          'default-src': ['none'],
          'script-src': ['self'],
          'style-src': ['self'],
          // Bars, charts and rows are placed by style attributes.
          'style-src-attr': ['unsafe-inline'],
          'font-src': ['self'],
          'img-src': ['self', 'data:'],
          'connect-src': ['self'],
          'manifest-src': ['self'],
          'base-uri': ['self'],
          'form-action': ['self'],
          'object-src': ['none'],
        },
      },
    }),
  ],
  build: {
    // Fonts stay files: `font-src 'self'` takes no data: URLs.
    assetsInlineLimit: 0,
  },
  json: { namedExports: false },
  server: {
    proxy: { '^/(?!ui(/|$))': { target: server, secure: false, ws: true, changeOrigin: false } },
  },
});
