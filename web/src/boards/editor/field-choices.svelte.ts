/** The fields that a form offers: those that every agent may send, and those that machines of the scope do send. */
import { SCALAR_KIND } from '#protocol/device-fields.ts';
import { metricChoices, metricName } from '#protocol/metric-name.ts';
import type { Api } from '../../api/api.ts';

export interface FieldChoice {
  readonly field: string;
  readonly label: string;
}

const KNOWN: readonly FieldChoice[] = metricChoices().map(({ metric, name }) => ({
  field: metric,
  label: name,
}));
/** So many machines are asked which fields of their own they send: those of one scope are mostly alike. */
const ASKED = 3;
const MOST_SCALARS = 100;

export class FieldChoices {
  all: readonly FieldChoice[] = $state.raw(KNOWN);
  readonly #api: Pick<Api, 'deviceFields'>;
  #asked = '';

  constructor(api: Pick<Api, 'deviceFields'>) {
    this.#api = api;
  }

  /** Asks some of these machines for the names of their own fields. Never rejects: without an answer it offers less. */
  async ask(deviceIds: readonly string[]): Promise<void> {
    const ids = deviceIds.slice(0, ASKED);
    const key = ids.join(' ');
    if (key === this.#asked) return;
    this.#asked = key;
    const answers = await Promise.allSettled(ids.map((id) => this.#own(id)));
    if (this.#asked !== key) return;
    const own = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
    const fresh = own.filter(
      (name, i) => own.indexOf(name) === i && !KNOWN.some(({ field }) => field === name),
    );
    this.all = [...KNOWN, ...fresh.sort().map((field) => ({ field, label: metricName(field) }))];
  }

  /** The machine's own scalars, and for each kind of instances its fields, as patterns. */
  async #own(id: string): Promise<string[]> {
    const query = { kind: SCALAR_KIND, custom: true, top: MOST_SCALARS };
    const { kinds, instances } = await this.#api.deviceFields(id, query);
    const patterns = kinds
      .filter(({ kind }) => kind !== SCALAR_KIND)
      .flatMap(({ kind, fields }) => fields.map((field) => `${kind}:*:${field}`));
    return [...instances.map(({ instance }) => instance), ...patterns];
  }
}
