/**
 * Probes: what agents check of other things, from where they run. A probe is data: it says what to check and how often,
 * and an agent does nothing else with it [G6]. The server keeps the list, hands each machine its own, and shows the
 * results, which are fields of the machine's samples (`probe:<name>:up`).
 */
import { z } from 'zod';
import { machineScope } from './machine-scope.ts';
import { parseHost, parseHostPort, parsePage, parseResolver, STATUSES } from './probe-targets.ts';
import { MOST_PER_MACHINE, probeState, probeVersion } from './probe-reports.ts';
import { optionalText, text } from './text.ts';

/** The most probes of one server. */
export const MOST_PROBES = 200;
/** Seconds between two runs of a probe. */
export const PROBE_INTERVAL_S = { least: 5, most: 86_400, usual: 30 } as const;
/** Seconds that one try may take. */
export const PROBE_TIMEOUT_S = { least: 1, most: 30, usual: 5 } as const;
/** What a probe does that does not say otherwise. */
export const PROBE_DEFAULTS = {
  tries: 3,
  on: true,
  ip: 'any',
  method: 'GET',
  status: '200-299',
  redirects: true,
  certificate: true,
  tls: false,
  count: 3,
  record: 'A',
} as const;
/** A page's text is sought in so much of it, in bytes; more is not read. */
export const PROBE_BODY_BYTES = 1024 * 1024;

export const PROBE_KINDS = ['http', 'tcp', 'ping', 'dns'] as const;
export type ProbeKind = (typeof PROBE_KINDS)[number];

export const DNS_RECORDS = ['A', 'AAAA', 'CAA', 'CNAME', 'MX', 'NS', 'PTR', 'SOA', 'SRV', 'TXT'] as const;

// --- the shape of a probe ---------------------------------------------------------------------------

const target = text(2000);
const ip = z.enum(['any', '4', '6']).default(PROBE_DEFAULTS.ip);

/** What every kind has. */
const common = {
  /** It is part of its fields' names. No other probe of the server has it. */
  name: text(80),
  interval_s: z
    .number()
    .int()
    .min(PROBE_INTERVAL_S.least)
    .max(PROBE_INTERVAL_S.most)
    .default(PROBE_INTERVAL_S.usual),
  /** Seconds that one try may take. */
  timeout_s: z.number().min(PROBE_TIMEOUT_S.least).max(PROBE_TIMEOUT_S.most).default(PROBE_TIMEOUT_S.usual),
  /** It is down after so many tries in a row that failed; those after the first one follow soon. */
  tries: z.number().int().min(1).max(10).default(PROBE_DEFAULTS.tries),
};

const http = z.strictObject({
  ...common,
  kind: z.literal('http'),
  target: target.refine((input) => parsePage(input) !== undefined, {
    message: 'must be an address such as https://example.org/health, without a user and a password',
  }),
  method: z.enum(['GET', 'HEAD']).default(PROBE_DEFAULTS.method),
  /** The statuses that are right: `200-299,401`. */
  status: z
    .string()
    .max(100)
    .overwrite((list) => list.replaceAll(' ', ''))
    .regex(STATUSES, 'must be statuses such as 200, 200-299 or 200,401')
    .default(PROBE_DEFAULTS.status),
  /** Texts that the page must, or must not, have; empty: any. */
  contains: z.string().max(500).default(''),
  lacks: z.string().max(500).default(''),
  /** Whether redirects are followed. */
  redirects: z.boolean().default(PROBE_DEFAULTS.redirects),
  /** Whether a certificate that is not valid counts as a failure. */
  certificate: z.boolean().default(PROBE_DEFAULTS.certificate),
  ip,
});
const tcp = z.strictObject({
  ...common,
  kind: z.literal('tcp'),
  target: target.refine((input) => parseHostPort(input) !== undefined, {
    message: 'must be a host and a port, such as db.example.org:5432 or [2001:db8::1]:22',
  }),
  /** Whether TLS is spoken, and the certificate looked at. */
  tls: z.boolean().default(PROBE_DEFAULTS.tls),
  certificate: z.boolean().default(PROBE_DEFAULTS.certificate),
  ip,
});
const ping = z.strictObject({
  ...common,
  kind: z.literal('ping'),
  target: target.refine((input) => parseHost(input) !== undefined, {
    message: 'must be a host or an address, such as example.org or 192.0.2.1',
  }),
  /** Packets of one try. */
  count: z.number().int().min(1).max(10).default(PROBE_DEFAULTS.count),
  ip,
});
const dns = z.strictObject({
  ...common,
  kind: z.literal('dns'),
  target: target.refine((input) => parseHost(input) !== undefined, {
    message: 'must be a name, such as example.org, or an address for PTR',
  }),
  record: z.enum(DNS_RECORDS).default(PROBE_DEFAULTS.record),
  /** The address of the server that is asked, maybe with a port; empty: the machine's own. */
  resolver: z
    .string()
    .max(100)
    .trim()
    .refine((input) => input === '' || parseResolver(input) !== undefined, {
      message: 'must be an address such as 192.0.2.53, not a name',
    })
    .default(''),
  /** What one of the answers must be or hold; empty: any answer is right. */
  expected: optionalText(500).default(''),
});

