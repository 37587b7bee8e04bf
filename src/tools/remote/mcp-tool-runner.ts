import type { Clock } from "../../kernel/clock.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { isJsonObject } from "../../kernel/json.ts";
import { type RemoteAnswer, SignInNotConfiguredError } from "../servers/index.ts";
import {
  type CallContext,
  failedCall,
  signInWait,
  type ToolCall,
  type ToolCounters,
  type ToolLogLine,
  type ToolResult,
  type ToolRunner,
  type ToolServer,
  type ToolServerState,
  type ToolUsage,
} from "../catalogue/index.ts";
import { attemptCall } from "./call.ts";
import { cleanText } from "../../kernel/clean.ts";
import { type ConnectDeps, Connector } from "./connection/connect.ts";
import { readResult } from "./content.ts";
import { type CallFailure, reasonOf } from "./failure.ts";
import { CallLimiter } from "./call-limiter.ts";
import { DEFAULT_CONNECTION_TIMES, McpConnection, type McpConnectionTimes } from "./connection/mcp-connection.ts";
import { LogLines } from "./connection/log-lines.ts";
import type { SignIn } from "./oauth/sign-in.ts";
import { type RedactorOf, Secrets } from "./secrets.ts";
import type { McpProcess, McpServerSettings } from "./settings.ts";

export type McpDeps = ConnectDeps & {
  /** Whether another runner has a server of that name, which then goes before. */
  readonly isTaken: (name: string) => boolean;
  /** Makes what hides the secrets that servers are given. */
  readonly redactorOf: RedactorOf;
  /** Called when a server's tools or state have changed. */
  readonly onChange?: ((server: string, state: ToolServerState) => void) | undefined;
};

type Counters = { -readonly [Key in keyof ToolCounters]: number };

type Remote = {
  readonly settings: McpServerSettings;
  readonly link: McpConnection;
  readonly lines: LogLines;
  readonly secrets: Secrets;
  readonly gate: CallLimiter;
  readonly counters: Counters;
  readonly signIn: SignIn | undefined;
  pending: number;
};

/** How long a call waits for a server that is not connected. */
const CONNECT_WAIT_MS = 10_000;
const ATTEMPTS_MAX = 3;
const TEXT_CHARS_MAX = 4_000;

/**
 * Remote MCP servers as tool servers. Nothing of them runs in the sandbox.
 * remote.mcp-tool-runner.M1. A server that is not there, slow or hostile costs its own calls and nothing else.
 * remote.mcp-tool-runner.M2. A call that the server surely never began is made again on a new connection; any other
 *   only when its tool says that does no harm.
 */
export class McpToolRunner implements ToolRunner, AsyncDisposable {
  readonly #clock: Clock;
  readonly #isTaken: (name: string) => boolean;
  readonly #remotes: ReadonlyMap<string, Remote>;

  constructor(
    servers: readonly McpServerSettings[],
    deps: McpDeps,
    times: McpConnectionTimes = DEFAULT_CONNECTION_TIMES,
  ) {
    this.#clock = deps.clock;
    this.#isTaken = deps.isTaken;
    this.#remotes = new Map(servers.map((settings) => [settings.name, remoteOf(settings, deps, times)]));
  }

