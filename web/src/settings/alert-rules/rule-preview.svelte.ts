/** The preview of a rule while it is typed: asked for once the typing rests, and only the newest answer counts. */
import type { PreviewReply } from '#protocol/rule-preview.ts';
import type { Api, NewAlertRule } from '../../api/api.ts';
import { errorMessage, fieldErrors } from '../../api/request.ts';

/** How long, in milliseconds, nothing has to change before the server is asked. */
const REST_MS = 500;

const NO_FIELDS: ReadonlyMap<string, string> = new Map();

/** The messages of a refused preview. The API names the fields of its request; a form those of the rule. */
function ruleFields(error: unknown): ReadonlyMap<string, string> {
  return new Map([...fieldErrors(error)].map(([path, message]) => [path.replace(/^rule\./, ''), message]));
}

export class RulePreview {
  /** The newest answer; it stays while another one is awaited. */
  reply: PreviewReply | undefined = $state.raw();
  /** What is wrong with the rule, by the path of its field. */
  fields: ReadonlyMap<string, string> = $state.raw(NO_FIELDS);
  /** Why there is no preview; undefined where there is one, or where the fields say it. */
  problem: string | undefined = $state();
  loading: boolean = $state(false);
  readonly #api: Pick<Api['alertRules'], 'preview'>;
  #asking: AbortController | undefined;
  /** What was asked last, so that the same is not asked again. */
  #asked = '';
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(api: Pick<Api['alertRules'], 'preview'>) {
    this.#api = api;
  }

  /** Asks for a preview once nothing has changed for a moment. */
  readonly ask = (rule: NewAlertRule, days: number): void => {
    const asked = JSON.stringify([rule, days]);
    if (asked === this.#asked) return;
    this.#asked = asked;
    this.stop();
    this.loading = true;
    this.#timer = setTimeout(() => void this.#load(rule, days), REST_MS);
  };

  readonly stop = (): void => {
    clearTimeout(this.#timer);
    this.#asking?.abort();
  };

  async #load(rule: NewAlertRule, days: number): Promise<void> {
    const asking = new AbortController();
    this.#asking = asking;
    try {
      const reply = await this.#api.preview({ rule, days }, asking.signal);
      if (asking.signal.aborted) return;
      this.reply = reply;
      this.fields = NO_FIELDS;
      this.problem = undefined;
    } catch (error) {
      if (asking.signal.aborted) return;
      this.reply = undefined;
      this.fields = ruleFields(error);
      this.problem = this.fields.size > 0 ? undefined : errorMessage(error);
    }
    this.loading = false;
  }
}
