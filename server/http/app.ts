/**
 * The uWS application whose certificate can be renewed while it runs. uWS reads a certificate once, so a renewal makes
 * another application with the same routes, which listens in the place of the former one. Connections that are open
 * stay with theirs, and what is published reaches the connections of all.
 */
import * as uWS from 'uWebSockets.js';
import type { TlsFiles } from '../tls/authority.ts';
import { ALL_ADDRESSES } from './address.ts';

/** Renewals after which the connections of an application are closed; their clients connect again. */
const KEPT_APPS = 4;

interface Place {
  readonly host: string;
  readonly port: number;
}

function createApp(tls: TlsFiles | null): uWS.TemplatedApp {
  if (!tls) return uWS.App();
  return uWS.SSLApp({ cert_file_name: tls.certFile, key_file_name: tls.keyFile });
}

type Method = 'get' | 'head' | 'post' | 'patch' | 'del' | 'any';
type Handler = (res: uWS.HttpResponse, req: uWS.HttpRequest) => void;

export class App {
  readonly #registrations: ((app: uWS.TemplatedApp) => void)[] = [];
  /** The applications of earlier certificates, whose connections go on. */
  readonly #former: uWS.TemplatedApp[] = [];
  #current: uWS.TemplatedApp;
  /** Where it listens, or tries to again; undefined before `listen` and after `stopListening`. */
  #place: Place | undefined;
  #listening: uWS.us_listen_socket | undefined;

  constructor(tls: TlsFiles | null) {
    this.#current = createApp(tls);
  }

  /** Registers a handler as uWS does: the first that fits a request answers it. */
  on(method: Method, path: string, handler: Handler): void {
    this.#register((app) => app[method](path, handler));
  }

  /** For socket.io, which registers its paths in this way. */
  any(path: string, handler: Handler): this {
    this.on('any', path, handler);
    return this;
  }

  /** For socket.io. */
  ws<T>(path: string, behavior: uWS.WebSocketBehavior<T>): this {
    this.#register((app) => app.ws(path, behavior));
    return this;
  }

  /** For socket.io: publishes to the connections of all applications. */
  publish(topic: string, message: uWS.RecognizedString, isBinary?: boolean): boolean {
    return this.#all()
      .map((app) => app.publish(topic, message, isBinary))
      .includes(true);
  }

  #register(registration: (app: uWS.TemplatedApp) => void): void {
    this.#registrations.push(registration);
    registration(this.#current);
  }

  /** Returns the port it listens on (`port` 0: one the system chose); undefined when it cannot listen. */
  listen(host: string, port: number): number | undefined {
    let opened: uWS.us_listen_socket | false = false;
    const whenListening = (socket: uWS.us_listen_socket | false): void => {
      opened = socket;
    };
    // Without a host, uWS falls back to IPv4 on a machine that has no IPv6.
    if (host === ALL_ADDRESSES) this.#current.listen(port, uWS.LIBUS_LISTEN_EXCLUSIVE_PORT, whenListening);
    else this.#current.listen(host, port, uWS.LIBUS_LISTEN_EXCLUSIVE_PORT, whenListening);
    if (opened === false) return undefined;
    this.#listening = opened;
    this.#place = { host, port: uWS.us_socket_local_port(opened) };
    return this.#place.port;
  }

  stopListening(): void {
    this.#closeListening();
    this.#place = undefined;
  }

  #closeListening(): void {
    if (this.#listening) uWS.us_listen_socket_close(this.#listening);
    this.#listening = undefined;
  }

  /**
   * Accepts new connections with this certificate, on the same port. @throws Error when it cannot listen; another call
   * tries again
   */
  renew(tls: TlsFiles): void {
    const next = createApp(tls);
    for (const register of this.#registrations) register(next);
    this.#closeListening();
    this.#former.push(this.#current);
    this.#current = next;
    if (this.#former.length > KEPT_APPS) this.#former.shift()?.close();
    if (this.#place === undefined) return;
    const { host, port } = this.#place;
    if (this.listen(host, port) === undefined)
      throw new Error(`cannot listen on ${host}:${port} with the new certificate`);
  }

  /** Closes all connections. */
  close(): void {
    for (const app of this.#all()) app.close();
  }

  #all(): readonly uWS.TemplatedApp[] {
    return [...this.#former, this.#current];
  }
}
