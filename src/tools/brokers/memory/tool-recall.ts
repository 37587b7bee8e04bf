import type { Clock } from "../../../kernel/clock.ts";
import { CaxtonError, toFault } from "../../../kernel/errors.ts";
import { log } from "../../../kernel/log.ts";
import { hasRight, refusalText } from "../../../kernel/rights/run-caller.ts";
import { RateLimiter } from "../../../kernel/async/rate-limiter.ts";
import {
  type Memory,
  type ScopeKey,
  scopeKey,
  type SearchResult,
  visibleScopes,
} from "../../../memory/knowledge/index.ts";
import {
  type CallContext,
  grantsToml,
  type GrantUse,
  MEMORY_GRANT_DEFAULTS,
  MEMORY_GRANT_SCOPES,
  type MemoryGrant,
  memoryGrantAllows,
  type MemoryGrantScope,
  NO_GRANTS,
  type OnRefused,
  scopesWords,
} from "../../catalogue/index.ts";
import {
  type Caller,
  hostRefused,
  type HostRefused,
  type MemoryAccess,
  type MemoryFound,
  type MemoryHit,
  type MemorySearch,
} from "../../sandbox/index.ts";

export type ToolRecallDeps = {
  /** Absent where nothing is remembered: then every granted search is answered with `unavailable`. */
  readonly memory: Pick<Memory, "search"> | undefined;
  readonly clock: Clock;
  /** Called with each search, and with each refused one. */
  readonly audit: (use: GrantUse) => void;
  readonly onRefused: OnRefused;
  /** What a server asks, without the secrets whose values it was given. */
  readonly redact: (caller: Caller, query: string) => string;
};

/** Of one answer, names and texts together. */
const ANSWER_BYTES_MAX = 256 * 1024;
const SEARCH_MS_MAX = 10_000;
/** What a search asks for that names no scope and has no grant that would say. */
const NAMELESS: readonly MemoryGrantScope[] = ["workspace"];

/**
 * Searches of memory by tool servers, on behalf of the agent whose run called them.
 * memory.tool-recall.T1. Nothing is searched without a grant for its scope, and within its limits of hits and of searches.
 * memory.tool-recall.T2. Whose memory a scope is follows from the call alone: its workspace, its agent, the
 *   conversation of its run.
 * memory.tool-recall.T4. Nothing is searched on behalf of a caller that may not read memory.
 * memory.tool-recall.T3. A memory that fails is an answer to the tool and never ends it.
 */
export class ToolRecall implements MemoryAccess {
  readonly #deps: ToolRecallDeps;
  readonly #rates: RateLimiter;

  constructor(deps: ToolRecallDeps) {
    this.#deps = deps;
    this.#rates = new RateLimiter(deps.clock);
  }

  async search(caller: Caller, search: MemorySearch, signal: AbortSignal): Promise<MemoryFound | HostRefused> {
    const startedAtMs = this.#deps.clock.monotonicMs();
    const grant = this.#judge(caller, search.scopes);
    const scopes = search.scopes ?? ("type" in grant ? caller.grants.memory[0]?.scopes : grant.scopes) ?? NAMELESS;
    const answer = "type" in grant ? grant : await this.#look(caller, { ...search, scopes }, { grant, signal });
    this.#format(caller, scopes, { answer, startedAtMs });
    return answer;
  }

