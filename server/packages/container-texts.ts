/**
 * What runs an agent in containers: a DaemonSet and a Compose file. There is no image of the agent: a first container
 * fetches the executable, and one of a stock image with glibc runs it. It measures the host: its processes (`hostPID`),
 * its networks, its machine id, and its file systems below /host, read-only.
 */
import type { TextFacts } from './install-script.ts';
import type { ReadyPackage } from './package-folder.ts';

/** The newest executable for each processor. */
export interface Executables {
  readonly x64: ReadyPackage | undefined;
  readonly arm64: ReadyPackage | undefined;
}

const FETCH_IMAGE = 'curlimages/curl:latest';
const RUN_IMAGE = 'debian:stable-slim';
const PROGRAM = '/agent/watchfloor-agent';

/** Fetches the executable into /agent. Its name and SHA-256 are fixed: a newer version needs a newer text. */
export function fetchScript({ server, trust }: TextFacts, { x64, arm64 }: Executables): string {
  const choice = (machine: string, found: ReadyPackage | undefined) =>
    found ? [`  ${machine}) sum=${found.sha256} name=${found.name} ;;`] : [];
  const isPlain = trust.pin === '';
  const options = isPlain
    ? '-fsS'
    : trust.isLasting
      ? `-fsS -k --pinnedpubkey '${trust.pin}'`
      : '-fsS --cacert /tmp/authority.pem';
  return [
    'set -eu',
    'case $(uname -m) in',
    ...choice('x86_64', x64),
    ...choice('aarch64', arm64),
    '  *) echo "the server has no package for $(uname -m)"; exit 1 ;;',
    'esac',
    ...(isPlain || trust.isLasting
      ? []
      : [`cat >/tmp/authority.pem <<'END'`, ...trust.authority.split('\n'), 'END']),
    `curl ${options} --retry 5 -o ${PROGRAM} "${server}/install/$name"`,
    `echo "$sum  ${PROGRAM}" | sha256sum -c`,
    `chmod 755 ${PROGRAM}`,
  ].join('\n');
}

const indented = (text: string, spaces: number) => text.replace(/^(?=.)/gm, ' '.repeat(spaces));

export function kubernetesText(facts: TextFacts, executables: Executables): string {
  return `# An agent on each node. The enrollment key must be good for as many machines as there are nodes.
apiVersion: v1
kind: Secret
metadata: { name: watchfloor-agent }
stringData:
  enrollment: '${facts.enrollment}'
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: watchfloor-agent }
spec:
  selector: { matchLabels: { app: watchfloor-agent } }
  template:
    metadata: { labels: { app: watchfloor-agent } }
    spec:
      hostPID: true
      hostNetwork: true
      dnsPolicy: ClusterFirstWithHostNet
      automountServiceAccountToken: false
      tolerations: [{ operator: Exists }]
      initContainers:
        - name: fetch
          image: ${FETCH_IMAGE}
          command:
            - sh
            - -c
            - |
${indented(fetchScript(facts, executables), 14)}
          volumeMounts: [{ name: agent, mountPath: /agent }]
      containers:
        - name: agent
          image: ${RUN_IMAGE}
          command: [${PROGRAM}]
          env:
            - name: WATCHFLOOR_ENROLL
              valueFrom: { secretKeyRef: { name: watchfloor-agent, key: enrollment } }
            - name: WATCHFLOOR_NAME
              valueFrom: { fieldRef: { fieldPath: spec.nodeName } }
            - { name: WATCHFLOOR_AGENT_DATA, value: /var/lib/watchfloor-agent }
          securityContext:
            readOnlyRootFilesystem: true
            allowPrivilegeEscalation: false
            capabilities: { drop: [ALL] }
          volumeMounts:
            - { name: agent, mountPath: /agent, readOnly: true }
            - { name: data, mountPath: /var/lib/watchfloor-agent }
            - { name: tmp, mountPath: /tmp }
            - { name: machine-id, mountPath: /etc/machine-id, readOnly: true }
            - { name: host, mountPath: /host, readOnly: true, mountPropagation: HostToContainer }
      volumes:
        - { name: agent, emptyDir: {} }
        - { name: tmp, emptyDir: {} }
        - { name: data, hostPath: { path: /var/lib/watchfloor-agent, type: DirectoryOrCreate } }
        - { name: machine-id, hostPath: { path: /etc/machine-id, type: File } }
        - { name: host, hostPath: { path: / } }
`;
}

export function composeText(facts: TextFacts, executables: Executables): string {
  // Compose puts its own variables in place of a single dollar.
  const script = fetchScript(facts, executables).replaceAll('$', '$$$$');
  return `services:
  watchfloor-fetch:
    image: ${FETCH_IMAGE}
    user: root
    entrypoint: [sh, -c]
    command:
      - |
${indented(script, 8)}
    volumes: [watchfloor-program:/agent]
  watchfloor-agent:
    image: ${RUN_IMAGE}
    depends_on:
      watchfloor-fetch: { condition: service_completed_successfully }
    command: [${PROGRAM}]
    restart: unless-stopped
    pid: host
    network_mode: host
    read_only: true
    tmpfs: [/tmp]
    cap_drop: [ALL]
    security_opt: [no-new-privileges]
    environment:
      WATCHFLOOR_ENROLL: '${facts.enrollment}'
      WATCHFLOOR_AGENT_DATA: /var/lib/watchfloor-agent
    volumes:
      - watchfloor-program:/agent:ro
      - watchfloor-data:/var/lib/watchfloor-agent
      - /etc/machine-id:/etc/machine-id:ro
      - /:/host:ro,rslave
volumes:
  watchfloor-program:
  watchfloor-data:
`;
}
