/**
 * What Docker and Podman say of their containers, over their sockets: name, image, state, health. Only lists are read.
 * [G3] It is asked in the background: a runtime that hangs makes its containers keep the names that they have.
 */
import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import { z } from 'zod';

export interface ContainerFacts {
  readonly id: string;
  readonly name: string;
  readonly image: string;
  /** Undefined while the runtime does not answer. */
  readonly running: boolean | undefined;
  /** Undefined then, and without a health check. */
  readonly healthy: boolean | undefined;
}

const reply = z.array(
  z.object({
    Id: z.string(),
    Names: z.array(z.string()).min(1),
    Image: z.string().default(''),
    State: z.string().default(''),
    /** `Up 2 hours (healthy)` of Docker, `healthy` of Podman. */
    Status: z.string().default(''),
  }),
);

/** While a check has not ended for the first time, its container is neither healthy nor not. */
function healthIn(status: string): boolean | undefined {
  if (/\bunhealthy\b/.test(status)) return false;
  return /\bhealthy\b/.test(status) ? true : undefined;
}

/** The list of containers as Docker and Podman answer it. @throws z.ZodError for another text */
export function parseContainers(json: unknown): ContainerFacts[] {
  return reply.parse(json).map(({ Id, Names: [name = Id], Image, State, Status }) => ({
    id: Id,
    name: name.replace(/^\//, ''),
    image: Image,
    running: State === 'running',
    healthy: healthIn(Status),
  }));
}

/**
 * The names in /var/log/containers, which the kubelet keeps → id to `namespace/pod/container`.
 *
 *     web-7d4_default_nginx-3f2a….log
 */
export function parseKubernetesLogs(names: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of names) {
    const [, pod, namespace, container, id] = /^([^_]+)_([^_]+)_(.+)-([0-9a-f]{64})\.log$/.exec(name) ?? [];
    if (id !== undefined) found.set(id, `${namespace}/${pod}/${container}`);
  }
  return found;
}

interface Source {
  readonly socket: string;
  readonly path: string;
}
const SOURCES: readonly Source[] = [
  { socket: '/var/run/docker.sock', path: '/containers/json?all=true' },
  { socket: '/run/podman/podman.sock', path: '/v4.0.0/libpod/containers/json?all=true' },
];

const PATIENCE = 5000;
const MOST_BYTES = 4 * 1024 * 1024;

/** The JSON that a socket answers. Rejects after PATIENCE milliseconds, and where the answer is too long. */
export function askSocket({ socket, path }: Source): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(PATIENCE);
    const asked = request({ socketPath: socket, path, agent: false, signal }, (answer) => {
      const parts: Buffer[] = [];
      let length = 0;
      answer.on('data', (part: Buffer) => {
        length += part.length;
        if (length > MOST_BYTES) asked.destroy(new Error('the list of containers is too long'));
        parts.push(part);
      });
      answer.on('error', reject);
      answer.on('end', () => {
        try {
          if (answer.statusCode !== 200) throw new Error(`the runtime answered ${answer.statusCode}`);
          resolve(JSON.parse(Buffer.concat(parts).toString('utf8')));
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}

/** What the runtimes said last. */
export interface Runtimes {
  /** By id. A runtime that does not answer any more leaves the names of its containers known. */
  readonly facts: ReadonlyMap<string, ContainerFacts>;
  /** Names of containers of Kubernetes, by id. */
  readonly pods: ReadonlyMap<string, string>;
  /** Asks them all, unless an earlier question still waits. */
  ask(): Promise<void>;
}

export function createRuntimes(
  sources: readonly Source[] = SOURCES,
  kubernetesLogs = '/var/log/containers',
): Runtimes {
  let facts = new Map<string, ContainerFacts>();
  let pods = new Map<string, string>();
  let asking = false;

  const said = new Map<string, readonly ContainerFacts[]>();

  const listOf = async (source: Source): Promise<readonly ContainerFacts[]> => {
    const { socket } = source;
    try {
      said.set(socket, parseContainers(await askSocket(source)));
    } catch {
      // There is no such runtime here, this user may not ask it, it was stopped, or it hangs.
      const before = said.get(socket) ?? [];
      said.set(
        socket,
        before.map((one) => ({ ...one, running: undefined, healthy: undefined })),
      );
    }
    return said.get(socket) ?? [];
  };
  const readLogs = () => {
    try {
      return parseKubernetesLogs(readdirSync(kubernetesLogs));
    } catch {
      // No Kubernetes.
      return new Map<string, string>();
    }
  };

  return {
    get facts() {
      return facts;
    },
    get pods() {
      return pods;
    },
    async ask() {
      if (asking) return;
      asking = true;
      pods = readLogs();
      const lists = await Promise.all(sources.map(listOf));
      facts = new Map(lists.flat().map((one) => [one.id, one]));
      asking = false;
    },
  };
}
