import { lookup } from "node:dns/promises";
import { addAbortListener } from "node:events";
import { isIP } from "node:net";
import type { Clock } from "../../../kernel/clock.ts";
import { Redaction } from "../../../text/redaction/index.ts";
import {
  type Caller,
  hostRefused,
  type HostRefused,
  type HttpAccess,
  type HttpAnswer,
  type HttpRequest,
} from "../../sandbox/index.ts";
import type { GrantUse, UseOutcome } from "../../catalogue/index.ts";
import { specialUse } from "./addresses.ts";
import { exchange, type Incoming, placeOf } from "./exchange.ts";
import { addition, permissionFor } from "./permission.ts";
import { redirected, type Hop } from "./redirect.ts";
import { checkRequest } from "./request-check.ts";
import { fillSecrets, type GrantedSecret } from "./request-secrets.ts";
import { Semaphore } from "./semaphore.ts";

/**
 * HTTP for guests.
 *
 * http.http-broker.H1. Nothing is sent anywhere but where a grant allows it: each request of a chain of redirects is checked separately.
 * http.http-broker.H2. A name is resolved once for a request, all of its addresses are checked, and the connection
 *   goes to one of these.
 * http.http-broker.H3. Secrets are inserted in the last step, only for their origins, and removed from every response.
 */
export type HttpBrokerDeps = {
  readonly clock: Clock;
  /** Addresses of a name; rejects when it has none. Default: the system's resolver. */
  readonly resolve?: ((name: string) => Promise<readonly string[]>) | undefined;
  readonly secrets: (caller: Caller) => readonly GrantedSecret[];
  /** Called with each use; must not throw. */
  readonly audit: (use: GrantUse) => void;
};
export type HttpBrokerOptions = {
  /** Certificates in PEM to trust instead of the system's. */
  readonly certificates?: readonly string[] | undefined;
  /** Of a request whose tool names none; default 30 s. */
  readonly timeoutMs?: number | undefined;
};

const TIMEOUT_MS = 30_000;
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;
const REDIRECTS_MAX = 5;
const REQUESTS = { max: 32, serverMax: 8, waitingMax: 256 };

export const systemResolve = async (name: string): Promise<readonly string[]> =>
  (await lookup(name, { all: true, verbatim: true })).map(({ address }) => address);

/** What does not change along a chain of redirects. */
type Chain = {
  readonly caller: Caller;
  readonly secrets: readonly GrantedSecret[];
  readonly bytesMax: number;
  readonly redirectsMax: number;
  /** Else the guest gets a redirect as it is. */
  readonly followsRedirects: boolean;
  readonly signal: AbortSignal;
  /** Aborts when the request's own time is over; `signal` then does too. */
  readonly late: AbortSignal;
  /** Secrets that went out so far: nothing of the answer may show them. */
  readonly sent: Set<GrantedSecret>;
};

export class HttpBroker implements HttpAccess {
  readonly #deps: HttpBrokerDeps;
  readonly #options: HttpBrokerOptions;
  readonly #slots = new Semaphore(REQUESTS);

  constructor(deps: HttpBrokerDeps, options: HttpBrokerOptions = {}) {
    this.#deps = deps;
    this.#options = options;
  }