/** What an agent does for a probe. */
export const probeWork = z.discriminatedUnion('kind', [http, tcp, ping, dns]);
export type ProbeWork = z.output<typeof probeWork>;
export type HttpProbe = Extract<ProbeWork, { kind: 'http' }>;
export type TcpProbe = Extract<ProbeWork, { kind: 'tcp' }>;
export type PingProbe = Extract<ProbeWork, { kind: 'ping' }>;
export type DnsProbe = Extract<ProbeWork, { kind: 'dns' }>;

/** What a probe has on the server besides: where it runs. */
const placement = {
  /** The machines that probe; all where it names none. */
  scope: machineScope,
  /** Whether it runs. */
  on: z.boolean().default(PROBE_DEFAULTS.on),
};
const identified = { id: z.string().min(1).max(64), created_at: z.number(), created_by: z.string() };

export const probeCreate = z.discriminatedUnion('kind', [
  http.extend(placement),
  tcp.extend(placement),
  ping.extend(placement),
  dns.extend(placement),
]);
export type ProbeCreate = z.output<typeof probeCreate>;

export const probe = z.discriminatedUnion('kind', [
  http.extend({ ...placement, ...identified }),
  tcp.extend({ ...placement, ...identified }),
  ping.extend({ ...placement, ...identified }),
  dns.extend({ ...placement, ...identified }),
]);
export type Probe = z.output<typeof probe>;

/** A change: some entries of a probe, of the kind that it has. It is checked as a whole with the rest of the probe. */
export const probePatch = z.record(z.string().max(40), z.unknown());

// --- the list of one machine ------------------------------------------------------------------------

const listed = {
  id: identified.id,
  /** When a person last asked for a try at once, epoch milliseconds; 0: never. */
  asked_at: z.number(),
};
/** A probe as an agent gets it. Anything that it does not know is refused: it would do something else than was meant. */
export const listedProbe = z.discriminatedUnion('kind', [
  http.extend(listed),
  tcp.extend(listed),
  ping.extend(listed),
  dns.extend(listed),
]);
export type ListedProbe = z.output<typeof listedProbe>;

/** The reply to `GET /devices/{id}/probes`. Each probe is checked by itself. */
export const probeList = z.object({
  version: probeVersion,
  probes: z.array(z.unknown()).max(MOST_PER_MACHINE),
});
export type ProbeList = z.infer<typeof probeList>;

// --- what the API tells -----------------------------------------------------------------------------

/** `waits`: nothing was heard of it yet; `offline`: the machine is; `left_out`: the machine has too many probes. */
export const placeState = z.enum([...probeState.options, 'waits', 'offline', 'left_out']);
export type PlaceState = z.infer<typeof placeState>;

/** A probe from one machine. */
export const probePlace = z.object({
  device_id: z.string(),
  name: z.string(),
  state: placeState,
  since: z.number().nullable(),
  reason: z.string(),
  remedy: z.string(),
  /** Milliseconds of the last run; null where it is not known. */
  ms: z.number().nullable(),
  certificate_days: z.number().nullable(),
});
export type ProbePlace = z.infer<typeof probePlace>;

const seen = {
  /** How many machines are in each state. */
  counts: z.record(placeState, z.number()),
  /** The machines, those in trouble first; at most PLACES_SHOWN. */
  places: z.array(probePlace),
  /** Whether a person has asked for a try that a machine has not answered. */
  is_asked: z.boolean(),
};
/** So many machines are listed beside a probe. */
export const PLACES_SHOWN = 20;

export const probeView = z.discriminatedUnion('kind', [
  http.extend({ ...placement, ...identified, ...seen }),
  tcp.extend({ ...placement, ...identified, ...seen }),
  ping.extend({ ...placement, ...identified, ...seen }),
  dns.extend({ ...placement, ...identified, ...seen }),
]);
export type ProbeView = z.output<typeof probeView>;
export const probesReply = z.object({ probes: z.array(probeView) });