  /** Returns the grant that allows the search, with one search less, or the reason for its refusal. */
  #judge(
    { server, grants, context: { onBehalfOf: caller, agent, workspace, session } }: Caller,
    scopes: readonly MemoryGrantScope[] | undefined,
  ): MemoryGrant | HostRefused {
    if (caller !== undefined && !hasRight(caller, "memory:read")) {
      const right = "memory:read";
      this.#deps.onRefused({ caller, agent, workspace, session, operation: `${server} search-memory`, right });
      return hostRefused("denied", refusalText(caller, right));
    }
    const fitting = grants.memory.filter((grant) => scopes === undefined || memoryGrantAllows(grant, scopes));
    const rateOf = (grant: MemoryGrant): string => JSON.stringify([workspace, server, grant]);
    const free = fitting.find((grant) => this.#rates.take(rateOf(grant), grant.perMinute));
    if (free !== undefined) return free;
    if (fitting.length === 0) return hostRefused("denied", denial(server, scopes ?? NAMELESS));
    const most = Math.max(...fitting.map(({ perMinute }) => perMinute));
    return hostRefused(
      "too-many",
      `\`${server}\` has made its ${most} searches of a minute; try again later, or raise per_minute of its grant`,
    );
  }

  async #look(
    caller: Caller,
    { query, scopes, limit }: MemorySearch & { readonly scopes: readonly MemoryGrantScope[] },
    { grant, signal }: { readonly grant: MemoryGrant; readonly signal: AbortSignal },
  ): Promise<MemoryFound | HostRefused> {
    const { memory, redact } = this.#deps;
    if (memory === undefined) return hostRefused("unavailable", "nothing is remembered here");
    const own = this.#own(caller.context, scopes);
    if (own.size === 0) return hostRefused("not-found", `${missingScope(scopes)}: the call is part of none`);
    const timeout = AbortSignal.timeout(SEARCH_MS_MAX);
    try {
      const found = await memory.search(
        {
          scopes: [...own.keys()],
          text: redact(caller, query),
          limit: Math.min(limit ?? grant.hitsMax, grant.hitsMax),
        },
        AbortSignal.any([signal, timeout]),
      );
      return shown(found, own);
    } catch (error) {
      if (signal.aborted) return hostRefused("unavailable", "the call has ended");
      if (timeout.aborted)
        return hostRefused("timeout", `memory did not answer in ${SEARCH_MS_MAX / 1_000} s; try again later`);
      if (error instanceof CaxtonError && error.kind === "invalid") return hostRefused("invalid", inWords(error));
      log.warn({ err: error, toolServer: caller.server }, "a tool's search of memory failed");
      return hostRefused(
        "unavailable",
        `memory could not be searched [${toFault(error).code}]; the server's log says why`,
      );
    }
  }

  /** The scopes that there are for this call, by their keys. */
  #own({ workspace, agent, conversation: conversationId }: CallContext, scopes: readonly MemoryGrantScope[]) {
    const visible = visibleScopes({ workspace, agent, conversationId });
    return new Map<ScopeKey, MemoryGrantScope>(
      visible.filter(({ type }) => scopes.includes(type)).map((scope) => [scopeKey(scope), scope.type]),
    );
  }

  #format(
    { server, context: { workspace, agent, session } }: Caller,
    scopes: readonly MemoryGrantScope[],
    { answer, startedAtMs }: { readonly answer: MemoryFound | HostRefused; readonly startedAtMs: number },
  ): void {
    const { audit, clock } = this.#deps;
    const reason = answer.type === "refused" ? answer.code : "";
    audit({
      kind: "memory",
      operation: "search",
      target: scopesWords(MEMORY_GRANT_SCOPES.filter((scope) => scopes.includes(scope))),
      outcome: reason === "" ? "allowed" : reason === "denied" ? "denied" : "failed",
      reason,
      bytes: answer.type === "found" ? answer.hits.reduce((sum, hit) => sum + bytesOf(hit), 0) : 0,
      workspace,
      server,
      agent,
      session,
      durationMs: clock.monotonicMs() - startedAtMs,
      atMs: clock.nowMs(),
    });
  }
}

const inWords = ({ code, message, hint }: CaxtonError): string =>
  `${message} [${code}]${hint === "" ? "" : `. ${hint}`}`;

const missingScope = (scopes: readonly MemoryGrantScope[]): string =>
  `there is no memory of ${scopes.map((scope) => (scope === "agent-only" ? "an agent" : `a ${scope}`)).join(" or ")}`;

/** What would allow it, as an operator writes it. */
function denial(server: string, scopes: readonly MemoryGrantScope[]): string {
  const memory = [{ scopes, ...MEMORY_GRANT_DEFAULTS }];
  const lines = grantsToml({ ...NO_GRANTS, memory }, `tool_servers.${server}.grants`);
  return `\`${server}\` may not search the memory of ${scopesWords(scopes)}; add to caxton.toml:\n${lines.join("\n")}`;
}

const bytesOf = ({ name, type, observations }: Pick<MemoryHit, "name" | "type" | "observations">): number =>
  [name, type, ...observations].reduce((sum, text) => sum + Buffer.byteLength(text), 0);

/** As much of what was found as an answer holds: the best hits, each with the observations that match best first. */
function shown({ hits: found, notices }: SearchResult, own: ReadonlyMap<ScopeKey, MemoryGrantScope>): MemoryFound {
  let left = ANSWER_BYTES_MAX;
  let isCut = false;
  const hits = found.flatMap(({ entity, score, ranked }): readonly MemoryHit[] => {
    const { name, type, scope } = entity;
    const whose = own.get(scope);
    if (isCut || whose === undefined) return [];
    const head = { name, type, scope: whose, score: Math.round(score.total * 1_000) / 1_000 };
    left -= bytesOf({ name, type, observations: [] });
    const kept = ranked.filter(({ fact }) => {
      left -= Buffer.byteLength(fact.text);
      return left >= 0;
    });
    isCut = kept.length < ranked.length;
    return [{ ...head, observations: kept.map(({ fact }) => fact.text) }];
  });
  return { type: "found", hits, notices: [...notices], isCut };
}
