import { EntityId, ObservationId } from "../../../kernel/ids.ts";
import {
  cutInto,
  DIFF_MEASURE,
  ENTITY_MEASURE,
  type EntityInput,
  isReadableIn,
  type Provenance,
  scopeText,
  pageOfHistory,
  type SearchInput,
  type Temporal,
  type Validity,
} from "../../../memory/knowledge/index.ts";
import { listIn, operations } from "../../contract/index.ts";
import { implement } from "../perform.ts";
import type * as contract from "../../contract/index.ts";
import {
  changeableKeyOf,
  entityNotFound,
  entityOf,
  GLOBAL,
  keyOf,
  keysOf,
  relationOf,
  requireChangeable,
} from "./memory-scopes.ts";
import {
  presentChange,
  presentEntity,
  presentFields,
  presentGraph,
  presentObservation,
  presentRelation,
  presentSearch,
} from "./present-memory.ts";

const ms = (instant: string | null | undefined): number | undefined =>
  instant === null || instant === undefined ? undefined : Date.parse(instant);
type Span = { readonly valid_from?: string | null | undefined; readonly valid_to?: string | null | undefined };
/** With `before` what is not given stays; `null` opens it. */
const spanOf = ({ valid_from, valid_to }: Span, before?: Validity): Validity => ({
  fromMs: valid_from === undefined ? before?.fromMs : ms(valid_from),
  toMs: valid_to === undefined ? before?.toMs : ms(valid_to),
});
const temporalOf = (at: string): Temporal =>
  at === "now" ? "current" : at === "any" ? "all" : { fromMs: Date.parse(at), toMs: Date.parse(at) };
/** What narrows searches and lists alike. */
const narrowingOf = ({ agent, metadata, min_confidence, updated_from, updated_to }: Narrowing) => ({
  agent,
  metadata,
  confidenceMin: min_confidence,
  updatedFromMs: ms(updated_from),
  updatedToMs: ms(updated_to),
});
type Narrowing = Pick<
  contract.SearchMemoryBody,
  "agent" | "metadata" | "min_confidence" | "updated_from" | "updated_to"
>;
/** Without authentication, all clients count as one person. */
const BY_USER: Provenance = { source: "user", sourceId: undefined, agent: undefined };

/** Throws MemoryValueError, MemoryTooLargeError, EntityTypeConflictError, MemoryFullError. */
const remember = implement(operations.memory.remember, async ({ memory: { memory } }, { scope, entities }, call) => {
  const inputs = entities.map(({ valid_from, valid_to, observations, ...rest }): EntityInput => ({
    ...rest,
    validity:
      valid_from === undefined && valid_to === undefined ? undefined : { fromMs: ms(valid_from), toMs: ms(valid_to) },
    observations: observations.map((one) =>
      typeof one === "string"
        ? { text: one }
        : {
            text: one.text,
            confidence: one.confidence,
            validity: { fromMs: ms(one.valid_from), toMs: ms(one.valid_to) },
          },
    ),
  }));
  const remembered = await memory.changes.remember(
    changeableKeyOf(call, scope, operations.memory.remember),
    inputs,
    BY_USER,
  );
  return {
    items: remembered.map(({ outcome, entity, added }) => ({
      outcome,
      entity: presentEntity(entity),
      added: added.map(({ text }) => text),
    })),
  };
});

/** Throws MemoryValueError, MemoryCursorError, CancelledError. */
const search = implement(operations.memory.search, async ({ memory: { memory } }, body, call) => {
  const { query, scopes, types, min_similarity, keyword_weight, max_tokens, exact, at, ...rest } = body;
  const { mode, limit, cursor, expand } = rest;
  const input: SearchInput = {
    mode,
    limit,
    cursor,
    expand,
    text: query,
    scopes: keysOf(call, scopes),
    similarityMin: min_similarity,
    keywordWeight: keyword_weight,
    tokensMax: max_tokens,
    isExact: exact,
    temporal: temporalOf(at),
    filter: { types, ...narrowingOf(rest) },
  };
  return presentSearch(await memory.search(input, call.signal));
});

