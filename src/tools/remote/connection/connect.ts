import { type FetchLike, StreamableHTTPClientTransport, SdkError } from "@modelcontextprotocol/client";
import type { Clock } from "../../../kernel/clock.ts";
import { packageVersion } from "../../../kernel/package.ts";
import { discoveredProvider, fixedToken, TokenEndpoint } from "./authorization.ts";
import { boundedFetch, type FetchHooks, STREAM_RETRIES, withOwn } from "./bounded-fetch.ts";
import { McpProcessError, McpTokenError } from "../errors.ts";
import { isAuthFailure, refusalIn } from "../failure.ts";
import type { LogLines } from "./log-lines.ts";
import { ProcessTransport } from "./process-transport.ts";
import { configuredHosts, issuerFetch } from "../oauth/issuer-fetch.ts";
import { SignIn, type SignInPorts, type SignInTarget } from "../oauth/sign-in.ts";
import { type Confidential, confidentialIn, confidentialInArguments, type Secrets } from "../secrets.ts";
import { McpSession, type SessionHooks } from "./session.ts";
import type { McpAuth, McpHttp, McpProcess, McpServerSettings } from "../settings.ts";

export type ConnectDeps = {
  readonly clock: Clock;
  /** A text with its references to variables and files replaced. Throws a CaxtonError that names the reference, never a value. */
  readonly resolve: (text: string) => Promise<Resolved>;
  /** Where the programs of local servers are looked for: the PATH of this process. */
  readonly searchPath: string;
  /** From 0 to 1; spreads what many servers do at one time. */
  readonly random: () => number;
  readonly signIns: SignInPorts;
};

/** These are not confidential; redacting them would damage every path in a result. */
const PLAIN_VARIABLES = new Set([
  "HOME",
  "USER",
  "LOGNAME",
  "PWD",
  "PATH",
  "SHELL",
  "LANG",
  "TMPDIR",
  "HOSTNAME",
  "TZ",
]);

/** A text without references, and what they brought into it. */
export type Resolved = { readonly text: string; readonly values: readonly Confidential[] };

/** A program may have to be downloaded before it can answer; a server that listens answers soon. */
const PROCESS_CONNECT_MS = 120_000;
const HTTP_CONNECT_MS = 20_000;
/** Programs of older revisions may keep silent when they are asked for a newer one. */
const PROBE_MS = 10_000;
/** Room in a message for what is around a result, and for the escapes in it. */
const MESSAGE_FACTOR = 2;
const MESSAGE_REST_BYTES = 1024 * 1024;
const STREAM_RETRY_MS = 250;
const STREAM_RETRY_MAX_MS = 5_000;

/**
 * Opens connections to one server. Tokens and what was learned about the server outlive a connection.
 * Each `open` throws what keeps it from being opened, and leaves nothing behind then.
 */
export class Connector {
  readonly #deps: ConnectDeps;
  readonly #settings: McpServerSettings;
  readonly #lines: LogLines;
  readonly #secrets: Secrets;
  #tokens: { readonly key: string; readonly endpoint: TokenEndpoint } | undefined;
  #isLegacyHttp = false;
  #isLegacyProcess = false;
  /** Undefined for a server without sign-in. */
  readonly signIn: SignIn | undefined;

  constructor(
    settings: McpServerSettings,
    {
      lines,
      secrets,
      onChange,
    }: { readonly lines: LogLines; readonly secrets: Secrets; readonly onChange: () => void },
    deps: ConnectDeps,
  ) {
    this.#settings = settings;
    this.#lines = lines;
    this.#secrets = secrets;
    this.#deps = deps;
    const { name, transport } = settings;
    if (transport.type !== "http" || transport.auth.type !== "oauth") return;
    const { url, auth } = transport;
    const { clock, random, signIns } = deps;
    const target = () => this.#signInTarget(url, auth);
    this.signIn = new SignIn({ clock, random, ports: signIns, secrets, server: name, target, onChange }, "server");
  }

