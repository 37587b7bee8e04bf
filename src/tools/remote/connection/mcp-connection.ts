import type { Clock } from "../../../kernel/clock.ts";
import { type Connector } from "./connect.ts";
import { reasonOf } from "../failure.ts";
import type { LogLines } from "./log-lines.ts";
import type { McpSession } from "./session.ts";
import { TokenBucket } from "./token-bucket.ts";
import type { Secrets } from "../secrets.ts";
import { NO_TOOLS, readToolList, type ToolList } from "../tool-list.ts";

export type McpConnectionTimes = {
  /** The first wait after a failure; each further one is twice as long, up to `retryMaxMs`, and half of it is left to chance. */
  readonly retryMs: number;
  readonly retryMaxMs: number;
  /** Interval between checks of an idle connection. */
  readonly pingMs: number;
};
export const DEFAULT_CONNECTION_TIMES: McpConnectionTimes = { retryMs: 500, retryMaxMs: 30_000, pingMs: 30_000 };

export type LinkDeps = {
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly connector: Connector;
  readonly lines: LogLines;
  readonly secrets: Secrets;
  /** Called when the tools or the state have changed. */
  readonly onChange: () => void;
};

export type LinkState =
  /** `reason` is the end of the previous connection; undefined for the first. */
  | { readonly state: "connecting"; readonly reason: string | undefined }
  | { readonly state: "connected"; readonly session: McpSession; readonly sinceMs: number }
  | { readonly state: "waiting"; readonly reason: string; readonly untilMs: number }
  | { readonly state: "closed" };

type LinkServer = { readonly name: string; readonly tools: readonly string[] | undefined };

/** Lists that a server may cause to be read again: a few at once, then one in 5 s. */
const RELISTS = { burst: 5, everyMs: 5_000 };

/** A connection that lasted so long was a good one: the next failure is the first again. */
const GOOD_MS = 10_000;

/**
 * Keeps one server connected for as long as it lives.
 * remote.mcp-connection.L1. At most one connection at a time; the old one is closed, its process gone, before the next is
 *   opened.
 * remote.mcp-connection.L2. After `close` nothing of it is left: no process, no stream, no timer.
 * remote.mcp-connection.L3. The list of tools survives a lost connection, and is read again on each new one.
 */
export class McpConnection {
  readonly #deps: LinkDeps;
  readonly #server: LinkServer;
  readonly #times: McpConnectionTimes;
  readonly #closing = new AbortController();
  /** Resolved and replaced at each change of state. */
  #turned = Promise.withResolvers<void>();
  #hurried = new AbortController();
  #state: LinkState = { state: "connecting", reason: undefined };
  #list: ToolList = NO_TOOLS;
  #failures = 0;
  #life: Promise<void> | undefined;
  /** Ends the current connection, with the reason. */
  #end: (why: string) => void = () => undefined;
  #checking: Promise<void> | undefined;
  readonly #pace: TokenBucket;
  /** A list that is still to be read, for all who ask for one meanwhile. */
  #relisting: Promise<void> | undefined;

  constructor(server: LinkServer, deps: LinkDeps, times: McpConnectionTimes) {
    this.#server = server;
    this.#deps = deps;
    this.#times = times;
    this.#pace = new TokenBucket(deps.clock, RELISTS);
  }

  get state(): LinkState {
    return this.#state;
  }

  get list(): ToolList {
    return this.#list;
  }

