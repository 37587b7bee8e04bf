import type * as z from "zod";
import { CaxtonError } from "../kernel/errors.ts";
import type { Json, JsonObject } from "../kernel/json.ts";
import {
  type Entity,
  type Memory,
  MemoryScopeError,
  type Provenance,
  type Relation,
  type ScopeKey,
  scopeKey,
  visibleScopes,
} from "../memory/index.ts";
import {
  failedCall,
  type NativeTools,
  NO_USAGE,
  type Tool,
  type ToolCall,
  toolId,
  type ToolResult,
} from "../tools/index.ts";
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

const RELATIONS_MAX = 1_000;

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

  /** Throws MemoryScopeError for `agent-only` where no agent calls, `conversation` where there is none. */
  scope(type: (typeof TOOL_SCOPES)[number]): ScopeKey {
    const [workspace, agent, conversationId] = [this.#workspace, this.#agent, this.#conversation];
    if (type === "global") return scopeKey({ type });
    if (type === "workspace") return scopeKey({ type, workspace });
    // What was meant for some alone must never be told to all.
    if (type === "conversation") {
      if (conversationId !== undefined) return scopeKey({ type, workspace, conversationId });
      throw nobodys("no conversation's memory is meant: no message started this run", type);
    }
    if (agent === undefined) throw nobodys("nobody's own memory is meant: no agent makes this call", type);
    return scopeKey({ type, workspace, agent });
  }

  /** What it may look at. */
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

/** Work on arguments that fit; others are told to the model, so that it can correct itself. */
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
/** As the reference memory server answers: the JSON is the text. */
const json = (structured: JsonObject): ToolResult => done(JSON.stringify(structured, undefined, 2), structured);

const inNodes = ({ name, type, observations }: Entity, withObservations = true): JsonObject => ({
  name,
  entityType: type,
  ...(withObservations && { observations: observations.map(({ text }) => text) }),
});

/** Entities and the relations among them, by names. */
async function graphOf(
  memory: Memory,
  scopes: readonly ScopeKey[],
  of: { readonly entities: readonly Entity[]; readonly withObservations: boolean },
): Promise<{ readonly entities: Json[]; readonly relations: Json[] }> {
  const names = new Map(of.entities.map(({ id, name }) => [id, name]));
  const { entries } =
    names.size === 0
      ? { entries: [] }
      : await memory.store.relations(
          { scopes, entities: [...names.keys()] },
          { limit: RELATIONS_MAX, cursor: undefined },
        );
  return {
    entities: of.entities.map((entity) => inNodes(entity, of.withObservations)),
    relations: entries.flatMap(({ from, to, type }) => {
      const [a, b] = [names.get(from), names.get(to)];
      return a !== undefined && b !== undefined ? [{ from: a, to: b, relationType: type }] : [];
    }),
  };
}

const told = (entity: Entity): string =>
  [`${entity.name} (${entity.type})`, ...entity.observations.map(({ text }) => `- ${text}`)].join("\n");

async function relationsBetween(
  memory: Memory,
  scope: ScopeKey,
  wanted: readonly { readonly from: string; readonly to: string; readonly relationType: string }[],
): Promise<readonly Relation[]> {
  const ends = await memory.store.find(
    wanted.flatMap(({ from, to }) => [
      { scope, name: from },
      { scope, name: to },
    ]),
  );
  const found: Relation[] = [];
  for (const [index, { relationType }] of wanted.entries()) {
    const [from, to] = [ends[2 * index], ends[2 * index + 1]];
    if (!from || !to) continue;
    const { entries } = await memory.store.relations(
      { scopes: [scope], entities: [from.id] },
      { limit: RELATIONS_MAX, cursor: undefined },
    );
    found.push(...entries.filter((one) => one.from === from.id && one.to === to.id && one.type === relationType));
  }
  return found;
}

const WORKS: ReadonlyMap<Tool, Work> = new Map([
  work(REMEMBER, RememberArguments, async (memory, caller, { about, facts, type, scope }) => {
    const inputs = [{ name: about, type, observations: facts.map((text) => ({ text })) }];
    const [result] = await memory.changes.remember(caller.scope(scope), inputs, caller.provenance);
    const added = result?.added.length ?? 0;
    const text = added === 0 ? `All of it was known about ${about}.` : `Remembered about ${about}: ${added} new.`;
    return done(text, { about, remembered: added });
  }),
  work(RECALL, RecallArguments, async (memory, caller, { query, limit, max_tokens: tokensMax }) => {
    const { hits, notices } = await memory.search({ scopes: caller.visible(), text: query, limit, tokensMax });
    const found = hits.map(({ entity, score }) => ({
      ...inNodes(entity),
      score: Math.round(score.total * 1_000) / 1_000,
    }));
    const text =
      hits.length === 0 ? "Nothing is remembered about that." : hits.map(({ entity }) => told(entity)).join("\n\n");
    return done(text, { entities: found, notices: [...notices] });
  }),
  work(FORGET, ForgetArguments, async (memory, caller, { about, facts, scope }) => {
    const entity = await memory.get(caller.scope(scope), about);
    const gone = new Set(facts.map((text) => text.normalize("NFC").trim()));
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
      type: entityType,
      observations: observations.map((text) => ({ text })),
    }));
    const results = await memory.changes.remember(caller.scope(scope), inputs, caller.provenance);
    return json({
      entities: results.filter(({ outcome }) => outcome !== "known").map(({ entity }) => inNodes(entity)),
    });
  }),
  work(CREATE_RELATIONS, RelationsArguments, async (memory, caller, { relations, scope }) => {
    const inputs = relations.map(({ from, to, relationType }) => ({ from, to, type: relationType }));
    await memory.changes.relate(caller.scope(scope), inputs, caller.provenance);
    return json({ relations });
  }),
  work(ADD_OBSERVATIONS, AddObservationsArguments, async (memory, caller, { observations, scope }) => {
    const key = caller.scope(scope);
    for (const { entityName } of observations) await memory.get(key, entityName);
    const inputs = observations.map(({ entityName, contents }) => ({
      name: entityName,
      observations: contents.map((text) => ({ text })),
    }));
    const results = await memory.changes.remember(key, inputs, caller.provenance);
    return json({
      results: results.map(({ entity, added }) => ({
        entityName: entity.name,
        addedObservations: added.map(({ text }) => text),
      })),
    });
  }),
  work(DELETE_ENTITIES, DeleteEntitiesArguments, async (memory, caller, { entityNames, scope }) => {
    const key = caller.scope(scope);
    const found = await memory.store.find(entityNames.map((name) => ({ scope: key, name })));
    const { entities } = await memory.forget(
      { type: "entities", ids: found.flatMap((entity) => entity?.id ?? []) },
      caller.provenance,
    );
    return done(`${entities} entities deleted.`, { success: true, deleted: entities });
  }),
  work(DELETE_OBSERVATIONS, DeleteObservationsArguments, async (memory, caller, { deletions, scope }) => {
    for (const { entityName, observations } of deletions) {
      await memory.changes.withdraw(caller.scope(scope), entityName, observations, caller.provenance);
    }
    return done("Observations deleted.", { success: true });
  }),
  work(DELETE_RELATIONS, RelationsArguments, async (memory, caller, { relations, scope }) => {
    const found = await relationsBetween(memory, caller.scope(scope), relations);
    for (const { id } of found) await memory.changes.unrelate(id, caller.provenance);
    return done(`${found.length} relations deleted.`, { success: true, deleted: found.length });
  }),
  work(READ_GRAPH, ReadGraphArguments, async (memory, caller, { limit, cursor, includeObservations, scope }) => {
    const scopes = [caller.scope(scope)];
    const { entries, next } = await memory.list({ scopes }, { limit, cursor });
    const graph = await graphOf(memory, scopes, { entities: entries, withObservations: includeObservations });
    return json({ ...graph, ...(next !== undefined && { next }) });
  }),
  work(SEARCH_NODES, SearchNodesArguments, async (memory, caller, { query, limit, cursor, includeObservations }) => {
    const scopes = caller.visible();
    const { hits, next } = await memory.search({ scopes, text: query, limit, cursor });
    const graph = await graphOf(memory, scopes, {
      entities: hits.map(({ entity }) => entity),
      withObservations: includeObservations,
    });
    return json({ ...graph, ...(next !== undefined && { next }) });
  }),
  work(OPEN_NODES, OpenNodesArguments, async (memory, caller, { names, scope }) => {
    const key = caller.scope(scope);
    const found = await memory.store.find(names.map((name) => ({ scope: key, name })));
    return json(
      await graphOf(memory, [key], {
        entities: found.filter((entity) => entity !== undefined),
        withObservations: true,
      }),
    );
  }),
]);
