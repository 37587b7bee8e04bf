import type { EntityId } from "../../kernel/ids.ts";
import {
  type Entity,
  type EntityHistory,
  type Memory,
  passagesOf,
  type Relation,
  type ScopeKey,
  scopeText,
} from "../knowledge/index.ts";
import { DOCUMENT_VERSION, entityOut, relationOut, vectorOut } from "./document.ts";

/** `json`: one document; `jsonl`: a line per record; `mcp`: lines of the reference memory server, of one scope. */
export type ExportFormat = "json" | "jsonl" | "mcp";

export type ExportOptions = {
  readonly format: ExportFormat;
  /** Undefined: all scopes with data. */
  readonly scopes: readonly ScopeKey[] | undefined;
  /** Whether to include the vectors of passages, of the current embedder. */
  readonly hasEmbeddings: boolean;
  /** Whether to include retracted observations and all changes. */
  readonly hasHistory: boolean;
  readonly nowMs: number;
};

/** Approximate bytes of memory that are read at once. */
const PAGE_BYTES = 4 * 1024 * 1024;
const PAGE_MAX = 200;
const PAGE_FIRST = 20;
/** Maximum number of cached names of relation ends. */
const NAMES_MAX = 50_000;

/**
 * Yields memory as text: entities first, then relations, scope by scope. Concurrent changes may be included or not; each entity is
 * consistent. Rejects with the errors of the store.
 */
export async function* exportMemory(memory: Memory, options: ExportOptions): AsyncGenerator<string, void, undefined> {
  const scopes = options.scopes ?? (await memory.figures()).scopes.map(({ scope }) => scope);
  const writer = WRITERS[options.format];
  const counts = { entities: 0, relations: 0 };
  yield writer.begin(headOf(scopes, memory, options));
  for await (const entities of entityPages(memory, scopes)) {
    const documents = await documentsOf(memory, entities, options);
    yield documents.map((document, at) => writer.entity(document, entities[at], counts.entities + at === 0)).join("");
    counts.entities += entities.length;
  }
  yield writer.between();
  const names = new Names(memory);
  for await (const relations of relationPages(memory, scopes)) {
    const shown = await names.withEnds(relations);
    yield shown.map(([one, ends], at) => writer.relation(one, ends, counts.relations + at === 0)).join("");
    counts.relations += shown.length;
  }
  yield writer.end(counts);
}

const headOf = (scopes: readonly ScopeKey[], memory: Memory, { nowMs, hasEmbeddings }: ExportOptions): object => ({
  exported_at: new Date(nowMs).toISOString(),
  backend: memory.store.name,
  scopes: scopes.map(scopeText),
  ...(hasEmbeddings && { model: memory.embeddings.models.active ?? null }),
});

async function* entityPages(
  memory: Memory,
  scopes: readonly ScopeKey[],
): AsyncGenerator<readonly Entity[], void, undefined> {
  for (const scope of scopes) {
    let limit = PAGE_FIRST;
    let cursor: string | undefined;
    do {
      const { entries, next } = await memory.list({ scopes: [scope] }, { limit, cursor });
      cursor = next;
      if (entries.length === 0) continue;
      yield entries;
      const bytes = entries.reduce((sum, { observations }) => sum + observations.reduce(add, 200), 1);
      limit = Math.max(1, Math.min(PAGE_MAX, Math.ceil((entries.length * PAGE_BYTES) / bytes)));
    } while (cursor !== undefined);
  }
}

const add = (sum: number, { text }: Entity["observations"][number]): number => sum + text.length + 200;

async function* relationPages(
  { store }: Memory,
  scopes: readonly ScopeKey[],
): AsyncGenerator<readonly Relation[], void, undefined> {
  let cursor: string | undefined;
  do {
    const { entries, next } = await store.relations({ scopes, entities: undefined }, { limit: PAGE_MAX, cursor });
    yield entries;
    cursor = next;
  } while (cursor !== undefined);
}