/** Throws MemoryValueError, MemoryCursorError. */
const list = implement(operations.memory.list, async ({ memory: { memory } }, query, call) => {
  const { scopes, type, at, max_tokens, cursor, limit, ...rest } = query;
  const types = type === undefined ? undefined : [type];
  const { entries, next } = await memory.list(
    { scopes: keysOf(call, scopes), types, temporal: temporalOf(at), ...narrowingOf(rest) },
    { limit, cursor, tokensMax: max_tokens },
  );
  return { items: entries.map(presentEntity), next: next ?? null };
});

/** Throws EntityNotFoundError. */
const get = implement(operations.memory.get, async ({ memory: { memory } }, { id, max_tokens }, call) =>
  presentEntity(cutInto(max_tokens, await entityOf(memory, call, id), ENTITY_MEASURE)),
);

/** Throws EntityNotFoundError. */
const find = implement(operations.memory.find, async ({ memory: { memory } }, { scope, name, max_tokens }, call) =>
  presentEntity(cutInto(max_tokens, await memory.get(keyOf(call, scope), name), ENTITY_MEASURE)),
);

/** All of it in one version, or nothing. Throws EntityNotFoundError, MemoryValueError, EntityTypeConflictError. */
const revise = implement(operations.memory.revise, async ({ memory: { memory } }, { id, ...change }, call) => {
  const { valid_from, valid_to, withdraw, observations, ...fields } = change;
  const before = await entityOf(memory, call, id);
  requireChangeable(call, before.scope, operations.memory.revise);
  const isSpan = valid_from !== undefined || valid_to !== undefined;
  const amended = observations.map(({ text, confidence, ...span }) => {
    const kept = memory.changes.redact.text(text).normalize("NFC").trim();
    const said = before.observations.find((one) => one.text === kept);
    return { text, confidence, validity: spanOf(span, said?.validity) };
  });
  const revision = {
    ...fields,
    ...(isSpan && { validity: spanOf({ valid_from, valid_to }, before.validity) }),
    ...(amended.length > 0 && { observations: amended }),
    ...(withdraw.length > 0 && { withdraw }),
  };
  const isRevised = Object.values(revision).some((value) => value !== undefined);
  if (isRevised) await memory.changes.revise(before.scope, before.name, revision, BY_USER);
  return presentEntity(await entityOf(memory, call, id));
});

/** Throws EntityNotFoundError, MemoryCursorError. */
const history = implement(operations.memory.history, async ({ memory: { memory } }, query, call) => {
  const { id, limit, cursor, max_tokens } = query;
  const entity = await entityOf(memory, call, id);
  const kept = await memory.store.history(entity.id);
  if (!kept) throw entityNotFound(id);
  const page = pageOfHistory(kept, { limit, cursor, tokensMax: max_tokens });
  const { observations, changes, next, tokens } = page;
  const left = max_tokens === undefined ? undefined : max_tokens - tokens;
  return {
    entity: presentEntity(cutInto(left, entity, ENTITY_MEASURE)),
    observations: observations.map(presentObservation),
    changes: changes.map(presentChange),
    next: next ?? null,
  };
});

/** Throws EntityNotFoundError, EntityVersionNotFoundError. */
const diff = implement(
  operations.memory.diff,
  async ({ memory: { memory } }, { id, max_tokens, ...versions }, call) => {
    const { scope, name } = await entityOf(memory, call, id);
    const compared = cutInto(max_tokens, await memory.diff(scope, name, versions), DIFF_MEASURE);
    return {
      ...versions,
      added: compared.added.map(presentObservation),
      withdrawn: compared.withdrawn.map(presentObservation),
      fields: presentFields(compared.fields),
      truncated: compared.isCut === true,
    };
  },
);

/** Throws EntityNotFoundError, EntityVersionNotFoundError. */
const revert = implement(operations.memory.revert, async ({ memory: { memory } }, { id, version }, call) => {
  const { scope, name } = await entityOf(memory, call, id);
  requireChangeable(call, scope, operations.memory.revert);
  return presentEntity(await memory.changes.revert(scope, name, version, BY_USER));
});

