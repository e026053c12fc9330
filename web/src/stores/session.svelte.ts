/** Who is signed in. */
import type { Me, Role } from '#protocol/api.ts';
import type { Api } from '../api/api.ts';
import { RefusedError, errorMessage } from '../api/request.ts';

type SessionState =
  /** Not asked yet, or the server cannot be reached to ask. */
  'unknown' | 'in' | 'out';

export class Session {
  state: SessionState = $state('unknown');
  me: Me | undefined = $state.raw();
  /** Why the state is still unknown, for a person. */
  problem: string | undefined = $state();
  /** Whether the session expired or was revoked, rather than ended by signing out. */
  ended: boolean = $state(false);
  readonly #api: () => Api;

  /** `api` returns the API, which is made after the session, because it reports every 401 to the session. */
  constructor(api: () => Api) {
    this.#api = api;
  }

  get username(): string | undefined {
    return this.me?.user.username;
  }

  get role(): Role | undefined {
    return this.me?.user.role;
  }

  get isAdmin(): boolean {
    return this.role === 'admin';
  }

  /** Whether the person may acknowledge, comment on and silence alerts. */
  get isOperator(): boolean {
    return this.role === 'admin' || this.role === 'operator';
  }

  /** Asks the server who is signed in. Only a 401 ends the session; after any other failure the state stays as it is. */
  async check(): Promise<void> {
    try {
      this.#signedIn(await this.#api().me());
    } catch (error) {
      if (error instanceof RefusedError && error.status === 401) return this.end();
      this.problem = errorMessage(error);
    }
  }

  /** Signs in. Rejects with the server's error (wrong credentials, too many attempts) or a ConnectionError. */
  async login(username: string, password: string): Promise<void> {
    await this.#api().login(username, password);
    this.#signedIn(await this.#api().me());
  }

  /** Signs out. Rejects when the server cannot be reached, because the session then goes on. */
  async logout(): Promise<void> {
    try {
      await this.#api().logout();
    } catch (error) {
      if (!(error instanceof RefusedError && error.status === 401)) throw error;
    }
    this.#out();
    this.ended = false;
  }

  /** The server answered that there is no session. */
  end(): void {
    if (this.state === 'in') this.ended = true;
    this.#out();
  }

  #signedIn(me: Me): void {
    this.me = me;
    this.problem = undefined;
    this.ended = false;
    this.state = 'in';
  }

  #out(): void {
    this.me = undefined;
    this.problem = undefined;
    this.state = 'out';
  }
}
