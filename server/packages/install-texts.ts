/** What a person pastes to install an agent: one line for each system, and texts for what sets up many machines. */
import { installTexts, newestOf, type InstallTexts, type InstallWay } from '#protocol/packages.ts';
import { composeText, kubernetesText, type Executables } from './container-texts.ts';
import type { TextFacts } from './install-script.ts';

const indented = (text: string, spaces: number) =>
  text
    .split('\n')
    .map((line) => (line === '' ? '' : `${' '.repeat(spaces)}${line}`))
    .join('\n');

/** curl for a script of this server, which it hands over only where the server is the right one. */
function curlFor(script: string, { server, trust }: TextFacts, curl = 'curl'): string {
  const pinned = trust.pin === '' ? '' : ` -k --pinnedpubkey '${trust.pin}'`;
  return `${curl} -fsS${pinned} ${server}/install/${script}`;
}

/**
 * A script that installs the agent with curl or wget, for what is kept or has no curl. The enrollment string is in the
 * environment of what it starts, and in no process list.
 */
export function bootstrapScript(facts: TextFacts, tool: 'curl' | 'wget'): string {
  const { server, trust, enrollment } = facts;
  const isPinned = tool === 'curl' && trust.isLasting;
  const script = `${server}/install/agent.sh`;
  if (isPinned) return `${curlFor('agent.sh', facts)} | WATCHFLOOR_ENROLL='${enrollment}' sh`;
  const option = tool === 'curl' ? '-fsS --cacert' : '-qO- --ca-certificate';
  if (trust.authority === '')
    return `${tool} ${tool === 'curl' ? '-fsS' : '-qO-'} ${script} | WATCHFLOOR_ENROLL='${enrollment}' sh`;
  return [
    'authority=$(mktemp)',
    `cat >"$authority" <<'END'`,
    trust.authority,
    'END',
    `${tool} ${option} "$authority" ${script} | WATCHFLOOR_ENROLL='${enrollment}' sh`,
    'rm "$authority"',
  ].join('\n');
}

/** The string goes through the pipe, as `sudo` shows and logs what stands in its command line. */
function withSudo(facts: TextFacts): string {
  return `{ echo "export WATCHFLOOR_ENROLL='${facts.enrollment}'"; ${curlFor('agent.sh', facts)}; } | sudo sh`;
}

function windowsLine(facts: TextFacts): string {
  const fetched = curlFor('agent.ps1', facts, 'curl.exe');
  return `$env:WATCHFLOOR_ENROLL = '${facts.enrollment}'; ${fetched} | Out-String | Invoke-Expression`;
}

function cloudInit(facts: TextFacts): string {
  return `#cloud-config
write_files:
  - path: /run/watchfloor-install.sh
    permissions: '0700'
    content: |
${indented(bootstrapScript(facts, 'curl'), 6)}
runcmd:
  - [sh, /run/watchfloor-install.sh]
  - [rm, /run/watchfloor-install.sh]
`;
}

function ansible(facts: TextFacts): string {
  return `# The machine needs curl. no_log: the task holds the enrollment string.
- name: Install the Watchfloor agent
  become: true
  no_log: true
  ansible.builtin.command:
    cmd: sh
    creates: /etc/watchfloor/agent.env
    stdin: |
${indented(bootstrapScript(facts, 'curl'), 6)}
`;
}

/** The text for each way; null where no package is ready for it. */
export function makeInstallTexts(facts: TextFacts): InstallTexts {
  const executable = (system: 'linux' | 'macos' | 'windows', arch: 'x64' | 'arm64') =>
    newestOf(facts.ready, { system, arch, kind: 'executable' });
  const has = (system: 'linux' | 'macos' | 'windows') =>
    executable(system, 'x64') !== undefined || executable(system, 'arm64') !== undefined;
  const linux: Executables = { x64: executable('linux', 'x64'), arm64: executable('linux', 'arm64') };
  const text = (isThere: boolean, make: (facts: TextFacts) => string) => (isThere ? make(facts) : null);
  const made: Record<InstallWay, string | null> = {
    clone: `WATCHFLOOR_ENROLL='${facts.enrollment}' npm run agent`,
    linux: text(
      has('linux'),
      () => `${curlFor('agent.sh', facts)} | WATCHFLOOR_ENROLL='${facts.enrollment}' sh`,
    ),
    linux_sudo: text(has('linux'), withSudo),
    linux_wget: text(has('linux'), () => bootstrapScript(facts, 'wget')),
    macos: text(has('macos'), withSudo),
    windows: text(has('windows'), windowsLine),
    cloud_init: text(has('linux'), cloudInit),
    ansible: text(has('linux'), ansible),
    kubernetes: text(has('linux'), () => kubernetesText(facts, linux)),
    compose: text(has('linux'), () => composeText(facts, linux)),
  };
  return installTexts.parse(made);
}
