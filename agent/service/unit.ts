/**
 * The text of the agent's service, for each service manager. `deploy/systemd/watchfloor-agent.service` is this text for a
 * clone in /opt/watchfloor, and the packages' unit is this text for their program: tests compare them.
 */
import { LAUNCHD_LABEL, type Places } from './places.ts';

export interface ServiceText {
  readonly kind: Places['kind'];
  /** The program and its arguments. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly workingDirectory?: string;
  readonly documentation?: string;
  /** The file of `NAME=value` lines. */
  readonly settings: string;
  readonly data: string;
}

/** The first line of what `install` writes: `uninstall` removes a file with it, and `install` overwrites no other. */
export const MARK = 'Written by "watchfloor-agent install"; "watchfloor-agent uninstall" removes it.';
/** The second line, where `install` has put the program there too. */
export const COPIED = 'It has put the program there, too.';

const DESCRIPTION = 'Measures this machine every second for a Watchfloor server';

/** `%` stands for something else in a unit. */
const literal = (text: string) => text.replaceAll('%', '%%');
/** A word of a unit's line. */
const word = (text: string) =>
  /[\s"'\\$]/.test(text) ? `"${literal(text).replace(/["\\$]/g, '\\$&')}"` : literal(text);

/** What holds for a service of the machine: a user of its own, and no rights. */
const LIMITS = `
# A user of its own, made for as long as it runs unless there is one of its name; identity, token and spool stay in /var/lib/watchfloor-agent.
DynamicUser=yes
StateDirectory=watchfloor-agent
StateDirectoryMode=0700
# Where a socket for lines of StatsD may lie: WATCHFLOOR_STATSD=/run/watchfloor-agent/statsd.sock.
RuntimeDirectory=watchfloor-agent
RuntimeDirectoryMode=0755
UMask=0077

# It sees the machine it measures: every process in /proc, every mount, and /home as read-only.
ProtectProc=default
ProcSubset=all
ProtectHome=read-only

NoNewPrivileges=yes
CapabilityBoundingSet=
AmbientCapabilities=
ProtectSystem=strict
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM
# Off on purpose: V8 compiles JavaScript into memory that it writes and then executes.
MemoryDenyWriteExecute=no
`;

/** A user's systemd cannot take more away than this without namespaces of the user's own. */
const USER_LIMITS = `
UMask=0077
NoNewPrivileges=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
`;

/** A unit of systemd. */
export function systemdUnit(text: ServiceText): string {
  const isSystem = text.kind === 'system';
  const environment = { NODE_ENV: 'production', WATCHFLOOR_AGENT_DATA: text.data };
  const assign = (values: Readonly<Record<string, string>>) =>
    Object.entries(values).map(([name, value]) => `Environment=${word(`${name}=${value}`)}`);
  const network = isSystem ? ['Wants=network-online.target', 'After=network-online.target'] : [];
  return [
    '[Unit]',
    'Description=Watchfloor agent',
    ...(text.documentation === undefined ? [] : [`Documentation=${text.documentation}`]),
    ...network,
    'StartLimitIntervalSec=0',
    '',
    '[Service]',
    `ExecStart=${text.command.map(word).join(' ')}`,
    ...assign(text.environment),
    ...(text.workingDirectory === undefined ? [] : [`WorkingDirectory=${literal(text.workingDirectory)}`]),
    ...assign(environment),
    `EnvironmentFile=-${literal(text.settings)}`,
    'Restart=always',
    'RestartSec=5',
    'TimeoutStopSec=10',
    '# While samples are taken and sending goes on, the agent tells so every 40 s, by systemd-notify. One that does not for',
    '# this long is stopped or hangs, and is started anew.',
    'WatchdogSec=120',
    'WatchdogSignal=SIGTERM',
    'NotifyAccess=all',
    isSystem ? LIMITS : USER_LIMITS,
    '[Install]',
    `WantedBy=${isSystem ? 'multi-user.target' : 'default.target'}`,
    '',
  ].join('\n');
}

/** The user that the service runs as where systemd makes none. */
export const SERVICE_USER = 'watchfloor-agent';

/** A word of a shell script. */
const shellWord = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** A script of OpenRC. */
export function openrcScript({ command, environment, settings, data }: ServiceText): string {
  const [program = '', ...args] = [...command, 'run', '--env-file', settings];
  const set = { ...environment, NODE_ENV: 'production', WATCHFLOOR_AGENT_DATA: data };
  return `#!/sbin/openrc-run
# ${MARK}

name="Watchfloor agent"
description=${shellWord(DESCRIPTION)}
supervisor=supervise-daemon
command=${shellWord(program)}
command_args=${shellWord(args.map(shellWord).join(' '))}
command_user="${SERVICE_USER}:${SERVICE_USER}"
respawn_delay=5
respawn_max=0
umask=0077
output_log=/var/log/${SERVICE_USER}.log
error_log=/var/log/${SERVICE_USER}.log
${Object.entries(set)
  .map(([name, value]) => `export ${name}=${shellWord(value)}`)
  .join('\n')}

depend() {
  use net
  after localmount bootmisc firewall ntp-client
}

start_pre() {
  checkpath --directory --mode 0700 --owner "$command_user" ${shellWord(data)}
  checkpath --file --mode 0640 --owner "$command_user" "$output_log"
}
`;
}

const xml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const string = (text: string) => `<string>${xml(text)}</string>`;

/** A property list of launchd. */
export function launchdPlist({ kind, command, environment, settings, data }: ServiceText): string {
  const set = { ...environment, NODE_ENV: 'production', WATCHFLOOR_AGENT_DATA: data };
  const args = [...command, 'run', '--env-file', settings].map((arg) => `    ${string(arg)}`);
  const variables = Object.entries(set).map(
    ([name, value]) => `    <key>${xml(name)}</key>\n    ${string(value)}`,
  );
  // A user of the system without rights; a user's own agent runs as that user anyway.
  const user = kind === 'system' ? ['  <key>UserName</key>', '  <string>daemon</string>'] : [];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">',
    `<!-- ${MARK} -->`,
    '<plist version="1.0">',
    '<dict>',
    '  <key>Label</key>',
    `  ${string(LAUNCHD_LABEL)}`,
    '  <key>ProgramArguments</key>',
    '  <array>',
    ...args,
    '  </array>',
    '  <key>EnvironmentVariables</key>',
    '  <dict>',
    ...variables,
    '  </dict>',
    ...user,
    '  <key>Umask</key>',
    '  <integer>63</integer>',
    '  <key>RunAtLoad</key>',
    '  <true/>',
    '  <key>KeepAlive</key>',
    '  <true/>',
    '  <key>ThrottleInterval</key>',
    '  <integer>5</integer>',
    '  <key>StandardOutPath</key>',
    `  ${string(`${data}/agent.log`)}`,
    '  <key>StandardErrorPath</key>',
    `  ${string(`${data}/agent.log`)}`,
    '</dict>',
    '</plist>',
    '',
  ].join('\n');
}