  /** Begins to connect; resolves when the first attempt has ended, either way. Never rejects. */
  async open(): Promise<void> {
    this.#life ??= this.#live();
    while (this.#state.state === "connecting") await this.#turned.promise;
  }

  /**
   * Returns the connection when there is one; undefined if there is none in time. Cuts the wait for the next attempt
   * short once.
   */
  async session(waitMs: number, signal: AbortSignal): Promise<McpSession | undefined> {
    if (this.#state.state === "connected") return this.#state.session;
    this.#hurried.abort("a call waits");
    const timer = new AbortController();
    const late = this.#deps.clock.sleep(waitMs, AbortSignal.any([signal, timer.signal])).then(
      () => true,
      () => true,
    );
    try {
      for (;;) {
        const { state } = this;
        if (state.state === "connected") return state.session;
        if (state.state === "closed") return undefined;
        if (await Promise.race([late, this.#turned.promise.then(() => false)])) return undefined;
      }
    } finally {
      timer.abort("the wait is over");
    }
  }

  /** Cuts the wait for the next attempt short. */
  hurry(): void {
    this.#hurried.abort("there is reason to try");
  }

  /** Says that this connection does not work; the next one is opened. */
  abandon(session: McpSession, why: string): void {
    if (this.#state.state === "connected" && this.#state.session === session) this.#end(why);
  }

  /** Reads the list of tools again, rate-limited; a failure starts a check of the connection. Never rejects. */
  relist(): Promise<void> {
    this.#relisting ??= this.#relist();
    return this.#relisting;
  }

  async #relist(): Promise<void> {
    const isDue = await this.#pace.turn(this.#closing.signal).then(
      () => true,
      () => false,
    );
    // What changes from here on is not in this list any more.
    this.#relisting = undefined;
    if (!isDue || this.#state.state !== "connected") return;
    const { session } = this.#state;
    try {
      await this.#read(session);
    } catch (error) {
      if (!this.#closing.signal.aborted) await this.verify(session, reasonOf(error));
    }
  }

  /** Closes the connection and what belongs to it; resolves when it is gone. */
  async close(): Promise<void> {
    this.#closing.abort("closed");
    this.#end("closed");
    await this.#life;
    this.#turn({ state: "closed" });
  }

  async #live(): Promise<void> {
    const { signal } = this.#closing;
    let reason: string | undefined;
    while (!signal.aborted) {
      this.#turn({ state: "connecting", reason });
      reason = await this.#hold(signal);
      if (signal.aborted) return;
      await this.#wait(reason, signal);
    }
  }

  /** One connection, from its attempt to its end; the reason of the end. */
  async #hold(signal: AbortSignal): Promise<string> {
    const { clock, connector, lines } = this.#deps;
    const ended = Promise.withResolvers<string>();
    let session: McpSession | undefined;
    this.#end = ended.resolve;
    const hooks = {
      onToolsChanged: () => void this.relist(),
      onProblem: (why: string) => void (session && this.verify(session, why)),
      onEnd: ended.resolve,
      remark: (text: string) => lines.add(text),
    };
    try {
      session = await connector.open(hooks, signal);
      await this.#read(session);
      const sinceMs = clock.monotonicMs();
      lines.add(`connected, revision ${session.info.revision}, ${this.#list.tools.length} tools`);
      this.#turn({ state: "connected", session, sinceMs });
      const polling = new AbortController();
      void this.#pollTools(session, polling.signal);
      const reason = lines.redact(await ended.promise);
      polling.abort("the connection has ended");
      this.#turn({ state: "connecting", reason });
      if (clock.monotonicMs() - sinceMs >= GOOD_MS) this.#failures = 0;
      return reason;
    } catch (error) {
      connector.failed(error);
      return this.#reason(error);
    } finally {
      await session?.close(signal.aborted);
      lines.flush();
    }
  }

  /** Why a connection failed, with what the process said last, which is often the real reason. */
  #reason(error: unknown): string {
    const { lines } = this.#deps;
    const why = lines.redact(reasonOf(error));
    const last = lines.all().findLast(({ text }) => text.startsWith("the process ended"));
    const before = lines.all().at(-2)?.text ?? "";
    return last === lines.all().at(-1) && last !== undefined ? `${last.text}: ${before || why}` : why;
  }

  async #read(session: McpSession): Promise<void> {
    const listed = await session.listTools(this.#closing.signal);
    const list = readToolList(this.#server.name, listed, { allowed: this.#server.tools, secrets: this.#deps.secrets });
    if (list.hash === this.#list.hash && sameWire(list, this.#list)) return;
    this.#list = list;
    for (const remark of list.remarks) this.#deps.lines.add(remark);
    this.#deps.onChange();
  }

  async #wait(reason: string, signal: AbortSignal): Promise<void> {
    const { clock, random, lines } = this.#deps;
    const { retryMs, retryMaxMs } = this.#times;
    const fullMs = Math.min(retryMaxMs, retryMs * 2 ** Math.min(this.#failures, 20));
    this.#failures += 1;
    const waitMs = fullMs / 2 + (fullMs / 2) * random();
    lines.add(`not connected: ${reason}; the next attempt is in ${Math.ceil(waitMs / 1_000)} s`);
    this.#turn({ state: "waiting", reason, untilMs: clock.monotonicMs() + waitMs });
    const hurried = new AbortController();
    this.#hurried = hurried;
    // However many calls hurry it, a server that is down is not tried without a pause.
    const pauseMs = Math.min(waitMs, retryMs / 2);
    await clock.sleep(pauseMs, signal).catch(() => undefined);
    await clock.sleep(waitMs - pauseMs, AbortSignal.any([signal, hurried.signal])).catch(() => undefined);
  }

  /** Checks a connection that seems broken, and abandons it if it is; several signs of one failure are checked once. */
  async verify(session: McpSession, why: string): Promise<void> {
    if (this.#checking === undefined) {
      this.#checking = this.#check(session, why).finally(() => (this.#checking = undefined));
    }
    await this.#checking;
  }

  async #check(session: McpSession, why: string): Promise<void> {
    try {
      await session.ping(this.#closing.signal);
    } catch {
      this.abandon(session, why);
    }
  }

  async #pollTools(session: McpSession, signal: AbortSignal): Promise<void> {
    for (;;) {
      try {
        await this.#deps.clock.sleep(this.#times.pingMs, signal);
      } catch {
        return;
      }
      // A server that does not announce changes of its tools is polled for them, which also shows that it
      // is alive.
      if (session.sendsListChanges) await this.#check(session, "the server does not answer");
      else await this.relist();
    }
  }

  #turn(state: LinkState): void {
    this.#state = state;
    const { resolve } = this.#turned;
    this.#turned = Promise.withResolvers();
    resolve();
    this.#deps.onChange();
  }
}

const sameWire = (one: ToolList, other: ToolList): boolean =>
  [...one.remote].every(([name, { wire }]) => other.remote.get(name)?.wire.name === wire.name);