async function documentsOf(
  memory: Memory,
  entities: readonly Entity[],
  { hasHistory, hasEmbeddings, format }: ExportOptions,
): Promise<readonly object[]> {
  if (format === "mcp") return entities;
  const histories: readonly (EntityHistory | undefined)[] = hasHistory
    ? await Promise.all(entities.map(({ id }) => memory.store.history(id)))
    : [];
  const texts = hasEmbeddings ? entities.map((entity) => passagesOf(entity)) : [];
  const { vectors, model } = hasEmbeddings
    ? await memory.embeddings.forWriting(texts.flat())
    : { vectors: [], model: undefined };
  let next = 0;
  return entities.map((entity, at) => {
    const own = vectors.slice(next, (next += texts[at]?.length ?? 0));
    const history = histories[at];
    // The entity may have changed between the two reads; the exported state is of one moment.
    const { observations: _now, ...head } = entity;
    const whole = history ? { ...head, ...history.head, observations: history.observations } : entity;
    const encoded = own.flatMap((vector) => (vector ? [vectorOut(vector)] : []));
    const embedding = model !== undefined && encoded.length > 0 ? { model, vectors: encoded } : undefined;
    return entityOut(whole, { history, embedding });
  });
}

type Ends = { readonly from: string; readonly to: string };

/** Caches names of entities by id; cleared when full. */
class Names {
  readonly #memory: Memory;
  readonly #names = new Map<EntityId, string>();

  constructor(memory: Memory) {
    this.#memory = memory;
  }

  /** Relations whose ends still exist, with the names of their ends. */
  async withEnds(relations: readonly Relation[]): Promise<readonly (readonly [Relation, Ends])[]> {
    if (this.#names.size > NAMES_MAX) this.#names.clear();
    const ids = new Set(relations.flatMap(({ from, to }) => [from, to]));
    const unknown = [...ids].filter((id) => !this.#names.has(id));
    for (const entity of await this.#memory.store.get(unknown)) if (entity) this.#names.set(entity.id, entity.name);
    return relations.flatMap((one) => {
      const [from, to] = [this.#names.get(one.from), this.#names.get(one.to)];
      return from === undefined || to === undefined ? [] : [[one, { from, to }] as const];
    });
  }
}

type Writer = {
  readonly begin: (head: object) => string;
  readonly entity: (document: object, entity: Entity | undefined, isFirst: boolean) => string;
  readonly between: () => string;
  readonly relation: (relation: Relation, ends: Ends, isFirst: boolean) => string;
  readonly end: (counts: { readonly entities: number; readonly relations: number }) => string;
};

const line = (value: object): string => `${JSON.stringify(value)}\n`;
const element = (value: object, isFirst: boolean): string => `${isFirst ? "\n" : ",\n"}${JSON.stringify(value)}`;

const WRITERS: { readonly [Format in ExportFormat]: Writer } = {
  json: {
    begin: (metadata) => `{"version":"${DOCUMENT_VERSION}","metadata":${JSON.stringify(metadata)},"entities":[`,
    entity: (document, _entity, isFirst) => element(document, isFirst),
    between: () => `\n],"relations":[`,
    relation: (relation, ends, isFirst) => element(relationOut(relation, ends), isFirst),
    end: () => "\n]}\n",
  },
  jsonl: {
    begin: (head) => line({ type: "caxton-memory", version: DOCUMENT_VERSION, ...head }),
    entity: (entity) => line({ type: "entity", entity }),
    between: () => "",
    relation: (relation, ends) => line({ type: "relation", relation: relationOut(relation, ends) }),
    end: (counts) => line({ type: "end", ...counts }),
  },
  mcp: {
    begin: () => "",
    entity: (_document, entity) =>
      line({
        type: "entity",
        name: entity?.name,
        entityType: entity?.type,
        observations: entity?.observations.map(({ text }) => text),
      }),
    between: () => "",
    relation: ({ type }, { from, to }) => line({ type: "relation", from, to, relationType: type }),
    end: () => "",
  },
};