  async fetch(caller: Caller, request: HttpRequest, signal: AbortSignal): Promise<HttpAnswer | HostRefused> {
    const checked = checkRequest(request);
    if (checked.type === "refused") return this.#unsent(caller, request, checked);
    const limits = caller.context.restrictions?.servers[caller.server] ?? {};
    const timeoutMs = Math.min(
      request.timeoutMs ?? this.#options.timeoutMs ?? TIMEOUT_MS,
      limits.timeoutMs ?? Infinity,
    );
    const late = AbortSignal.timeout(Math.ceil(timeoutMs));
    const either = AbortSignal.any([signal, late]);
    const leave = await this.#slots.enter(caller.server, either);
    if (leave === undefined && !either.aborted) {
      const many = `${REQUESTS.max} requests are running, and the queue is full; try again in a moment`;
      return this.#unsent(caller, request, hostRefused("too-many", many));
    }
    try {
      const { url, method } = checked;
      const headers = withUserAgent(checked.headers, limits.userAgent);
      const answer = await this.#follow(
        { url, method, headers, body: request.body },
        {
          caller,
          secrets: this.#deps.secrets(caller),
          bytesMax: Math.min(request.bytesMax ?? ANSWER_BYTES_MAX, limits.responseBytesMax ?? Infinity),
          redirectsMax: limits.redirectsMax ?? REDIRECTS_MAX,
          followsRedirects: limits.followsRedirects ?? true,
          signal: either,
          late,
          sent: new Set(),
        },
      );
      if (signal.aborted) return hostRefused("unavailable", "the call has ended");
      if (!late.aborted || answer.type === "answered") return answer;
      return hostRefused("timeout", `${placeOf(url)} did not answer within ${timeoutMs} ms`);
    } finally {
      leave?.();
    }
  }

  /** Records what was refused before anything was looked up or sent. */
  #unsent(caller: Caller, { method, url: text }: HttpRequest, refused: HostRefused): HostRefused {
    const url = URL.parse(text);
    this.#note(caller, {
      kind: "http",
      operation: method,
      target: url === null ? "" : placeOf(url),
      outcome: "failed",
      reason: refused.code,
      bytes: 0,
      durationMs: 0,
    });
    return refused;
  }

  async #follow(first: Hop, chain: Chain): Promise<HttpAnswer | HostRefused> {
    let hop = first;
    const { redirectsMax, followsRedirects } = chain;
    for (let count = 0; count <= redirectsMax; count += 1) {
      const answer = await this.#audited(hop, chain, count === 0 ? undefined : first.url);
      if (answer.type === "refused") return answer;
      const sent = [...chain.sent].map(({ grant, value = "" }) => ({ name: grant.name, value }));
      const redaction = Redaction.of(sent);
      const next = followsRedirects ? redirected(hop, answer, chain.secrets, redaction) : undefined;
      if (next === undefined) return finished(hop.url, answer, redaction);
      if ("type" in next) return next;
      hop = next;
    }
    return hostRefused("unreachable", `${placeOf(first.url)} redirects more than ${redirectsMax} times`);
  }

  async #audited(hop: Hop, chain: Chain, from: URL | undefined): Promise<Incoming | HostRefused> {
    const startedAtMs = this.#deps.clock.monotonicMs();
    const { answer, reason } = await this.#send(hop, chain, from);
    const isCut = answer.type === "refused" && chain.signal.aborted;
    this.#note(chain.caller, {
      kind: "http",
      operation: hop.method,
      target: placeOf(hop.url),
      outcome: outcomeOf(answer),
      reason: isCut ? (chain.late.aborted ? "timeout" : "cancelled") : reason,
      bytes: answer.type === "answered" ? hop.body.length + answer.body.length : 0,
      durationMs: this.#deps.clock.monotonicMs() - startedAtMs,
    });
    return answer;
  }

  /** One request, checked and sent. */
  async #send(hop: Hop, chain: Chain, from: URL | undefined): Promise<Sent> {
    const { caller, secrets, signal } = chain;
    const permission = permissionFor(caller, hop.method, hop.url, from);
    if (permission.type === "refused") return refusal(permission);
    const place = await this.#addresses(hop.url, permission.isPrivate, chain);
    if (place.type !== "found")
      return place.type === "refused" ? refusal(place) : refusal(place.refused, "private-address");
    const filled = fillSecrets(hop, secrets, { isGranted: permission.isGranted, server: caller.server });
    if (filled.type === "barred") {
      this.#noteSecret(chain, filled.secret, hop.url, filled.refused);
      return refusal(filled.refused, "secret");
    }
    for (const secret of filled.used) {
      chain.sent.add(secret);
      this.#noteSecret(chain, secret, hop.url, undefined);
    }
    const { url, headers, body } = filled;
    const { certificates } = this.#options;
    const { addresses } = place;
    const { method } = hop;
    const answer = await exchange(
      { url, method, headers, body, addresses, responseBytesMax: chain.bytesMax, certificates },
      signal,
    );
    return answer.type === "refused" ? refusal(answer) : { answer, reason: "" };
  }

  /** The addresses a host stands for, each of them checked. */
  async #addresses(url: URL, isPrivate: boolean, { caller, signal }: Chain): Promise<Addresses> {
    const host = url.hostname.replace(/^\[|\]$/g, "");
    const addresses = isIP(host) === 0 ? await this.#resolve(host, signal) : [host];
    if (addresses.length === 0) return hostRefused("unreachable", `the name ${host} has no address`);
    if (isPrivate) return { type: "found", addresses };
    for (const address of addresses) {
      const what = specialUse(address);
      if (what === undefined) continue;
      const fix = addition(caller, url.origin, { private: true });
      const message = `${host} leads to ${address}, which is ${what}; that is not granted to \`${caller.server}\`. If it is meant, ${fix}`;
      return { type: "private", refused: hostRefused("denied", message) };
    }
    return { type: "found", addresses };
  }

  /** Returns no addresses if there are none, or the signal aborts first. */
  async #resolve(host: string, signal: AbortSignal): Promise<readonly string[]> {
    const stopped = Promise.withResolvers<readonly string[]>();
    const listener = addAbortListener(signal, () => stopped.resolve([]));
    const found = (this.#deps.resolve ?? systemResolve)(host).catch(() => []);
    return await Promise.race([found, stopped.promise]).finally(() => listener[Symbol.dispose]());
  }

  #noteSecret(chain: Chain, { grant }: GrantedSecret, url: URL, refused: HostRefused | undefined): void {
    this.#note(chain.caller, {
      kind: "secret",
      operation: "send",
      target: `${grant.name} to ${url.origin}`,
      outcome: refused === undefined ? "allowed" : outcomeOf(refused),
      reason: refused?.code ?? "",
      bytes: 0,
      durationMs: 0,
    });
  }

  #note({ server, context }: Caller, use: Omit<GrantUse, "workspace" | "server" | "agent" | "session" | "atMs">): void {
    const { workspace, agent, session } = context;
    this.#deps.audit({ ...use, workspace, server, agent, session, atMs: this.#deps.clock.nowMs() });
  }
}

const withUserAgent = (headers: Hop["headers"], userAgent: string | undefined): Hop["headers"] =>
  userAgent === undefined
    ? headers
    : [...headers.filter(([name]) => name.toLowerCase() !== "user-agent"), ["user-agent", userAgent]];

type Sent = { readonly answer: Incoming | HostRefused; readonly reason: string };
type Addresses =
  | { readonly type: "found"; readonly addresses: readonly string[] }
  | { readonly type: "private"; readonly refused: HostRefused }
  | HostRefused;

const refusal = (refused: HostRefused, reason: string = refused.code): Sent => ({ answer: refused, reason });

function outcomeOf(answer: Incoming | HostRefused): UseOutcome {
  if (answer.type === "answered") return "allowed";
  return answer.code === "denied" ? "denied" : "failed";
}

/** What the guest gets to see, without the secrets that were sent for it. */
function finished(url: URL, { status, headers, body }: Incoming, redaction: Redaction | undefined): HttpAnswer {
  if (redaction === undefined) return { type: "answered", status, url: url.href, headers, body };
  return {
    type: "answered",
    status,
    url: redaction.text(url.href),
    headers: headers.map(([name, value]) => [redaction.text(name), redaction.text(value)]),
    body: redaction.bytes(body),
  };
}
