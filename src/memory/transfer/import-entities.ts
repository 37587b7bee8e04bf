import { CaxtonError } from "../../kernel/errors.ts";
import { canonicalJson, type Json } from "../../kernel/json.ts";
import { type EntityId, mint, ObservationId } from "../../kernel/ids.ts";
import {
  checkInput,
  type Entity,
  type EntityHead,
  type EntityHistory,
  type EntityInput,
  type EntityRestore,
  type Hide,
  type Memory,
  type Merge,
  type Observation,
  type Passage,
  passagesOf,
  type Provenance,
  type ScopeKey,
} from "../knowledge/index.ts";
import { EntityDocument, ms, provenanceIn, vectorIn } from "./document.ts";
import { entityInput } from "./records.ts";
import type { ImportCounts } from "./report.ts";

/** One that waits for its batch. */
export type WaitingEntity = {
  readonly line: number;
  readonly scope: ScopeKey;
  /** It goes where it came from, so that it can be who it was. */
  readonly isOwnScope: boolean;
  readonly document: EntityDocument;
};

export type EntityOutcome =
  | { readonly type: keyof ImportCounts; readonly entity: EntityId | undefined }
  | { readonly type: "refused"; readonly there: Entity }
  | { readonly type: "wrong"; readonly error: CaxtonError };

type Checked = { readonly at: number; readonly waiting: WaitingEntity; readonly input: EntityInput };

/** Puts batches of entities into memory. */
export class EntityImport {
  readonly #memory: Memory;
  readonly #how: { readonly provenance: Provenance; readonly merge: Merge; readonly isTrial: boolean };
  readonly #nowMs: () => number;

  constructor(of: {
    readonly memory: Memory;
    readonly how: { readonly provenance: Provenance; readonly merge: Merge; readonly isTrial: boolean };
    readonly nowMs: () => number;
  }) {
    this.#memory = of.memory;
    this.#how = of.how;
    this.#nowMs = of.nowMs;
  }

