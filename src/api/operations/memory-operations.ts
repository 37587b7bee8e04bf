import type * as z from "zod";
import { EntityId, ObservationId, RelationId } from "../../kernel/ids.ts";
import {
  cutInto,
  DIFF_MEASURE,
  type Entity,
  ENTITY_MEASURE,
  EntityNotFoundError,
  type EntityInput,
  type Memory,
  type Provenance,
  RelationNotFoundError,
  scopeText,
  pageOfHistory,
  type SearchInput,
  type Temporal,
  type Validity,
} from "../../memory/knowledge/index.ts";
import { listIn, memory as schemas } from "../contract/index.ts";
import type * as contract from "../contract/index.ts";
import {
  presentChange,
  presentEntity,
  presentFields,
  presentGraph,
  presentObservation,
  presentRelation,
  presentSearch,
  scopeKeyOf,
} from "./present-memory.ts";
import { DEFAULT_WORKSPACE } from "./run-operations.ts";

export type MemoryServices = { readonly memory: Memory };

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
const keyOf = (scope: string) => scopeKeyOf(DEFAULT_WORKSPACE, scope);
const keysOf = (scopes: readonly string[]) => scopes.map(keyOf);
/** Without authentication whoever reaches the port is one person. */
const BY_USER: Provenance = { source: "user", sourceId: undefined, agent: undefined };

function notThere(id: string): EntityNotFoundError {
  return new EntityNotFoundError(
    `memory knows no entity ${id.slice(0, 100)}`,
    "`caxton memory list` shows entities with their ids.",
    {
      scope: "",
      entity: id.slice(0, 100),
    },
  );
}

async function entityOf({ memory }: MemoryServices, id: string): Promise<Entity> {
  const read = EntityId.safeParse(id);
  const [entity] = read.success ? await memory.store.get([read.data]) : [];
  if (!entity) throw notThere(id);
  return entity;
}

/** Throws MemoryValueError, MemoryTooLargeError, EntityTypeConflictError, MemoryFullError. */
export async function remember(
  { memory }: MemoryServices,
  { scope, entities }: z.output<typeof schemas.RememberBody>,
): Promise<contract.MemoryRemembered> {
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
  const remembered = await memory.changes.remember(keyOf(scope), inputs, BY_USER);
  return {
    items: remembered.map(({ outcome, entity, added }) => ({
      outcome,
      entity: presentEntity(entity),
      added: added.map(({ text }) => text),
    })),
  };
}

/** Throws MemoryValueError, MemoryCursorError, CancelledError. */
export async function searchMemory(
  { memory }: MemoryServices,
  body: contract.SearchMemoryBody,
  signal: AbortSignal,
): Promise<contract.MemorySearchResult> {
  const { query, scopes, types, min_similarity, keyword_weight, max_tokens, exact, at, ...rest } = body;
  const { mode, limit, cursor, expand } = rest;
  const input: SearchInput = {
    mode,
    limit,
    cursor,
    expand,
    text: query,
    scopes: keysOf(scopes),
    similarityMin: min_similarity,
    keywordWeight: keyword_weight,
    tokensMax: max_tokens,
    isExact: exact,
    temporal: temporalOf(at),
    filter: { types, ...narrowingOf(rest) },
  };
  return presentSearch(await memory.search(input, signal));
}

/** Throws MemoryValueError, MemoryCursorError. */
export async function listEntities(
  { memory }: MemoryServices,
  { scopes, type, at, max_tokens, cursor, limit, ...rest }: z.output<typeof schemas.EntityQuery>,
): Promise<contract.MemoryEntityPage> {
  const types = type === undefined ? undefined : [type];
  const { entries, next } = await memory.list(
    { scopes: keysOf(scopes), types, temporal: temporalOf(at), ...narrowingOf(rest) },
    { limit, cursor, tokensMax: max_tokens },
  );
  return { items: entries.map(presentEntity), next: next ?? null };
}

/** Throws EntityNotFoundError. */
export const getEntity = async (
  services: MemoryServices,
  id: string,
  { max_tokens }: z.output<typeof schemas.OneQuery> = {},
): Promise<contract.MemoryEntity> => presentEntity(cutInto(max_tokens, await entityOf(services, id), ENTITY_MEASURE));

/** Throws EntityNotFoundError. */
export const findEntity = async (
  { memory }: MemoryServices,
  { scope, name, max_tokens }: z.output<typeof schemas.NamedQuery>,
): Promise<contract.MemoryEntity> =>
  presentEntity(cutInto(max_tokens, await memory.get(keyOf(scope), name), ENTITY_MEASURE));

/** All of it in one version, or nothing. Throws EntityNotFoundError, MemoryValueError, EntityTypeConflictError. */
export async function reviseEntity(
  services: MemoryServices,
  id: string,
  { valid_from, valid_to, withdraw, observations, ...fields }: z.output<typeof schemas.ReviseBody>,
): Promise<contract.MemoryEntity> {
  const { memory } = services;
  const before = await entityOf(services, id);
  const isSpan = valid_from !== undefined || valid_to !== undefined;
  const restated = observations.map(({ text, confidence, ...span }) => {
    const kept = memory.changes.hide.text(text).normalize("NFC").trim();
    const said = before.observations.find((one) => one.text === kept);
    return { text, confidence, validity: spanOf(span, said?.validity) };
  });
  const revision = {
    ...fields,
    ...(isSpan && { validity: spanOf({ valid_from, valid_to }, before.validity) }),
    ...(restated.length > 0 && { observations: restated }),
    ...(withdraw.length > 0 && { withdraw }),
  };
  const isRevised = Object.values(revision).some((value) => value !== undefined);
  if (isRevised) await memory.changes.revise(before.scope, before.name, revision, BY_USER);
  return getEntity(services, id);
}

