import type { Clock } from "../../kernel/clock.ts";
import { CaxtonError } from "../../kernel/errors.ts";
import { type EntityId, mint, ObservationId, type RelationId } from "../../kernel/ids.ts";
import type { Capacity } from "./capacity.ts";
import type { Embeddings } from "./embeddings.ts";
import type { Entity, EntityHead, Provenance, Relation } from "./entity.ts";
import { EntityTypeConflictError, MemoryConflictError, RelationNotFoundError } from "./errors.ts";
import type { MemoryCounts } from "./stats.ts";
import { idsIn, type MemoryStore, type WriteOutcome, type ForgetBy } from "./memory-store.ts";
import {
  checkInput,
  type CheckedInput,
  type Draft,
  draftChange,
  type EntityInput,
  type Redact,
  NO_REDACTION,
  redactInput,
  redactObject,
  writeOf,
} from "./remembering.ts";
import { type ScopeKey, scopeText } from "./scope.ts";
import { readEntityName, readMetadata, readRatio, readTypeName, readValidity } from "./values.ts";
import { type Merge, mergeInputs, type Remembered, type ImportResult } from "./merging.ts";
import { notFound, type RelationEnds, type RelationInput, relationOf } from "./relating.ts";
import { claimOf, type Amendment, amend } from "./amending.ts";
import { entityAt } from "./versions.ts";

/** A change of fields and observations of an entity. */
export type Revision = {
  readonly [Key in "name" | "type" | "confidence" | "strength" | "validity" | "metadata"]?: EntityHead[Key] | undefined;
} & {
  /** Observations, named by text, whose confidence or validity changes; absent observations stay. */
  readonly observations?: readonly Amendment[] | undefined;
  /** Texts of observations to retract; unknown texts are ignored. */
  readonly withdraw?: readonly string[] | undefined;
};

/** All inputs for one entity name, each with its index in the request. */
type Named = readonly [name: string, inputs: readonly (readonly [place: number, input: CheckedInput])[]];

/** Attempts for a change that conflicts with concurrent changes. */
const ATTEMPTS = 8;

/**
 * Changes memory. Deletes nothing: every change is in the history.
 * knowledge.changes.M3. A remembered fact is on disk, and the next search finds it.
 * knowledge.changes.M4. A fact that is remembered twice is stored once; concurrent changes of an entity are all stored.
 * knowledge.changes.M6. Confidential text is redacted before it is written, whatever its source.
 */
export class Changes {
  readonly #store: MemoryStore;
  readonly #clock: Clock;
  readonly #embeddings: Embeddings;
  readonly #capacity: Capacity;
  readonly #counts: MemoryCounts;
  /** Redacts confidential text in all inputs. */
  readonly redact: Redact;

  constructor(deps: {
    readonly store: MemoryStore;
    readonly clock: Clock;
    readonly embeddings: Embeddings;
    readonly capacity: Capacity;
    readonly counts: MemoryCounts;
    readonly hide?: Redact | undefined;
  }) {
    this.#store = deps.store;
    this.#clock = deps.clock;
    this.#embeddings = deps.embeddings;
    this.#capacity = deps.capacity;
    this.#counts = deps.counts;
    this.redact = deps.hide ?? NO_REDACTION;
  }

  /**
   * Creates entities, or extends those that exist by name, in one transaction. Returns results in the order of the inputs. All inputs of
   * one name make one entity and one version.
   * Throws MemoryValueError, MemoryTooLargeError, EntityTypeConflictError, MemoryFullError; then no input is stored, except those written
   * before another client changed some of the same entities.
   */
  async remember(
    scope: ScopeKey,
    inputs: readonly EntityInput[],
    provenance: Provenance,
  ): Promise<readonly Remembered[]> {
    const taken = await this.#rememberAll(scope, inputs, { provenance, merge: undefined, isTrial: false });
    return taken.flatMap((one) => ("added" in one ? [one] : []));
  }

