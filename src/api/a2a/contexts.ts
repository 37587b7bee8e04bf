import { RequestMalformedError } from "@a2a-js/sdk/errors";
import { CaxtonError } from "../../kernel/errors.ts";
import { operations, type RunDetail, type RunSummary, type Thread } from "../contract/index.ts";
import { type Caller, principalKey, principalOfKey } from "../operations/index.ts";
import { noTask } from "./errors.ts";
import type { Place } from "./present-task.ts";

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const CONTEXT_CHARS_MAX = 200;
const DAY_SECONDS = 86_400;
/** Time after its last message until a context is deleted. */
const EXPIRES_AFTER = 30 * DAY_SECONDS;
/** Marks the threads that expire like this. */
const TAG = "a2a";
/** Stands in a key for the agent of a context that its client did not name. */
const UNNAMED = "#";

export type ContextsOptions = {
  readonly caller: Caller;
  /** Where clients reach the server, such as https://caxton.example. */
  readonly base: string;
  readonly nowMs: () => number;
};

/** The id of a context as clients know it: the name that a client chose, or the id of its thread. */
function contextIdOf({ id, key }: Pick<Thread, "id" | "key">): string {
  const [, , agent, ...name] = principalOfKey(key) === undefined ? [] : (key ?? "").split(" ");
  return agent === undefined || agent === UNNAMED ? id : name.join(" ");
}

/** Contexts are threads of one principal. Those of other principals are not found. */
export class Contexts {
  readonly #options: ContextsOptions;

  constructor(options: ContextsOptions) {
    this.#options = options;
  }

  get #caller(): Caller {
    return this.#options.caller;
  }

  /** Returns the thread of a context, which is created if there is none. `message` identifies the message that begins it. */
  async open(agent: string, contextId: string, message: string): Promise<Thread> {
    if (contextId.length > CONTEXT_CHARS_MAX)
      throw new RequestMalformedError(`message.contextId: it has more than ${CONTEXT_CHARS_MAX} characters`);
    const thread = await this.#thread(contextId);
    if (thread !== undefined) return this.#renewed(thread);
    const name = contextId === "" ? `${UNNAMED} ${message}` : `${agent} ${contextId}`;
    const key = principalKey(this.#caller.principal.id, name);
    const input = { agent, key, tags: [TAG], expires_after: EXPIRES_AFTER };
    return this.#renewed(await this.#caller.perform(operations.thread.create, input));
  }

  /** Returns the thread of a context; undefined if there is none. */
  async find(agent: string | undefined, contextId: string): Promise<Thread | undefined> {
    const thread = await this.#thread(contextId);
    if (thread !== undefined || agent === undefined) return thread;
    const key = principalKey(this.#caller.principal.id, `${agent} ${contextId}`);
    return (await this.#caller.perform(operations.thread.list, { agent, key, limit: 1 })).items[0];
  }

  async placeOf({ id, thread }: Pick<RunSummary, "id" | "thread">): Promise<Place> {
    const { base } = this.#options;
    // A run without a thread is a context of its own.
    if (thread === null) return { taskId: id, contextId: id, base };
    const found = await this.#get(thread.id);
    return { taskId: id, contextId: found === undefined ? thread.id : contextIdOf(found), base };
  }

  /** Whether the caller may see a run as a task: it started the run, or the context is its own. */
  async hasTask({ caller, thread }: Pick<RunDetail, "caller" | "thread">): Promise<boolean> {
    const { kind, id } = this.#caller.principal;
    if (kind === "local" || caller?.id === id) return true;
    return thread !== null && principalOfKey((await this.#get(thread.id))?.key) === id;
  }

  /** The ids of those threads, among the threads of runs, that are contexts of the caller. */
  async ownOf(runs: readonly Pick<RunSummary, "thread">[]): Promise<ReadonlySet<string>> {
    const own = new Set<string>();
    for (const id of new Set(runs.flatMap(({ thread }) => thread?.id ?? []))) {
      const thread = await this.#get(id);
      if (thread !== undefined && (await this.#isOwn(thread))) own.add(id);
    }
    return own;
  }

  /** Returns the thread whose id a context has. Throws TaskNotFoundError for a thread of another principal. */
  async #thread(contextId: string): Promise<Thread | undefined> {
    if (!UUID.test(contextId)) return undefined;
    const thread = await this.#get(contextId);
    if (thread !== undefined && !(await this.#isOwn(thread))) throw noTask(`there is no context ${contextId}`);
    return thread;
  }

  async #isOwn({ key, head, owner }: Thread): Promise<boolean> {
    const { kind, id, name } = this.#caller.principal;
    if (kind === "local") return true;
    const principal = principalOfKey(key);
    if (principal !== undefined) return principal === id;
    if (head === null) return owner === name;
    const run = await this.#caller.perform(operations.run.get, { id: head }).catch(ignoreMissing);
    return run?.caller?.id === id;
  }

  /** Postpones the expiry of a context, at most once a day. */
  async #renewed(thread: Thread): Promise<Thread> {
    const { id, tags, expires_at: expiresAt } = thread;
    if (!tags.includes(TAG) || expiresAt === null) return thread;
    const leftMs = Date.parse(expiresAt) - this.#options.nowMs();
    if (leftMs > (EXPIRES_AFTER - DAY_SECONDS) * 1_000) return thread;
    return this.#caller.perform(operations.thread.update, { id, expires_after: EXPIRES_AFTER });
  }

  #get(id: string): Promise<Thread | undefined> {
    return this.#caller.perform(operations.thread.get, { id }).catch(ignoreMissing);
  }
}

function ignoreMissing(error: unknown): undefined {
  if (error instanceof CaxtonError && error.kind === "not-found") return undefined;
  throw error;
}
