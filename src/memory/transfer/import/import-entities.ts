import { CaxtonError } from "../../../kernel/errors.ts";
import { canonicalJson, type Json } from "../../../kernel/json.ts";
import { type EntityId, mint, ObservationId } from "../../../kernel/ids.ts";
import {
  checkInput,
  type Entity,
  type EntityHead,
  type EntityHistory,
  type EntityInput,
  type EntityRestore,
  type Redact,
  type Memory,
  type Merge,
  type Observation,
  type Passage,
  passagesOf,
  type Provenance,
  type ScopeKey,
} from "../../knowledge/index.ts";
import { EntityDocument, ms, provenanceIn, vectorIn } from "../document.ts";
import { entityInput } from "../records.ts";
import type { ImportCounts } from "../report.ts";

/** An entity that waits for its batch. */
export type WaitingEntity = {
  readonly line: number;
  readonly scope: ScopeKey;
  /** It is imported into its original scope, so it can keep its identity. */
  readonly isOwnScope: boolean;
  readonly document: EntityDocument;
};

export type EntityOutcome =
  | { readonly type: keyof ImportCounts; readonly entity: EntityId | undefined }
  | { readonly type: "refused"; readonly there: Entity }
  | { readonly type: "wrong"; readonly error: CaxtonError };

type Checked = { readonly at: number; readonly waiting: WaitingEntity; readonly input: EntityInput };

/** Imports batches of entities. */
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

  /** Returns the outcome of each entity, in order; all are on disk. Rejects with the errors of memory. */
  async put(given: readonly WaitingEntity[]): Promise<readonly EntityOutcome[]> {
    const batch = given.map((one) => ({ ...one, document: hidden(one.document, this.#memory.changes.redact) }));
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

  /** Ids of the batch that no entity has; each is used once. */
  async #freeIds(batch: readonly WaitingEntity[]): Promise<Set<string>> {
    const ids = batch.flatMap(({ document, isOwnScope }) => entityInput(document, isOwnScope).origin?.id ?? []);
    if (ids.length === 0) return new Set();
    const taken = await this.#memory.store.get(ids);
    return new Set(ids.filter((_id, at) => taken[at] === undefined));
  }

  /** Restores entities that have a history or vectors and do not exist yet; returns the others. */
  async #restored(scope: ScopeKey, batch: readonly Checked[], outcomes: EntityOutcome[]): Promise<readonly Checked[]> {
    const versioned = batch.filter(
      ({ waiting: { document }, input }) => (document.changes ?? document.embedding) && input.origin?.id !== undefined,
    );
    if (versioned.length === 0 || this.#how.isTrial) return batch;
    const there = await this.#memory.store.find(
      versioned.map(({ input }) => ({ scope, name: checkInput(input).name })),
    );
    const names = new Set<string>();
    const fresh = versioned.filter(
      ({ input: { name } }, index) => there[index] === undefined && !names.has(name) && names.add(name),
    );
    const { provenance } = this.#how;
    const restores = await this.#withPassages(
      fresh.map((one) => ({
        ...restoreOf(scope, one, { provenance, nowMs: this.#nowMs() }),
        embedding: one.waiting.document.embedding,
      })),
    );
    if (restores.length > 0)
      await this.#memory.capacity.fill(restores.length, scope, async () => {
        await this.#memory.store.restore(restores, []);
        return restores.length;
      });
    for (const [index, { at }] of fresh.entries()) {
      outcomes[at] = { type: "created", entity: restores[index]?.head.id };
    }
    const done = new Set(fresh);
    return batch.filter((one) => !done.has(one));
  }

  /** Adds passages: with the imported vectors if they are of the active model, else with new ones. */
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

/** Redacts a document. Its vectors are dropped if the text changes. */
function hidden(document: EntityDocument, hide: Redact): EntityDocument {
  // Other entities are redacted when they are remembered.
  if (!document.changes && !document.embedding) return document;
  const { embedding: _vectors, ...rest } = document;
  const plain: Json = JSON.parse(JSON.stringify(rest));
  const redacted = hide.json(plain);
  if (canonicalJson(redacted) === canonicalJson(plain)) return document;
  return { ...EntityDocument.parse(redacted), id: document.id };
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

/** Converts a document to an entity with its versions. */
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
    const problem = typeof one === "string" ? { text: one } : one;
    return {
      id: problem.id ?? mint(ObservationId),
      text: problem.text,
      confidence: problem.confidence ?? 1,
      validity: { fromMs: ms(problem.valid_from), toMs: ms(problem.valid_to) },
      provenance: problem.provenance ? provenanceIn(problem.provenance) : provenance,
      atMs: ms(problem.at) ?? createdAtMs,
      since: problem.since ?? 1,
      until: problem.until ?? undefined,
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
  throw new Error(`${name} cannot be restored without an id`);
}
