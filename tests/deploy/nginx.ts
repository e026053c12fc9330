/** nginx with the configuration of deploy/nginx, for tests. */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openAuthority } from '../../server/tls/authority.ts';

const root = join(import.meta.dirname, '..', '..');
export const nginx = ['/usr/sbin/nginx', 'nginx'].find((path) => spawnSync(path, ['-v']).status === 0);

/**
 * Writes the example configuration with the ports, names and certificates of a test, and returns its path. `base`: the
 * path that the server is below, as the configuration says to do it.
 */
export async function writeConfiguration(
  folder: string,
  upstream: number,
  ports: { plain: number; tls: number },
  base = '',
) {
  const { certFile, keyFile } = await openAuthority(folder, ['localhost', '127.0.0.1']);
  const example = readFileSync(join(root, 'deploy', 'nginx', 'watchfloor.conf'), 'utf8')
    .replaceAll(/^ *listen \[::\].*$/gm, '')
    .replace('listen 80;', `listen 127.0.0.1:${ports.plain};`)
    .replace('listen 443 ', `listen 127.0.0.1:${ports.tls} `)
    .replaceAll('watchfloor.example', 'localhost')
    .replace('/etc/ssl/certs/watchfloor.pem', certFile)
    .replace('/etc/ssl/private/watchfloor.key', keyFile)
    .replace('127.0.0.1:8443', `127.0.0.1:${upstream}`)
    .replace('location / {', `location ${base}/ {`)
    .replace('proxy_pass http://watchfloor;', `proxy_pass http://watchfloor${base === '' ? '' : '/'};`);
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(folder, name)};`)
    .join('\n');
  const path = join(folder, 'nginx.conf');
  writeFileSync(
    path,
    `daemon off; pid ${join(folder, 'nginx.pid')}; error_log ${join(folder, 'error.log')};
     events {} http { access_log off; ${temporary}\n${example} }`,
  );
  return path;
}

/** The arguments to start it with. Started by root, nginx runs its workers as another user, who could not read `folder`. */
export const argumentsFor = (folder: string, config: string): string[] => [
  ...['-p', folder, '-c', config],
  ...(process.getuid?.() === 0 ? ['-g', 'user root;'] : []),
];
