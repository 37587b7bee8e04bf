import { AsyncLocalStorage } from "node:async_hooks";
import type { ServerEvent as McpEvent, ServerEventBus } from "@modelcontextprotocol/server";
import type { Clock } from "../../kernel/clock.ts";
import { toFault } from "../../kernel/errors.ts";
import { log } from "../../kernel/log.ts";
import { operations, type ServerEvent } from "../contract/index.ts";
import type { Caller } from "../operations/index.ts";

/** The lists of which a client is notified. */
export const LISTS = ["tools", "resources", "prompts"] as const;
export type List = (typeof LISTS)[number];

/** Time in which changes become one notification. */
const COLLECT_MS = 200;

/** Whether the caller may be notified: its grants have to cover the whole workspace. */
export const mayFollow = ({ principal }: Caller): boolean =>
  principal.permissions.has(operations.server.watch.permission);

export type Following = {
  readonly signal: AbortSignal;
  readonly onChange: (list: List) => void;
};

/** Notifies clients of lists that changed: agents are tools, resources and prompts, and some tool servers are exposed. */
export class ListChanges {
  readonly #servers: ReadonlySet<string>;
  readonly #clock: Clock;

  /** `expose` names tool servers, and tools with their server. */
  constructor(expose: readonly string[], clock: Clock) {
    this.#servers = new Set(expose.map((name) => name.split(".", 1).join("")));
    this.#clock = clock;
  }

  /** Reports each list that changes until the signal aborts. Never rejects. */
  async follow(caller: Caller, { signal, onChange }: Following): Promise<void> {
    if (!mayFollow(caller)) return;
    const changed = new Set<List>();
    const report = async () => {
      await this.#clock.sleep(COLLECT_MS, signal);
      const lists = [...changed];
      changed.clear();
      for (const list of lists) onChange(list);
    };
    try {
      const events = await caller.stream(operations.server.watch, { types: "agent,tool-server" }, { signal });
      for await (const { event } of events) {
        const isFirst = changed.size === 0;
        for (const list of this.#listsOf(event)) changed.add(list);
        if (isFirst && changed.size > 0) report().catch(() => undefined);
      }
    } catch (error) {
      log.debug({ code: toFault(error).code }, "changes of lists are not reported to an MCP client");
    }
  }

  #listsOf(event: ServerEvent): readonly List[] {
    if (event.type === "agent" || event.type === "reset") return LISTS;
    return event.type === "tool-server" && this.#servers.has(event.name) ? ["tools"] : [];
  }
}

/** Gives each `subscriptions/listen` of 2026-07-28 the changes of the lists of its caller. */
export class ListenBus implements ServerEventBus {
  readonly #changes: ListChanges;
  readonly #callers = new AsyncLocalStorage<Caller>();

  constructor(changes: ListChanges) {
    this.#changes = changes;
  }

  /** Subscriptions that the work opens are of this caller. */
  serve<Result>(caller: Caller, work: () => Promise<Result>): Promise<Result> {
    return this.#callers.run(caller, work);
  }

  subscribe(listener: (event: McpEvent) => void): () => void {
    const caller = this.#callers.getStore();
    const over = new AbortController();
    const onChange = (list: List) => listener({ kind: `${list}_list_changed` });
    if (caller !== undefined) void this.#changes.follow(caller, { signal: over.signal, onChange });
    return () => over.abort();
  }

  publish(): void {
    throw new TypeError("changes come from the change log");
  }
}