/** An entity, or one observation of it, without a trace. Throws EntityNotFoundError. */
const forget = implement(operations.memory.forget, async ({ memory: { memory } }, { id, observation }, call) => {
  const entity = await entityOf(memory, call, id);
  requireChangeable(call, entity.scope, operations.memory.forget);
  if (observation === undefined) return memory.forget({ type: "entities", ids: [entity.id] }, BY_USER);
  const read = ObservationId.safeParse(observation);
  return memory.forget({ type: "observations", entity: entity.id, ids: read.success ? [read.data] : [] }, BY_USER);
});

const forgetScope = implement(operations.memory.forgetScope, ({ memory: { memory } }, { scope }, call) =>
  memory.forget({ type: "scope", scope: changeableKeyOf(call, scope, operations.memory.forgetScope) }, BY_USER),
);

/** Throws EntityNotFoundError, MemoryValueError. */
const relate = implement(operations.memory.relate, async ({ memory: { memory } }, { scope, relations }, call) => {
  const inputs = relations.map(({ bidirectional, valid_from, valid_to, ...rest }) => ({
    ...rest,
    validity: spanOf({ valid_from, valid_to }),
    isBidirectional: bidirectional,
  }));
  const key = changeableKeyOf(call, scope, operations.memory.relate);
  return { items: (await memory.changes.relate(key, inputs, BY_USER)).map(presentRelation) };
});

/** Throws RelationNotFoundError. */
const unrelate = implement(operations.memory.unrelate, async ({ memory: { memory } }, { id }, call) => {
  const relation = await relationOf(memory, call, id);
  requireChangeable(call, relation.scope, operations.memory.unrelate);
  return presentRelation(await memory.changes.unrelate(relation.id, BY_USER));
});

/** Returns the graph around entities. Unknown ids are skipped. Throws MemoryCursorError. */
const graph = implement(operations.memory.graph, async ({ memory: { memory } }, query, call) => {
  const { scopes, start, depth, direction, types, min_strength, max_tokens, cursor, limit } = query;
  const ids = start.split(",").flatMap((id) => EntityId.safeParse(id.trim()).data ?? []);
  const around = await memory.graph({
    scopes: keysOf(call, scopes),
    start: ids,
    depth,
    direction,
    order: "breadth",
    types: types === undefined ? undefined : listIn(types),
    strengthMin: min_strength,
    visitsMax: limit,
    cursor,
    tokensMax: max_tokens,
  });
  return presentGraph(around);
});

/** Newest first. Throws MemoryCursorError. */
const log = implement(operations.memory.log, async ({ memory: { memory }, access: { workspaces } }, query, call) => {
  const { scopes, cursor, limit, max_tokens } = query;
  const { entries, next } = await memory.log(
    { scopes: keysOf(call, scopes) },
    { limit, cursor, tokensMax: max_tokens },
  );
  // Of a deleted workspace of the same name, that its scopes were forgotten is still in the log.
  const sinceMs = workspaces.startedAtMs(call.principal.workspace);
  const own = entries.filter(({ scope, atMs }) => scope === GLOBAL || atMs >= sinceMs);
  return { items: own.map(presentChange), next: own.length === entries.length ? (next ?? null) : null };
});

const stats = implement(operations.memory.stats, async ({ memory: { memory } }, _input, { principal }) => {
  const { scopes, bytes, passagesByModel, passagesWithoutVector, indexed } = await memory.figures();
  const { active, wanted } = memory.embeddings.models;
  return {
    backend: memory.store.name,
    scopes: scopes
      .filter(({ scope }) => isReadableIn(principal.workspace, scope))
      .map(({ scope, ...counts }) => ({ scope: scopeText(scope), ...counts })),
    bytes: bytes ?? null,
    indexed,
    model: active ?? null,
    requested_model: wanted ?? null,
    passages_by_model: { ...passagesByModel },
    passages_without_vector: passagesWithoutVector,
    limits: [...(await memory.capacity.limits())],
    problem: memory.store.problem?.() ?? null,
  };
});

export const memoryOperations = [
  search,
  stats,
  remember,
  list,
  find,
  get,
  revise,
  history,
  diff,
  revert,
  log,
  relate,
  unrelate,
  graph,
  forget,
  forgetScope,
] as const;