  /** What became of each, in order; all of it is on disk. Rejects with what memory rejects with. */
  async put(given: readonly WaitingEntity[]): Promise<readonly EntityOutcome[]> {
    const batch = given.map((one) => ({ ...one, document: hidden(one.document, this.#memory.changes.hide) }));
    const outcomes: EntityOutcome[] = [];
    const free = await this.#freeIds(batch);
    const checked: Checked[] = [];
    for (const [at, waiting] of batch.entries()) {
      const read = inputOf(waiting, free);
      if (read instanceof CaxtonError) outcomes[at] = { type: "wrong", error: read };
      else checked.push({ at, waiting, input: read });
    }
    for (const [scope, own] of Map.groupBy(checked, ({ waiting }) => waiting.scope)) {
      const left = await this.#restored(scope, own, outcomes);
      const taken = await this.#memory.changes.take(
        scope,
        left.map(({ input }) => input),
        this.#how,
      );
      for (const [index, { at }] of left.entries()) {
        const one = taken[index];
        if (one?.outcome === "refused") outcomes[at] = { type: "refused", there: one.entity };
        else if (one) outcomes[at] = { type: one.outcome, entity: one.entity.id };
      }
    }
    return outcomes;
  }

  /** Ids of the batch that nobody has, each given away once. */
  async #freeIds(batch: readonly WaitingEntity[]): Promise<Set<string>> {
    const ids = batch.flatMap(({ document, isOwnScope }) => entityInput(document, isOwnScope).origin?.id ?? []);
    if (ids.length === 0) return new Set();
    const taken = await this.#memory.store.get(ids);
    return new Set(ids.filter((_id, at) => taken[at] === undefined));
  }

  /** Those that come with their history or vectors and are not there yet are put in as they were; the others are left. */
  async #restored(scope: ScopeKey, batch: readonly Checked[], outcomes: EntityOutcome[]): Promise<readonly Checked[]> {
    const told = batch.filter(
      ({ waiting: { document }, input }) => (document.changes ?? document.embedding) && input.origin?.id !== undefined,
    );
    if (told.length === 0 || this.#how.isTrial) return batch;
    const there = await this.#memory.store.find(told.map(({ input }) => ({ scope, name: checkInput(input).name })));
    const names = new Set<string>();
    const fresh = told.filter(
      ({ input: { name } }, index) => there[index] === undefined && !names.has(name) && names.add(name),
    );
    const { provenance } = this.#how;
    const restores = await this.#withPassages(
      fresh.map((one) => ({
        ...restoreOf(scope, one, { provenance, nowMs: this.#nowMs() }),
        embedding: one.waiting.document.embedding,
      })),
    );
    if (restores.length > 0) {
      await this.#memory.capacity.admit(restores.length);
      await this.#memory.store.restore(restores, []);
    }
    for (const [index, { at }] of fresh.entries()) {
      outcomes[at] = { type: "created", entity: restores[index]?.head.id };
    }
    const done = new Set(fresh);
    return batch.filter((one) => !done.has(one));
  }

  /** With the vectors that came along where they are of the model that is used, else with others. */
  async #withPassages(
    restores: readonly (EntityHistory & Pick<EntityDocument, "embedding">)[],
  ): Promise<readonly EntityRestore[]> {
    if (restores.length === 0) return [];
    const { embeddings } = this.#memory;
    const texts = restores.map(({ head, observations }) =>
      passagesOf({ ...head, observations: observations.filter(({ until }) => until === undefined) }),
    );
    const brought = restores.map(({ embedding }, at) => this.#brought(embedding, texts[at]?.length ?? 0));
    const lacking = texts.flatMap((own, at) => (brought[at] ? [] : own));
    const { vectors, model } = await embeddings.forWriting(lacking);
    let next = 0;
    return restores.map(({ head, observations, changes }, at) => {
      const own = brought[at];
      const passages = (texts[at] ?? []).map((text, ordinal): Passage => ({
        ordinal,
        text,
        vector: own ? own[ordinal] : vectors[next++],
      }));
      return { head, observations, changes, passages, model: own ? embeddings.models.wanted : model };
    });
  }

  #brought(embedding: EntityDocument["embedding"], passages: number): readonly Float32Array[] | undefined {
    const { wanted, dims } = this.#memory.embeddings.models;
    if (!embedding || dims === undefined || embedding.model !== wanted) return undefined;
    const vectors = embedding.vectors.flatMap((text) => vectorIn(text, dims) ?? []);
    return vectors.length === passages ? vectors : undefined;
  }
}

/** A document without what must not be kept; then its vectors are of another text. */
function hidden(document: EntityDocument, hide: Hide): EntityDocument {
  // What is remembered as if it was said now goes through it there.
  if (!document.changes && !document.embedding) return document;
  const { embedding: _vectors, ...rest } = document;
  const plain: Json = JSON.parse(JSON.stringify(rest));
  const told = hide.json(plain);
  if (canonicalJson(told) === canonicalJson(plain)) return document;
  return { ...EntityDocument.parse(told), id: document.id };
}

function inputOf({ document, isOwnScope }: WaitingEntity, free: Set<string>): EntityInput | CaxtonError {
  const input = entityInput(document, isOwnScope);
  const { id } = input.origin ?? {};
  const own = id !== undefined && free.delete(id) ? id : undefined;
  const read = { ...input, origin: { createdAtMs: undefined, updatedAtMs: undefined, ...input.origin, id: own } };
  try {
    checkInput(read);
    return read;
  } catch (error) {
    if (error instanceof CaxtonError) return error;
    throw error;
  }
}

/** An entity as its document tells it, from its first version on. */
function restoreOf(
  scope: ScopeKey,
  { waiting: { document }, input }: Checked,
  { provenance, nowMs }: { readonly provenance: Provenance; readonly nowMs: number },
): EntityHistory {
  const { name, type = "thing", fields } = checkInput(input);
  const createdAtMs = input.origin?.createdAtMs ?? nowMs;
  const head: EntityHead = {
    id: input.origin?.id ?? missing(name),
    scope,
    name,
    type,
    confidence: fields.confidence ?? 1,
    strength: fields.strength ?? 1,
    validity: fields.validity ?? { fromMs: undefined, toMs: undefined },
    metadata: fields.metadata ?? {},
    version: document.changes ? (document.version ?? 1) : 1,
    createdAtMs,
    updatedAtMs: input.origin?.updatedAtMs ?? createdAtMs,
  };
  const observations = document.observations.map((one): Observation => {
    const said = typeof one === "string" ? { text: one } : one;
    return {
      id: said.id ?? mint(ObservationId),
      text: said.text,
      confidence: said.confidence ?? 1,
      validity: { fromMs: ms(said.valid_from), toMs: ms(said.valid_to) },
      provenance: said.provenance ? provenanceIn(said.provenance) : provenance,
      atMs: ms(said.at) ?? createdAtMs,
      since: said.since ?? 1,
      until: said.until ?? undefined,
    };
  });
  const created = { version: 1, action: "create", provenance, at: new Date(nowMs).toISOString(), details: {} } as const;
  const changes = (document.changes ?? [created]).map((change, seq) => ({
    seq,
    entity: head.id,
    scope,
    version: change.version,
    action: change.action,
    provenance: provenanceIn(change.provenance),
    atMs: Date.parse(change.at),
    details: change.details,
  }));
  return { head, observations, changes };
}

function missing(name: string): never {
  throw new Error(`${name} was to be restored without an id`);
}