  /**
   * Like `remember`, for imported entities: also returns the outcome for each entity that exists. `isTrial`: computes outcomes and writes
   * nothing.
   * Throws MemoryValueError, MemoryTooLargeError, MemoryFullError; then no input is stored.
   */
  async take(
    scope: ScopeKey,
    inputs: readonly EntityInput[],
    how: { readonly provenance: Provenance; readonly merge: Merge; readonly isTrial: boolean },
  ): Promise<readonly ImportResult[]> {
    return this.#rememberAll(scope, inputs, how);
  }

  async #rememberAll(
    scope: ScopeKey,
    inputs: readonly EntityInput[],
    how: { readonly provenance: Provenance; readonly merge: Merge | undefined; readonly isTrial: boolean },
  ): Promise<readonly ImportResult[]> {
    const checked = inputs.map((input) => checkInput(redactInput(input, this.redact)));
    const results: ImportResult[] = [];
    let waiting: readonly Named[] = [...Map.groupBy(checked.entries(), ([, { name }]) => name)];
    for (let vain = 0, isFirst = true; waiting.length > 0; isFirst = false) {
      if (vain === ATTEMPTS) throw conflict(waiting[0]?.[0] ?? "");
      const left = await this.#rememberOnce({ ...how, scope, waiting, isFirst, results });
      vain = left.length < waiting.length ? 0 : vain + 1;
      waiting = left;
    }
    return results;
  }

  /** One attempt. Returns the inputs that conflicted with concurrent changes. */
  async #rememberOnce(of: {
    readonly scope: ScopeKey;
    readonly provenance: Provenance;
    readonly merge: Merge | undefined;
    readonly isTrial: boolean;
    readonly waiting: readonly Named[];
    readonly isFirst: boolean;
    /** Indexed like the inputs. */
    readonly results: ImportResult[];
  }): Promise<readonly Named[]> {
    const { scope, waiting, merge } = of;
    const at = { scope, provenance: of.provenance, atMs: this.#clock.nowMs() };
    const names = waiting.map(([name]) => name);
    const there = await this.#there(scope, names, of.isFirst);
    const merged = waiting.map(([name, inputs]) =>
      mergeInputs(
        inputs.map(([, input]) => input),
        there.get(name),
        { at, merge },
      ),
    );
    const drafts = merged.flatMap(({ draft }) => draft ?? []);
    const outcomes = of.isTrial ? [] : await this.#admitted(drafts, scope);
    return waiting.filter(([, inputs], which) => {
      const { draft, taken = [] } = merged[which] ?? {};
      if (draft && outcomes[drafts.indexOf(draft)] === "conflict") return true;
      for (const [turn, [place]] of inputs.entries()) {
        const one = taken[turn];
        if (one) of.results[place] = one;
      }
      return false;
    });
  }

  /** Existing entities by name. The first attempt skips names that are certain to be new. */
  async #there(scope: ScopeKey, names: readonly string[], isFirst: boolean): Promise<ReadonlyMap<string, Entity>> {
    const sought = isFirst ? names.filter((name) => this.#store.lacks?.(scope, name) !== true) : names;
    if (sought.length === 0) return new Map();
    const found = await this.#store.find(sought.map((name) => ({ scope, name })));
    return new Map(found.flatMap((entity, at) => (entity ? [[sought[at] ?? "", entity]] : [])));
  }

  /** Writes the drafts if the entity limit allows the new ones. */
  async #admitted(drafts: readonly Draft[], scope: ScopeKey): Promise<readonly WriteOutcome[]> {
    const fresh = drafts.filter(({ expected }) => expected === 0);
    let outcomes: readonly WriteOutcome[] = [];
    await this.#capacity.fill(fresh.length, scope, async () => {
      outcomes = await this.#write(drafts);
      const written = fresh.filter((draft) => outcomes[drafts.indexOf(draft)] === "written").length;
      this.#counts.entitiesCreated(written);
      return written;
    });
    return outcomes;
  }

  async #write(drafts: readonly Draft[]): Promise<readonly WriteOutcome[]> {
    if (drafts.length === 0) return [];
    const texts = drafts.flatMap((draft) => draft.texts.slice(draft.kept));
    const { vectors, model } = await this.#embeddings.forWriting(texts);
    let next = 0;
    const writes = drafts.map((draft) =>
      writeOf(draft, vectors.slice(next, (next += draft.texts.length - draft.kept)), model),
    );
    const outcomes = await this.#store.write(writes);
    this.#embeddings.wrote();
    return outcomes;
  }

  /**
   * Changes fields of an entity, changes confidence and validity of observations, and retracts observations, in one version.
   * Throws EntityNotFoundError, MemoryValueError, EntityTypeConflictError for a name that another entity has; then nothing is changed.
   */
  async revise(scope: ScopeKey, name: string, revision: Revision, provenance: Provenance): Promise<Entity> {
    const fields = {
      ...(revision.name === undefined ? {} : { name: readEntityName(this.redact.text(revision.name)) }),
      ...(revision.type === undefined ? {} : { type: readTypeName(this.redact.text(revision.type)) }),
      ...(revision.confidence === undefined ? {} : { confidence: readRatio(revision.confidence, "confidence") }),
      ...(revision.strength === undefined ? {} : { strength: readRatio(revision.strength, "strength") }),
      ...(revision.validity === undefined ? {} : { validity: readValidity(revision.validity) }),
      ...(revision.metadata === undefined
        ? {}
        : { metadata: readMetadata(redactObject(revision.metadata, this.redact)) }),
    };
    if (fields.name !== undefined && fields.name !== name) {
      const [other] = await this.#store.find([{ scope, name: fields.name }]);
      if (other)
        throw new EntityTypeConflictError(
          `${scopeText(scope)} has another ${fields.name}`,
          "Names are unique within a scope; forget one of the two first.",
          { scope, name: fields.name, type: other.type },
        );
    }
    const observations = (revision.observations ?? []).map((one) => ({ ...one, text: this.redact.text(one.text) }));
    const gone = new Set((revision.withdraw ?? []).map((text) => this.#normalized(text)));
    return this.#change(scope, name, (before) => {
      const amended = amend(before, observations, gone);
      const withdrawn = [...amended.withdrawn, ...saidIn(before, gone)];
      const isOnlyWithdrawn = Object.keys(fields).length === 0 && amended.added.length === 0;
      if (isOnlyWithdrawn && withdrawn.length === 0) return undefined;
      const action = isOnlyWithdrawn ? "withdraw" : "revise";
      const change = { action, fields, added: amended.added, withdrawn } as const;
      return draftChange(before, change, { provenance, atMs: this.#clock.nowMs() });
    });
  }

  /** Retracts observations; they stay in the history. Unknown texts are ignored. Throws EntityNotFoundError. */
  async withdraw(scope: ScopeKey, name: string, texts: readonly string[], provenance: Provenance): Promise<Entity> {
    return this.revise(scope, name, { withdraw: texts }, provenance);
  }

  /** Returns the text in its stored form: redacted, NFC, trimmed. */
  #normalized(text: string): string {
    return this.redact.text(text).normalize("NFC").trim();
  }

  /** Restores the state of an earlier version, as a new version. Throws EntityNotFoundError, EntityVersionNotFoundError. */
  async revert(scope: ScopeKey, name: string, version: number, provenance: Provenance): Promise<Entity> {
    return this.#change(scope, name, async (before) => {
      const atMs = this.#clock.nowMs();
      const history = await this.#store.history(before.id);
      if (!history) return undefined;
      const was = entityAt(history, version);
      const [had, has] = [new Set(was.observations.map(claimOf)), new Set(before.observations.map(claimOf))];
      const added = was.observations
        .filter((one) => !has.has(claimOf(one)))
        .map((one) => ({ ...one, id: mint(ObservationId), since: before.version + 1, until: undefined }));
      const withdrawn = before.observations.filter((one) => !had.has(claimOf(one))).map(({ id }) => id);
      const { type, confidence, strength, validity, metadata } = was;
      const fields = { type, confidence, strength, validity, metadata };
      return draftChange(before, { action: "revert", added, withdrawn, fields }, { provenance, atMs });
    });
  }

  /**
   * Creates relations between entities that exist by name; a relation with the same ends and type is replaced. Throws
   * EntityNotFoundError, MemoryValueError.
   */
  async relate(
    scope: ScopeKey,
    inputs: readonly RelationInput[],
    provenance: Provenance,
  ): Promise<readonly Relation[]> {
    const at = { scope, provenance, atMs: this.#clock.nowMs(), hide: this.redact };
    const found = await this.#ends(
      scope,
      inputs.flatMap(({ from, to, ends }) => (ends ? [] : [from, to])),
    );
    const relations = inputs.map((input) =>
      relationOf(input, input.ends ?? { from: found.get(input.from), to: found.get(input.to) }, at),
    );
    const outcomes = await this.#writeRelations(relations, at);
    const lost = outcomes.indexOf("conflict");
    if (lost !== -1) throw conflict(inputs[lost]?.from ?? "");
    return relations;
  }

  /**
   * Like `relate`, for imported relations whose ends are resolved. Returns for each input the relation, or the error. Valid relations are
   * written in one transaction, independent of invalid ones.
   */
  async relateEach(
    scope: ScopeKey,
    inputs: readonly (RelationInput & { readonly ends: RelationEnds })[],
    provenance: Provenance,
  ): Promise<readonly (Relation | CaxtonError)[]> {
    const at = { scope, provenance, atMs: this.#clock.nowMs(), hide: this.redact };
    const read = inputs.map((input) => {
      try {
        return relationOf(input, input.ends, at);
      } catch (error) {
        if (error instanceof CaxtonError) return error;
        throw error;
      }
    });
    const fitting = read.flatMap((one) => (one instanceof CaxtonError ? [] : [one]));
    const outcomes = await this.#writeRelations(fitting, at);
    const lost = new Set(fitting.filter((_one, index) => outcomes[index] === "conflict"));
    return read.map((one, index) =>
      one instanceof CaxtonError || !lost.has(one) ? one : conflict(inputs[index]?.from ?? ""),
    );
  }

  async #writeRelations(
    relations: readonly Relation[],
    { provenance, atMs }: ForgetBy,
  ): Promise<readonly WriteOutcome[]> {
    if (relations.length === 0) return [];
    const outcomes = await this.#store.write(
      relations.map((relation) => ({ type: "relation", action: "relate", relation, provenance, atMs })),
    );
    this.#counts.relationsCreated(outcomes.filter((outcome) => outcome === "written").length);
    return outcomes;
  }

  /** Throws RelationNotFoundError. */
  async unrelate(id: RelationId, provenance: Provenance): Promise<Relation> {
    const relation = await this.#store.relation(id);
    if (!relation)
      throw new RelationNotFoundError(
        `there is no relation ${id}`,
        "`caxton memory graph` shows relations with their ids.",
        { relation: id },
      );
    await this.#store.write([
      { type: "relation", action: "unrelate", relation, provenance, atMs: this.#clock.nowMs() },
    ]);
    return relation;
  }

  /** Ids by name. Looks each name up once, because relations repeat their ends. */
  async #ends(scope: ScopeKey, names: readonly string[]): Promise<ReadonlyMap<string, EntityId | undefined>> {
    if (names.length === 0) return new Map();
    const kept = new Map([...new Set(names)].map((name) => [name, readEntityName(this.redact.text(name))]));
    const wanted = [...new Set(kept.values())];
    const found = await idsIn(this.#store, scope, wanted);
    const ids = new Map(wanted.map((name, at) => [name, found[at]]));
    return new Map([...kept].map(([name, own]) => [name, ids.get(own)]));
  }

  async #change(
    scope: ScopeKey,
    name: string,
    draft: (before: Entity) => Draft | undefined | Promise<Draft | undefined>,
  ): Promise<Entity> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const [before] = await this.#store.find([{ scope, name: readEntityName(this.redact.text(name)) }]);
      if (!before) throw notFound(scope, name);
      const change = await draft(before);
      if (!change) return before;
      const [outcome] = await this.#write([change]);
      if (outcome === "written") return change.after;
    }
    throw conflict(name);
  }
}

const saidIn = (entity: Entity, texts: ReadonlySet<string>): readonly ObservationId[] =>
  entity.observations.filter(({ text }) => texts.has(text)).map(({ id }) => id);

const conflict = (name: string): MemoryConflictError =>
  new MemoryConflictError(`"${name}" was changed concurrently on every attempt`, "Retry the change.", { entity: name });