/** Throws EntityNotFoundError, MemoryCursorError. */
export async function entityHistory(
  services: MemoryServices,
  id: string,
  { limit, cursor, max_tokens }: z.output<typeof schemas.HistoryQuery>,
): Promise<contract.MemoryHistory> {
  const entity = await entityOf(services, id);
  const history = await services.memory.store.history(entity.id);
  if (!history) throw notThere(id);
  const page = pageOfHistory(history, { limit, cursor, tokensMax: max_tokens });
  const { observations, changes, next, tokens } = page;
  const left = max_tokens === undefined ? undefined : max_tokens - tokens;
  return {
    entity: presentEntity(cutInto(left, entity, ENTITY_MEASURE)),
    observations: observations.map(presentObservation),
    changes: changes.map(presentChange),
    next: next ?? null,
  };
}

/** Throws EntityNotFoundError, EntityVersionNotFoundError. */
export async function diffEntity(
  services: MemoryServices,
  id: string,
  { max_tokens, ...versions }: z.output<typeof schemas.DiffQuery>,
): Promise<contract.MemoryDiff> {
  const { scope, name } = await entityOf(services, id);
  const diff = cutInto(max_tokens, await services.memory.diff(scope, name, versions), DIFF_MEASURE);
  return {
    ...versions,
    added: diff.added.map(presentObservation),
    withdrawn: diff.withdrawn.map(presentObservation),
    fields: presentFields(diff.fields),
    cut: diff.isCut === true,
  };
}

/** Throws EntityNotFoundError, EntityVersionNotFoundError. */
export async function revertEntity(
  services: MemoryServices,
  id: string,
  version: number,
): Promise<contract.MemoryEntity> {
  const { scope, name } = await entityOf(services, id);
  return presentEntity(await services.memory.changes.revert(scope, name, version, BY_USER));
}

/** An entity, or one observation of it, without a trace. Throws EntityNotFoundError. */
export async function forgetEntity(
  services: MemoryServices,
  id: string,
  observation: string | undefined,
): Promise<contract.MemoryForgotten> {
  const entity = await entityOf(services, id);
  if (observation === undefined) return services.memory.forget({ type: "entities", ids: [entity.id] }, BY_USER);
  const read = ObservationId.safeParse(observation);
  return services.memory.forget(
    { type: "observations", entity: entity.id, ids: read.success ? [read.data] : [] },
    BY_USER,
  );
}

/** Everything in a scope, without a trace. */
export const forgetScope = ({ memory }: MemoryServices, scope: string): Promise<contract.MemoryForgotten> =>
  memory.forget({ type: "scope", scope: keyOf(scope) }, BY_USER);

/** Throws EntityNotFoundError, MemoryValueError. */
export async function relate(
  { memory }: MemoryServices,
  { scope, relations }: z.output<typeof schemas.RelateBody>,
): Promise<contract.MemoryRelationList> {
  const inputs = relations.map(({ bidirectional, valid_from, valid_to, ...rest }) => ({
    ...rest,
    validity: spanOf({ valid_from, valid_to }),
    isBidirectional: bidirectional,
  }));
  return { items: (await memory.changes.relate(keyOf(scope), inputs, BY_USER)).map(presentRelation) };
}

/** Throws RelationNotFoundError. */
export async function unrelate({ memory }: MemoryServices, id: string): Promise<contract.MemoryRelation> {
  const read = RelationId.safeParse(id);
  if (!read.success) {
    throw new RelationNotFoundError(
      `there is no relation ${id.slice(0, 100)}`,
      "`caxton memory graph` shows relations with their ids.",
      {
        relation: id.slice(0, 100),
      },
    );
  }
  return presentRelation(await memory.changes.unrelate(read.data, BY_USER));
}

/** What is around entities. Ids of which nobody is are passed over. Throws MemoryCursorError. */
export async function memoryGraph(
  { memory }: MemoryServices,
  {
    scopes,
    start,
    depth,
    direction,
    types,
    min_strength,
    max_tokens,
    cursor,
    limit,
  }: z.output<typeof schemas.GraphQuery>,
): Promise<contract.MemoryGraph> {
  const ids = start.split(",").flatMap((id) => EntityId.safeParse(id.trim()).data ?? []);
  const graph = await memory.graph({
    scopes: keysOf(scopes),
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
  return presentGraph(graph);
}

/** Newest first. Throws MemoryCursorError. */
export async function memoryLog(
  { memory }: MemoryServices,
  { scopes, cursor, limit, max_tokens }: z.output<typeof schemas.LogQuery>,
): Promise<contract.MemoryChangePage> {
  const { entries, next } = await memory.log({ scopes: keysOf(scopes) }, { limit, cursor, tokensMax: max_tokens });
  return { items: entries.map(presentChange), next: next ?? null };
}

export async function memoryFigures({ memory }: MemoryServices): Promise<contract.MemoryFigures> {
  const { scopes, bytes, passagesByModel, passagesWithoutVector, indexed } = await memory.figures();
  const { active, wanted } = memory.embeddings.models;
  return {
    backend: memory.store.name,
    scopes: scopes.map(({ scope, ...counts }) => ({ scope: scopeText(scope), ...counts })),
    bytes: bytes ?? null,
    indexed,
    model: active ?? null,
    wanted_model: wanted ?? null,
    passages_by_model: { ...passagesByModel },
    passages_without_vector: passagesWithoutVector,
    limits: [...(await memory.capacity.limits())],
    trouble: memory.store.trouble?.() ?? null,
  };
}
