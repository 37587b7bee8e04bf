import type * as z from "zod";
import { CaxtonError } from "../../kernel/errors.ts";
import type { Json, JsonObject } from "../../kernel/json.ts";
import type { RunRight } from "../../kernel/rights/run-caller.ts";
import {
  type Entity,
  isWritableByRunsIn,
  type Memory,
  type MemoryPage,
  MemoryScopeError,
  type Provenance,
  type RankedHit,
  type ScopeKey,
  scopeKey,
  visibleScopes,
} from "../../memory/knowledge/index.ts";
import {
  failedCall,
  type NativeTools,
  NO_USAGE,
  type Tool,
  type ToolCall,
  toolId,
  type ToolResult,
} from "../../tools/catalogue/index.ts";
import {
  AddObservationsArguments,
  CreateEntitiesArguments,
  DeleteEntitiesArguments,
  DeleteObservationsArguments,
  ForgetArguments,
  OpenNodesArguments,
  ReadGraphArguments,
  RecallArguments,
  RelationsArguments,
  RememberArguments,
  SearchNodesArguments,
  type TOOL_SCOPES,
} from "./arguments.ts";
import {
  normalizeText,
  entityBounds,
  graphOf,
  type GraphOptions,
  inNodes,
  nodesWithin,
  nodeText,
  normalizeRelations,
  relationsBetween,
} from "./nodes.ts";
import {
  ADD_OBSERVATIONS,
  CREATE_ENTITIES,
  CREATE_RELATIONS,
  DELETE_ENTITIES,
  DELETE_OBSERVATIONS,
  DELETE_RELATIONS,
  FORGET,
  MEMORY,
  OPEN_NODES,
  READ_GRAPH,
  RECALL,
  REMEMBER,
  SEARCH_NODES,
} from "./tool-list.ts";

type Work = (memory: Memory, caller: Caller, given: JsonObject) => Promise<ToolResult>;

/**
 * The tools by which the models of runs remember and recall. What they keep names the run and the agent; calling again after a
 * crash keeps nothing twice.
 */
export class MemoryTools implements NativeTools {
  readonly name = MEMORY;
  readonly description = "What agents remember from run to run. Part of Caxton itself.";
  readonly version: string;
  readonly tools = [...WORKS.keys()];
  readonly #memory: Memory;

  constructor(deps: { readonly memory: Memory; readonly version: string }) {
    this.#memory = deps.memory;
    this.version = deps.version;
  }

  rightFor(tool: string): RunRight {
    return this.tools.find(({ name }) => name === tool)?.effects.readOnly === true ? "memory:read" : "memory:write";
  }

  async call(call: ToolCall): Promise<ToolResult> {
    const work = [...WORKS].find(([{ name }]) => name === call.tool)?.[1];
    if (!work) return failedCall("unknown-tool", `${MEMORY} has no tool ${call.tool}`);
    try {
      return await work(this.#memory, new Caller(call), call.arguments);
    } catch (error) {
      if (error instanceof CaxtonError)
        return failedCall("tool-error", [error.message, error.hint].filter(Boolean).join(". "));
      throw error;
    }
  }
}

/** On whose behalf memory is used. */
class Caller {
  readonly #workspace: string;
  readonly #agent: string | undefined;
  readonly #conversation: string | undefined;
  readonly provenance: Provenance;

  constructor({ context, id }: ToolCall) {
    this.#workspace = context.workspace;
    this.#agent = context.agent;
    this.#conversation = context.conversation;
    this.provenance =
      context.agent === undefined
        ? { source: "tool", sourceId: id, agent: undefined }
        : { source: "run", sourceId: context.session, agent: context.agent };
  }