  /** Says why a connection failed: who signed in may have to do so again. */
  failed(error: unknown): void {
    if (this.signIn === undefined || this.signIn.need !== undefined || !isAuthFailure(error)) return;
    const { why, scope } = refusalIn(error);
    this.signIn.refuse(this.#secrets.text(why), scope);
  }

  open(hooks: SessionHooks, signal: AbortSignal): Promise<McpSession> {
    const { transport } = this.#settings;
    return transport.type === "http"
      ? this.#openHttp(transport, hooks, signal)
      : this.#openProcess(transport, hooks, signal);
  }

  get #messageBytesMax(): number {
    return this.#settings.limits.resultBytesMax * MESSAGE_FACTOR + MESSAGE_REST_BYTES;
  }

  async #openHttp(http: McpHttp, hooks: SessionHooks, signal: AbortSignal): Promise<McpSession> {
    if (this.#isLegacyHttp) return this.#connectHttp(http, hooks, { signal, isLegacy: true });
    try {
      return await this.#connectHttp(http, hooks, { signal, isLegacy: false });
    } catch (error) {
      // Servers of older revisions may fail at the first request they do not know, or never answer it.
      if (signal.aborted || !SdkError.isInstance(error) || isAuthFailure(error)) throw error;
      const session = await this.#connectHttp(http, hooks, { signal, isLegacy: true }).catch((second: unknown) => {
        throw isAuthFailure(second) ? second : error;
      });
      this.#isLegacyHttp = true;
      return session;
    }
  }

  async #connectHttp(
    http: McpHttp,
    hooks: SessionHooks,
    { signal, isLegacy }: { readonly signal: AbortSignal; readonly isLegacy: boolean },
  ): Promise<McpSession> {
    const url = new URL(await this.#given("url", http.url));
    const headers = Object.fromEntries(
      await Promise.all(
        Object.entries(http.headers).map(async ([name, value]) => [name, await this.#given(name, value)] as const),
      ),
    );
    const authProvider = await this.#auth(http.auth, url);
    const own = { origin: url.origin, headers };
    const bounded = boundedFetch({
      messageBytesMax: this.#messageBytesMax,
      clock: this.#deps.clock,
      onProblem: hooks.onProblem,
      onEnd: hooks.onEnd,
      own,
    });
    const fetch =
      http.auth.type === "client-credentials"
        ? this.#guarding(bounded, { url, issuer: http.auth.issuer, own })
        : bounded;
    const transport = new StreamableHTTPClientTransport(url, {
      fetch: this.signIn?.watch(fetch) ?? fetch,
      ...(authProvider === undefined ? {} : { authProvider }),
      reconnectionOptions: {
        initialReconnectionDelay: STREAM_RETRY_MS,
        maxReconnectionDelay: STREAM_RETRY_MAX_MS,
        reconnectionDelayGrowFactor: 2,
        maxRetries: STREAM_RETRIES,
      },
    });
    return McpSession.open(transport, hooks, this.#options(HTTP_CONNECT_MS, isLegacy), signal);
  }

  /** Requests for messages as given; all others are for tokens, from authorization servers that the server names. */
  #guarding(
    bounded: FetchLike,
    { url, issuer, own }: { readonly url: URL; readonly issuer: string | undefined; readonly own: FetchHooks["own"] },
  ): FetchLike {
    const { name } = this.#settings;
    const guarded = () =>
      issuerFetch({
        failed: (why, options) =>
          new McpTokenError(
            `no token for the tool server ${name}: ${why}`,
            "Check auth of the server. auth.issuer names the only authorization server that is used.",
            { tokenUrl: undefined },
            options,
          ),
        hosts: configuredHosts(url, issuer),
        fetchPublic: this.#deps.signIns.fetchPublic,
      });
    let tokens = guarded();
    return (place, init) => {
      if (new URL(place).href !== url.href) return tokens(place, withOwn(place, init, own));
      // What was refused stays refused for one attempt to get a token, which a request to the server begins.
      tokens = guarded();
      return bounded(place, init);
    };
  }

  async #auth(auth: McpAuth, url: URL) {
    if (auth.type === "none") return undefined;
    if (auth.type === "oauth") return this.signIn;
    if (auth.type === "bearer") return fixedToken(await this.#given("auth.token", auth.token));
    const { scopes, tokenUrl, issuer } = auth;
    const { text: clientId } = await this.#deps.resolve(auth.clientId);
    const clientSecret = await this.#given("auth.client_secret", auth.clientSecret);
    const resource = auth.resource ?? `${url.origin}${url.pathname}`;
    const credentials = { clientId, clientSecret, scopes, resource };
    if (tokenUrl === undefined)
      return discoveredProvider({ ...credentials, hasOwnResource: auth.resource !== undefined }, issuer);
    const place = await this.#given("auth.token_url", tokenUrl);
    const key = JSON.stringify([place, credentials]);
    if (this.#tokens?.key !== key) {
      const onToken = (value: string) => this.#secrets.hide([{ name: "access token", value }]);
      this.#tokens = { key, endpoint: new TokenEndpoint(place, { ...credentials, onToken }, this.#deps.clock) };
    }
    return this.#tokens.endpoint;
  }

  async #signInTarget(url: string, auth: Extract<McpAuth, { type: "oauth" }>): Promise<SignInTarget> {
    const { clientId, clientSecret, issuer, scopes, resource } = auth;
    const secret = clientSecret === undefined ? undefined : await this.#given("auth.client_secret", clientSecret);
    const id = clientId === undefined ? undefined : (await this.#deps.resolve(clientId)).text;
    const client =
      id === undefined ? undefined : { client_id: id, ...(secret !== undefined && { client_secret: secret }) };
    return { url: new URL(await this.#given("url", url)), client, issuer, scopes, resource };
  }

  async #openProcess(spec: McpProcess, hooks: SessionHooks, signal: AbortSignal): Promise<McpSession> {
    if (this.#isLegacyProcess) return this.#startProcess(spec, hooks, { signal, isLegacy: true });
    try {
      return await this.#startProcess(spec, hooks, { signal, isLegacy: false });
    } catch (error) {
      // Programs of older revisions may end at the first request they do not know.
      if (signal.aborted || error instanceof McpProcessError) throw error;
      const session = await this.#startProcess(spec, hooks, { signal, isLegacy: true });
      this.#isLegacyProcess = true;
      return session;
    }
  }

  async #startProcess(
    spec: McpProcess,
    hooks: SessionHooks,
    { signal, isLegacy }: { readonly signal: AbortSignal; readonly isLegacy: boolean },
  ): Promise<McpSession> {
    const named = await Promise.all(
      Object.entries(spec.environment).map(async ([name, value]) => [name, await this.#given(name, value)] as const),
    );
    const args = await Promise.all(spec.args.map((argument) => this.#substituted(argument)));
    this.#secrets.hide(confidentialInArguments(args));
    const transport = new ProcessTransport({
      command: spec.command,
      args,
      environment: { PATH: this.#deps.searchPath, ...Object.fromEntries(named) },
      cwd: spec.cwd,
      messageBytesMax: this.#messageBytesMax,
      clock: this.#deps.clock,
      log: (piece) => this.#lines.write(piece),
    });
    try {
      return await McpSession.open(transport, hooks, this.#options(PROCESS_CONNECT_MS, isLegacy), signal);
    } catch (error) {
      await transport.close();
      this.#lines.flush();
      throw error;
    }
  }

  #options(connectMs: number, isLegacy: boolean) {
    const { clock } = this.#deps;
    const listBytesMax = this.#messageBytesMax;
    return { version: packageVersion(), clock, isLegacy, listBytesMax, connectMs, probeMs: PROBE_MS };
  }

  /** A resolved text; whatever a reference brought into it is hidden from now on. */
  async #substituted(text: string): Promise<string> {
    const { text: resolved, values } = await this.#deps.resolve(text);
    const confidential = values.filter(({ name }) => !PLAIN_VARIABLES.has(name));
    this.#secrets.hide(confidential.flatMap(({ name, value }) => [{ name, value }, ...confidentialIn(name, value)]));
    return resolved;
  }

  /** The same of a text that has a name, which itself may be secret too. */
  async #given(name: string, text: string): Promise<string> {
    const resolved = await this.#substituted(text);
    this.#secrets.hide(confidentialIn(name, resolved));
    return resolved;
  }
}