  /** Begins to connect to every server; resolves when each has been tried once or `waitMs` are over. Never rejects. */
  async open(waitMs: number): Promise<void> {
    const tried = Promise.all([...this.#remotes.values()].map(({ link }) => link.open()));
    const timer = new AbortController();
    await Promise.race([tried, this.#clock.sleep(waitMs, timer.signal).catch(() => undefined)]);
    timer.abort("the wait is over");
  }

  servers(): readonly ToolServer[] {
    return [...this.#remotes.values()]
      .filter(({ settings }) => !this.#isTaken(settings.name))
      .map((remote) => this.#view(remote));
  }

  /** Servers whose name another runner has, so that they cannot be used. */
  shadowed(): readonly string[] {
    return [...this.#remotes.keys()].filter((name) => this.#isTaken(name));
  }

  async call(call: ToolCall, signal: AbortSignal): Promise<ToolResult> {
    const remote = this.#remotes.get(call.server);
    if (remote === undefined) return failedCall("unknown-tool", `there is no tool server "${call.server}"`);
    const begunMs = this.#clock.monotonicMs();
    remote.pending += 1;
    try {
      const result = await this.#enter(remote, call, signal, () => ({
        fuel: 0,
        durationMs: this.#clock.monotonicMs() - begunMs,
        memoryBytes: 0,
      }));
      remote.counters[result.type] += 1;
      remote.counters.durationMs += result.usage.durationMs;
      return result;
    } finally {
      remote.pending -= 1;
    }
  }

  /**
   * Asks a server over its connection whether it is there, and for its tools. A server that is not connected is given as
   * long as a call would give it. Rejects with the signal's reason when that is aborted.
   */
  async check(server: string, signal: AbortSignal): Promise<RemoteAnswer> {
    const remote = this.#remotes.get(server);
    if (remote === undefined) return { type: "silent", reason: `there is no remote server "${server}"` };
    const { link, settings, lines, signIn } = remote;
    if (link.state.state !== "connected" && signIn?.need) return { type: "silent", reason: signIn.need.message };
    const session = await link.session(Math.min(CONNECT_WAIT_MS, settings.timeoutMs), signal);
    signal.throwIfAborted();
    if (session === undefined) return { type: "silent", reason: this.#reason(link) || "it is not connected" };
    const beganMs = this.#clock.monotonicMs();
    try {
      await session.ping(signal);
    } catch (error) {
      signal.throwIfAborted();
      const reason = lines.redact(reasonOf(error));
      link.abandon(session, reason);
      return { type: "silent", reason: `it does not answer: ${reason}` };
    }
    const pingMs = this.#clock.monotonicMs() - beganMs;
    await link.relist();
    signal.throwIfAborted();
    if (link.state.state === "connected") return { type: "answered", pingMs, tools: link.list.tools.length };
    return { type: "silent", reason: this.#reason(link) || "it does not list its tools" };
  }

  /** The sign-in to a server. Throws SignInNotConfiguredError. */
  signIn(server: string): SignIn {
    const signIn = this.#remotes.get(server)?.signIn;
    if (signIn === undefined) throw new SignInNotConfiguredError(server);
    return signIn;
  }

  /** Resolves when a server is connected, or when a call would not wait longer. Never rejects. */
  async connected(server: string, signal: AbortSignal): Promise<void> {
    await this.#remotes.get(server)?.link.session(CONNECT_WAIT_MS, signal);
  }

  /** Ends the sign-in to a server, and the connection that was made with it. Throws SignInNotConfiguredError, the errors of stored secrets. */
  async signOut(server: string): Promise<Awaited<ReturnType<SignIn["end"]>>> {
    const ended = await this.signIn(server).end();
    const link = this.#remotes.get(server)?.link;
    if (link?.state.state === "connected") link.abandon(link.state.session, "signed out");
    return ended;
  }

  logs(server: string): readonly ToolLogLine[] {
    return this.#remotes.get(server)?.lines.all() ?? [];
  }

  /** Remote servers keep nothing per run. */
  endSession(): void {}

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#remotes.values()].map(({ link }) => link.close()));
  }

  async #enter(remote: Remote, call: ToolCall, signal: AbortSignal, usage: () => ToolUsage): Promise<ToolResult> {
    let entry;
    try {
      entry = await remote.gate.enter(signal);
    } catch {
      return failedCall("cancelled", `the call of ${call.tool} was cancelled`, usage());
    }
    if (entry.type === "refused") return failedCall("overloaded", `${call.server}: ${entry.reason}`, usage());
    try {
      return await this.#repeat(remote, call, signal, usage);
    } finally {
      entry.release();
    }
  }

  async #repeat(remote: Remote, call: ToolCall, signal: AbortSignal, usage: () => ToolUsage): Promise<ToolResult> {
    const { link, lines, secrets, settings, signIn } = remote;
    for (let attempt = 1; ; attempt += 1) {
      if (link.state.state !== "connected" && signIn?.need) return this.#signInNeeded(signIn, call, usage());
      const session = await link.session(Math.min(CONNECT_WAIT_MS, settings.timeoutMs), signal);
      if (session === undefined)
        return signIn?.need ? this.#signInNeeded(signIn, call, usage()) : notConnected(remote, signal, usage());
      const tool = link.list.remote.get(call.tool);
      if (tool === undefined)
        return failedCall("unknown-tool", `${call.server} no longer has a tool "${call.tool}"`, usage());
      const times = { timeoutMs: settings.timeoutMs, deadlineMs: settings.limits.deadlineMs };
      const ended = await attemptCall(
        { session, clock: this.#clock, secrets },
        tool,
        { call: { ...call, context: hiding(call.context, secrets) }, times },
        signal,
      );
      if (ended.type === "answered")
        return cut(secrets.result(readResult(ended.result, settings.limits.resultBytesMax, usage())));
      if (ended.type === "waits") return ended.result;
      const { failure } = ended;
      if (failure.type === "final" && failure.reason === "sign-in-needed" && signIn)
        return this.#signInNeeded(signIn, call, usage());
      if (failure.type === "final") return failedCall(failure.reason, lines.redact(failure.message), usage());
      if (failure.type === "unauthorized") {
        const why = lines.redact(failure.why);
        if (signIn === undefined) return failedCall("denied", why, usage());
        signIn.refuse(why, failure.scope);
        return this.#signInNeeded(signIn, call, usage());
      }
      lines.add(`a call of ${call.tool} has no answer: ${failure.why}`);
      if (failure.type === "outdated") await link.relist();
      else if (failure.type === "lost") await link.verify(session, failure.why);
      else link.abandon(session, failure.why);
      const { readOnly, idempotent } = tool.tool.effects;
      const isHarmless = failure.type !== "lost" || readOnly || idempotent;
      if (!isHarmless || attempt >= ATTEMPTS_MAX || signal.aborted)
        return failedCall("crashed", lines.redact(lostMessage(call, failure)), usage());
    }
  }

  /** The call of a run waits for the sign-in; any other fails. */
  async #signInNeeded(signIn: SignIn, { id, server, context }: ToolCall, usage: ToolUsage): Promise<ToolResult> {
    const need = () =>
      signIn.need && failedCall("sign-in-needed", `${signIn.need.message}. ${signIn.need.hint}`, usage);
    const missing = need();
    // It was made in the meantime.
    const again = failedCall("sign-in-needed", `a user has signed in to ${server} by now; call the tool again`, usage);
    if (missing === undefined || missing.type === "done") return again;
    const nowMs = this.#clock.nowMs();
    const wait = {
      conversationId: "",
      replyWith: signInWait(server, `${id}:${nowMs}`),
      deadlineMs: nowMs + LIMITS.questionMs,
      to: `a sign-in to ${server}`,
      input: { kind: "sign-in", server, message: missing.message },
    } as const;
    return context.awaitReply?.(wait, async () => (need() === undefined ? again : undefined)) ?? missing;
  }

  #view({ settings, secrets, link, counters, signIn, pending }: Remote): ToolServer {
    const { name, transport, limits } = settings;
    const { state } = link;
    const info = state.state === "connected" ? state.session.info : { title: "", version: "" };
    const where = transport.type === "http" ? placeOf(transport.url) : programOf(transport);
    return {
      name,
      interface: transport.type === "http" ? "mcp-http" : "mcp-stdio",
      isSandboxed: false,
      version: cleanText(secrets.text(info.version), 100),
      description: cleanText(info.title === "" ? where : `${secrets.text(info.title)} (${where})`, 500),
      state: stateOf(link, pending),
      reason: this.#reason(link),
      tools: link.list.tools,
      grants:
        transport.type === "http"
          ? [`everything its server may: ${where}`]
          : ["everything the server's user may: not sandboxed"],
      limits: {
        fuelPerCall: 0,
        memoryBytesMax: 0,
        deadlineMs: limits.deadlineMs,
        resultBytesMax: limits.resultBytesMax,
      },
      moduleHash: link.list.hash,
      calls: { ...counters },
      signIn: signIn?.state,
    };
  }

  #reason({ state }: McpConnection): string {
    if (state.state === "connecting") return state.reason === undefined ? "" : `reconnecting: ${state.reason}`;
    if (state.state !== "waiting") return "";
    const seconds = Math.max(0, Math.ceil((state.untilMs - this.#clock.monotonicMs()) / 1_000));
    return `reconnecting in ${seconds} s: ${state.reason}`;
  }
}

function remoteOf(settings: McpServerSettings, deps: McpDeps, times: McpConnectionTimes): Remote {
  const { clock, random } = deps;
  const secrets = new Secrets(deps.redactorOf);
  const lines = new LogLines(clock, secrets);
  const onChange = () => deps.onChange?.(settings.name, stateOf(link, 0));
  const onSignIn = () => {
    if (connector.signIn?.state.state === "signed-in") link.hurry();
    onChange();
  };
  const connector: Connector = new Connector(settings, { lines, secrets, onChange: onSignIn }, deps);
  const link: McpConnection = new McpConnection(
    settings,
    { clock, random, connector, lines, secrets, onChange },
    times,
  );
  return {
    settings,
    lines,
    secrets,
    link,
    gate: new CallLimiter(settings.limits, () => clock.monotonicMs()),
    signIn: connector.signIn,
    counters: { done: 0, failed: 0, denied: 0, fuel: 0, durationMs: 0 },
    pending: 0,
  };
}

function stateOf({ state }: McpConnection, pending: number): ToolServerState {
  switch (state.state) {
    case "connecting":
      return state.reason === undefined ? "unloaded" : "failed";
    case "connected":
      return pending > 0 ? "running" : "loaded";
    case "waiting":
      return "failed";
    case "closed":
      return "unloaded";
  }
}

/** An address without what may be secret in it: user, password, query. References are not resolved. */
const placeOf = (url: string): string => url.replace(/[?#].*$/s, "").replace(/^([^/]*\/\/)[^/]*@/, "$1");

/** A program without its arguments, any of which may be secret. */
function programOf({ command, args }: McpProcess): string {
  if (args.length === 0) return command;
  return `${command} with ${args.length} argument${args.length === 1 ? "" : "s"}`;
}

function notConnected({ settings, link }: Remote, signal: AbortSignal, usage: ToolUsage): ToolResult {
  if (signal.aborted) return failedCall("cancelled", "the call was cancelled", usage);
  const why = ("reason" in link.state ? link.state.reason : undefined) ?? "it does not answer";
  return failedCall(
    "unavailable",
    `the tool server ${settings.name} cannot be reached: ${why}. Caxton reconnects automatically.`,
    usage,
  );
}

const lostMessage = (call: ToolCall, failure: Exclude<CallFailure, { type: "final" | "unauthorized" }>): string =>
  failure.type === "lost"
    ? `${call.server}.${call.tool} has no result: ${failure.why}. It may or may not have had its effect.`
    : `${call.server}.${call.tool} could not be called: ${failure.why}.`;

/** A failure's text in bounds. */
const cut = (result: ToolResult): ToolResult =>
  result.type === "failed" ? { ...result, message: cleanText(result.message, TEXT_CHARS_MAX) } : result;

/** A call's ways to people, with what the server was given in confidence hidden in what it says there. */
function hiding(context: CallContext, secrets: Secrets): CallContext {
  const { ask, onProgress } = context;
  return {
    ...context,
    onProgress: onProgress && ((progress) => onProgress({ ...progress, message: secrets.text(progress.message) })),
    ask:
      ask &&
      (({ message, schema, ...question }, signal) => {
        const hidden = schema && secrets.json(schema);
        return ask(
          { ...question, message: secrets.text(message), schema: isJsonObject(hidden) ? hidden : undefined },
          signal,
        );
      }),
  };
}