  /**
   * Throws MemoryScopeError for `agent-only` without a calling agent, and for `conversation` without a
   * conversation.
   */
  scope(type: (typeof TOOL_SCOPES)[number]): ScopeKey {
    const [workspace, agent, conversationId] = [this.#workspace, this.#agent, this.#conversation];
    if (type === "global") return scopeKey({ type });
    if (type === "workspace") return scopeKey({ type, workspace });
    // Content for one conversation must never be visible to all.
    if (type === "conversation") {
      if (conversationId !== undefined) return scopeKey({ type, workspace, conversationId });
      throw nobodys("no conversation's memory is meant: no message started this run", type);
    }
    if (agent === undefined) throw nobodys("the scope needs a calling agent, and no agent makes this call", type);
    return scopeKey({ type, workspace, agent });
  }

  /** The scope of a change. Throws what `scope` does, and MemoryScopeError for `global` outside the operator's workspace. */
  changed(type: (typeof TOOL_SCOPES)[number]): ScopeKey {
    if (isWritableByRunsIn(this.#workspace, { type })) return this.scope(type);
    throw new MemoryScopeError(
      `runs of the workspace ${this.#workspace} can read global memory and cannot change it`,
      "Choose the scope workspace.",
      { scope: type },
    );
  }

  /** Scopes that the call may read. */
  visible(): readonly ScopeKey[] {
    return visibleScopes({
      workspace: this.#workspace,
      agent: this.#agent,
      conversationId: this.#conversation,
    }).map(scopeKey);
  }
}

const nobodys = (message: string, scope: string): MemoryScopeError =>
  new MemoryScopeError(message, "Choose the scope workspace or global.", { scope });

/** Runs `work` on valid arguments; other arguments are reported to the model, so that it can correct itself. */
const work = <Schema extends z.ZodType>(
  of: Tool,
  schema: Schema,
  job: (memory: Memory, caller: Caller, wanted: z.output<Schema>) => Promise<ToolResult>,
): readonly [Tool, Work] => [
  of,
  async (memory, caller, given) => {
    const parsed = schema.safeParse(given);
    if (parsed.success) return job(memory, caller, parsed.data);
    const said = parsed.error.issues
      .map(({ path, message }) => `${path.join(".") || "arguments"}: ${message}`)
      .join("; ");
    return failedCall(
      "invalid-arguments",
      `the arguments do not fit ${toolId(of)}: ${said}. Correct them and call again.`,
    );
  },
];

const done = (text: string, structured: JsonObject): ToolResult => ({
  type: "done",
  content: [{ type: "text", text }],
  structured,
  usage: NO_USAGE,
});
/** As the reference memory server answers: JSON is the text, of lists without the word before them. */
const json = (structured: JsonObject, text: Json = structured): ToolResult => done(nodeText(text), structured);
/** The same for what was deleted. */
const deleted = (what: string, count: number): ToolResult => {
  const message = `${what} deleted successfully`;
  return done(message, { success: true, message, deleted: count });
};

const isBlank = (text: string): boolean => text.trim() === "";
/** Observations of texts; blank texts are left out. */
const said = (texts: readonly string[]) => texts.filter((text) => !isBlank(text)).map((text) => ({ text }));

/** A hit's entity with the facts that match best first. */
const bestFirst = ({ entity, ranked }: RankedHit): Entity => ({
  ...entity,
  observations: ranked.map(({ fact }) => fact),
});

const formatEntity = (entity: Entity): string =>
  [
    `${entity.name} (${entity.type})`,
    ...(entity.isCut ? ["(other facts are left out: a higher max_tokens)"] : []),
    ...entity.observations.map(({ text }) => `- ${text}`),
  ].join("\n");

type PageRequest = {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly maxTokens?: number | undefined;
  readonly includeObservations: boolean;
};

/** A page of entities with their relations, within the tokens. */
async function nodes(
  memory: Memory,
  scopes: readonly ScopeKey[],
  of: {
    readonly page: MemoryPage<Entity>;
    readonly wanted: PageRequest;
    readonly ends: GraphOptions["ends"];
  },
): Promise<ToolResult> {
  const { maxTokens, includeObservations: withObservations } = of.wanted;
  const { entries, next } = of.page;
  const graph = await graphOf(memory, scopes, { entities: entries, withObservations, maxTokens, ends: of.ends });
  return json({ ...graph, ...(next !== undefined && { next }) });
}

/** Entities by name, with the relations that begin at them. */
async function everything(memory: Memory, scopes: readonly ScopeKey[], wanted: PageRequest): Promise<ToolResult> {
  const read = (limit: number) => memory.list({ scopes }, { limit, cursor: wanted.cursor });
  return nodes(memory, scopes, { page: await nodesWithin(read, wanted), wanted, ends: "from" });
}

const WORKS: ReadonlyMap<Tool, Work> = new Map([
  work(REMEMBER, RememberArguments, async (memory, caller, { about, facts, type, scope }) => {
    const inputs = [{ name: about, type, observations: facts.map((text) => ({ text })) }];
    const [result] = await memory.changes.remember(caller.changed(scope), inputs, caller.provenance);
    const added = result?.added.length ?? 0;
    const text = added === 0 ? `All of it was known about ${about}.` : `Remembered about ${about}: ${added} new.`;
    return done(text, { about, remembered: added });
  }),
  work(RECALL, RecallArguments, async (memory, caller, { query, limit, max_tokens: tokensMax }) => {
    const { hits, notices } = await memory.search({ scopes: caller.visible(), text: query, limit, tokensMax });
    const found = hits.map((hit) => ({
      ...inNodes(bestFirst(hit)),
      score: Math.round(hit.score.total * 1_000) / 1_000,
    }));
    const text =
      hits.length === 0
        ? "Nothing is remembered about that."
        : hits.map((hit) => formatEntity(bestFirst(hit))).join("\n\n");
    return done(text, { entities: found, notices: [...notices] });
  }),
  work(FORGET, ForgetArguments, async (memory, caller, { about, facts, scope }) => {
    const entity = await memory.get(caller.changed(scope), normalizeText(memory, about));
    const gone = new Set(facts.map((text) => normalizeText(memory, text)));
    const ids = entity.observations.filter(({ text }) => gone.has(text)).map(({ id }) => id);
    const target =
      facts.length === 0
        ? ({ type: "entities", ids: [entity.id] } as const)
        : ({ type: "observations", entity: entity.id, ids } as const);
    const { entities, observations } = await memory.forget(target, caller.provenance);
    return done(
      entities > 0 ? `Everything about ${about} is forgotten.` : `${observations} facts about ${about} are forgotten.`,
      { entities, observations },
    );
  }),
  work(CREATE_ENTITIES, CreateEntitiesArguments, async (memory, caller, { entities, scope }) => {
    const inputs = entities.map(({ name, entityType, observations }) => ({
      name,
      type: isBlank(entityType) ? undefined : entityType,
      observations: said(observations),
    }));
    const results = await memory.changes.remember(caller.changed(scope), inputs, caller.provenance);
    const changed = results.filter(({ outcome }) => outcome !== "unchanged").map(({ entity }) => entity);
    const created = [...new Map(changed.map((entity) => [entity.id, inNodes(entity)])).values()];
    return json({ entities: created }, created);
  }),
  work(CREATE_RELATIONS, RelationsArguments, async (memory, caller, { relations, scope }) => {
    const key = caller.changed(scope);
    const wanted = normalizeRelations(memory, relations);
    // Existing relations stay unchanged: their strength may have been set since.
    const there = await relationsBetween(memory, key, wanted);
    const fresh = wanted.filter((_, at) => there[at] === undefined);
    const inputs = fresh.map(({ from, to, relationType }) => ({ from, to, type: relationType }));
    await memory.changes.relate(key, inputs, caller.provenance);
    return json({ relations: fresh }, fresh);
  }),
  work(ADD_OBSERVATIONS, AddObservationsArguments, async (memory, caller, { observations, scope }) => {
    const key = caller.changed(scope);
    for (const { entityName } of observations) await memory.get(key, normalizeText(memory, entityName));
    const inputs = observations.map(({ entityName, contents }) => ({ name: entityName, observations: said(contents) }));
    const results = await memory.changes.remember(key, inputs, caller.provenance);
    const added = results.map((one) => ({
      entityName: one.entity.name,
      addedObservations: one.added.map(({ text }) => text),
    }));
    return json({ results: added }, added);
  }),
  work(DELETE_ENTITIES, DeleteEntitiesArguments, async (memory, caller, { entityNames, scope }) => {
    const key = caller.changed(scope);
    const found = await memory.store.find(
      entityNames.map((name) => ({ scope: key, name: normalizeText(memory, name) })),
    );
    const ids = [...new Set(found.flatMap((entity) => entity?.id ?? []))];
    const { entities } = await memory.forget({ type: "entities", ids }, caller.provenance);
    return deleted("Entities", entities);
  }),
  work(DELETE_OBSERVATIONS, DeleteObservationsArguments, async (memory, caller, { deletions, scope }) => {
    const key = caller.changed(scope);
    const names = deletions.map(({ entityName }) => normalizeText(memory, entityName));
    const found = await memory.store.find(names.map((name) => ({ scope: key, name })));
    const gone = new Set<string>();
    for (const [at, { observations }] of deletions.entries()) {
      const before = found[at];
      // An unknown entity needs no deleting.
      if (!before) continue;
      const after = await memory.changes.withdraw(key, before.name, observations, caller.provenance);
      // By their ids: an entity may be named twice, and others may add to it meanwhile.
      const left = new Set(after.observations.map(({ id }) => id));
      for (const { id } of before.observations) if (!left.has(id)) gone.add(id);
    }
    return deleted("Observations", gone.size);
  }),
  work(DELETE_RELATIONS, RelationsArguments, async (memory, caller, { relations, scope }) => {
    const found = await relationsBetween(memory, caller.changed(scope), normalizeRelations(memory, relations));
    const there = new Set(found.flatMap((one) => one?.id ?? []));
    for (const id of there) await memory.changes.unrelate(id, caller.provenance);
    return deleted("Relations", there.size);
  }),
  work(READ_GRAPH, ReadGraphArguments, (memory, caller, { scope, ...wanted }) =>
    everything(memory, [caller.scope(scope)], wanted),
  ),
  work(SEARCH_NODES, SearchNodesArguments, async (memory, caller, { query, ...wanted }) => {
    const scopes = caller.visible();
    if (isBlank(query)) return everything(memory, scopes, wanted);
    const { limit, cursor } = wanted;
    const { hits, next } = await memory.search({ scopes, text: query, limit, cursor, ...entityBounds(wanted) });
    const page = { entries: hits.map(bestFirst), next };
    return nodes(memory, scopes, { page, wanted, ends: "either" });
  }),
  work(OPEN_NODES, OpenNodesArguments, async (memory, caller, { names, cursor, scope, ...rest }) => {
    const key = caller.scope(scope);
    const own = [...new Set(names.map((name) => normalizeText(memory, name)))];
    const read = (limit: number) => memory.named(key, own, { limit, cursor });
    const wanted = { ...rest, includeObservations: true };
    return nodes(memory, [key], { page: await nodesWithin(read, wanted), wanted, ends: "either" });
  }),
]);
