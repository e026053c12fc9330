/**
 * What disks say of their own health. Asking them needs root, which the agent is not; smartd asks them where it is
 * installed (smartmontools), and keeps what they said in files that anyone may read.
 */
import { join } from 'node:path';
import { instanceField } from '#protocol/fields.ts';
import type { Collector, Fields } from './collector.ts';
import { keepNames } from './instance-names.ts';
import { namesIn, textOf } from './system-files.ts';

const namesOf = keepNames((disk) => {
  const of = (field: string) => instanceField('smart', disk, field);
  return {
    failing: of('failing'),
    reallocated: of('reallocated'),
    pending: of('pending'),
    errors: of('errors'),
  };
});

/** `smartd.WDC_WD40EFRX_68N32N0-WD_WCC7K0.ata.state` → `WDC_WD40EFRX_68N32N0-WD_WCC7K0`; undefined for another file. */
export function diskOfState(file: string): string | undefined {
  return /^smartd\.(.+?)(?:-n\d+)?\.(?:ata|scsi|nvme)\.state$/.exec(file)?.[1];
}

/** Numbers of the attributes that count sectors which went bad, and by which most failing disks are found. */
const REALLOCATED = '5';
const PENDING = '197';
const UNCORRECTABLE = '198';

/** The raw number of an attribute: the lower half, as some disks keep something else above it. */
const raw = (text: string | undefined) =>
  text === undefined ? undefined : Number(BigInt(text) & 0xffff_ffffn);

/**
 * A state file of smartd → fields. A disk counts as failing where smartd sent a message of it that it fails, or that its
 * attributes, its errors or its sectors do: it writes when it did, by the kind of the message.
 *
 *     mail.10.count = 1
 *     ata-smart-attribute.3.id = 5
 *     ata-smart-attribute.3.raw = 8
 */
export function parseSmartState(disk: string, text: string): Fields {
  const names = namesOf(disk);
  const values = new Map<string, string>();
  for (const [, key = '', value = ''] of text.matchAll(/^([\w.-]+) = (\d+)$/gm)) values.set(key, value);
  const attributes = new Map<string, number>();
  for (const [key, value] of values) {
    const [, place] = /^ata-smart-attribute\.(\d+)\.id$/.exec(key) ?? [];
    const number = raw(values.get(`ata-smart-attribute.${place}.raw`));
    if (place !== undefined && number !== undefined) attributes.set(value, number);
  }
  const warned = FAILURES.some((kind) => Number(values.get(`mail.${kind}.count`) ?? 0) > 0);
  const pending = (attributes.get(PENDING) ?? 0) + (attributes.get(UNCORRECTABLE) ?? 0);
  const fields: Fields = { [names.failing]: warned ? 1 : 0 };
  const reallocated = attributes.get(REALLOCATED);
  if (reallocated !== undefined) fields[names.reallocated] = reallocated;
  if (attributes.has(PENDING) || attributes.has(UNCORRECTABLE)) fields[names.pending] = pending;
  const errors = values.get('ata-error-count') ?? values.get('nvme-err-log-entries');
  if (errors !== undefined) fields[names.errors] = Number(errors);
  return fields;
}

/**
 * smartd's kinds of messages that a disk fails: its health (1), an attribute at its limit (2), its self-test (3), and
 * sectors that cannot be read (10, 11).
 */
const FAILURES = [1, 2, 3, 10, 11] as const;

const STATES = '/var/lib/smartmontools';

export function createSmart(folder = STATES): Collector {
  return {
    collect() {
      const fields: Fields = {};
      for (const file of namesIn(folder) ?? []) {
        const disk = diskOfState(file);
        const text = disk === undefined ? undefined : textOf(join(folder, file));
        if (disk !== undefined && text !== undefined) Object.assign(fields, parseSmartState(disk, text));
      }
      return Object.keys(fields).length > 0 ? fields : 'absent';
    },
  };
}
