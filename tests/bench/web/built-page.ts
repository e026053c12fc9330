/** The scripts of this folder's pages, built as the web app is. */
import { join } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { build } from 'vite';

interface Built {
  readonly script: string;
  readonly style: string;
}

/** `entry`: the name of a script in `pages/`. */
export async function buildScript(entry: string): Promise<Built> {
  const built = await build({
    configFile: false,
    logLevel: 'error',
    root: join(import.meta.dirname, '..', '..', '..'),
    plugins: [svelte({ configFile: false })],
    build: {
      write: false,
      cssCodeSplit: false,
      rollupOptions: { input: join(import.meta.dirname, 'pages', entry), output: { format: 'iife' } },
    },
  });
  const files = (Array.isArray(built) ? built : [built]).flatMap((one) =>
    'output' in one ? one.output : [],
  );
  return {
    script: files.flatMap((file) => (file.type === 'chunk' ? [file.code] : [])).join('\n'),
    style: files
      .flatMap((file) =>
        file.type === 'asset' && file.fileName.endsWith('.css') ? [String(file.source)] : [],
      )
      .join('\n'),
  };
}

/** The script as a page of its own: one HTML text. */
export async function buildPage(entry: string): Promise<string> {
  const { script, style } = await buildScript(entry);
  const safe = script.replaceAll('</script', '<\\/script');
  return `<!doctype html><html><head><style>${style}</style></head><body><script>${safe}</script></body></html>`;
}
