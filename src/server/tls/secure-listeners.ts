import { unwatchFile, watchFile } from "node:fs";
import type { RequestListener, Server } from "node:http";
import { createServer, type Server as SecureServer, type ServerOptions } from "node:https";
import type { SecureContextOptions } from "node:tls";
import type { Clock } from "../../kernel/clock.ts";
import { log } from "../../kernel/log.ts";
import { type Certificate, readCertificate, type TlsTable, type Validity, validityOf } from "./certificate.ts";

/** The files are checked by time, because tools that renew certificates replace links above them, of which watches say nothing. */
const FILES_EVERY_MS = 1_000;
const VALIDITY_EVERY_MS = 86_400_000;
/** A client that has not completed its handshake after this time is disconnected. */
const HANDSHAKE_MS = 10_000;

/**
 * The certificate of the server's listeners.
 * server.tls.T1. A listener accepts TLS 1.3 alone, unless `min_version` allows 1.2. Other connections are closed.
 * server.tls.T2. After the files change, new connections use the new certificate; open ones continue.
 * server.tls.T3. Files that are invalid together are logged, and the earlier certificate remains in use.
 * server.tls.T4. Without a certificate of `client_ca`, no client connects if `require_client_certificate` is set.
 */
export class SecureListeners implements Disposable {
  readonly #table: TlsTable;
  readonly #clock: Clock;
  readonly #servers = new Set<SecureServer>();
  readonly #handshakeMs: number;
  readonly #timer: NodeJS.Timeout;
  readonly #reload = () => this.#read();
  #certificate: Certificate;

  /** Creates an HTTP server that uses the certificate, and those that replace it. */
  readonly createServer = (options: ServerOptions, listener: RequestListener): Server => {
    const { client_ca: ca, require_client_certificate: isRequired } = this.#table;
    const clients = { requestCert: ca !== undefined, rejectUnauthorized: isRequired };
    const secure = { ...this.#context(), ...clients, handshakeTimeout: this.#handshakeMs };
    const server = createServer({ ...options, ...secure }, listener);
    this.#servers.add(server);
    server.once("close", () => this.#servers.delete(server));
    return server;
  };

  /** Throws TlsFilesInvalidError. */
  constructor(table: TlsTable, clock: Clock, handshakeMs = HANDSHAKE_MS) {
    this.#table = table;
    this.#clock = clock;
    this.#handshakeMs = handshakeMs;
    this.#certificate = readCertificate(table);
    this.#warn();
    this.#timer = setInterval(() => this.#warn(), VALIDITY_EVERY_MS).unref();
    for (const file of this.#files) watchFile(file, { interval: FILES_EVERY_MS, persistent: false }, this.#reload);
  }

  /** Whether clients accept the certificate now. */
  validity(): Validity {
    return validityOf(this.#certificate, this.#clock.nowMs());
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const file of this.#files) unwatchFile(file, this.#reload);
  }

  get #files(): readonly string[] {
    const { certificate, private_key: key, client_ca: ca } = this.#table;
    return [certificate, key, ...(ca === undefined ? [] : [ca])];
  }

  #context(): SecureContextOptions {
    const { cert, key, ca } = this.#certificate;
    return { cert, key, ...(ca !== undefined && { ca }), minVersion: this.#table.min_version };
  }

  /** T2, T3. A certificate that is replaced before its key is invalid until the key follows. */
  #read(): void {
    try {
      this.#certificate = readCertificate(this.#table);
    } catch (error) {
      log.error({ err: error }, "the changed TLS files are invalid; the earlier certificate remains in use");
      return;
    }
    for (const server of this.#servers) server.setSecureContext(this.#context());
    log.info({ expires_at: new Date(this.#certificate.expiresAtMs).toISOString() }, "the TLS certificate was replaced");
    this.#warn();
  }

  #warn(): void {
    const { state, note } = this.validity();
    if (state === "warn") log.warn({ certificate: this.#table.certificate }, note);
    if (state === "fail") log.error({ certificate: this.#table.certificate }, note);
  }
}
