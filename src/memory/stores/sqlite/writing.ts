import type { EntityId } from "../../../kernel/ids.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import {
  type Change,
  type ChangeAction,
  type EntityHead,
  type EntityRestore,
  type EntityWrite,
  type Observation,
  passagesOf,
  type Relation,
  type RelationWrite,
  type WriteOutcome,
  type ForgetBy,
  type PassageUpdate,
} from "../../knowledge/index.ts";
import type { Facts } from "./facts.ts";
import type { Indexable } from "./indexing/indexable.ts";
import type { IndexableRelation } from "./indexing/indexes.ts";
import type { KnownNames } from "./name-filter.ts";
import { actionNumber, idBytes, jsonText, numberOf, USUAL_STRENGTH } from "./rows.ts";
import { SPAN, spanOf } from "./tables.ts";
import type { PassagePut, Vectors } from "./indexing/vectors.ts";

/** What the indexes have to learn when a transaction is on disk. */
export type Touched = {
  /** Entities that are new or otherwise, or gone, by row. Of new ones what is known of them, which need not be read again. */
  readonly entities: Map<number, Indexable | undefined>;
  /** Relations likewise. */
  readonly relations: Map<number, IndexableRelation | undefined>;
};

/** A write of an entity as it crosses threads: `passages` without texts, since those follow from what is said. */
export type EntityPut = Omit<EntityWrite, "passages"> & { readonly passages: readonly PassagePut[] };
export type RestoredEntity = Omit<EntityRestore, "passages"> & { readonly passages: readonly PassagePut[] };

type Changed = {
  readonly entity: number | undefined;
  readonly gone: Uint8Array | undefined;
  readonly scope: number;
  readonly version: number;
  readonly action: ChangeAction;
  readonly provenance: number;
  readonly atMs: number;
  readonly details: JsonObject;
};

/** Everything that adds to the file, inside a transaction that the caller holds. What it touched is added to `touched`. */
export class Writing {
  readonly #facts: Facts;
  readonly #vectors: Vectors;
  readonly #names: KnownNames;
  readonly #rowOf: (id: EntityId) => number | undefined;
  /** The number of the last change, which relations count too. */
  #seq: number;

  /** `rowOf`: of what the last transaction left. */
  constructor(deps: {
    readonly facts: Facts;
    readonly vectors: Vectors;
    readonly names: KnownNames;
    readonly rowOf: (id: EntityId) => number | undefined;
  }) {
    this.#facts = deps.facts;
    this.#vectors = deps.vectors;
    this.#names = deps.names;
    this.#rowOf = deps.rowOf;
    this.#seq = this.#lastSeq();
  }

  #lastSeq(): number {
    const last = (table: string, row: string) =>
      numberOf(this.#facts.sql(`SELECT max(${row}) AS n FROM ${table}`).get()?.["n"]);
    return Math.max(last("change", "seq"), last("relation", "row"));
  }

  /** A transaction was undone. */
  rolledBack(): void {
    this.#seq = this.#lastSeq();
  }

  entity(write: EntityPut, touched: Touched): WriteOutcome {
    const { head, expected } = write;
    const scope = this.#facts.scopeNumberFor(head.scope);
    const row = expected === 0 ? this.#insertHead(head, scope) : this.#updateHead(head, scope, expected);
    if (row === undefined) return "conflict";
    const provenance = this.#facts.provenanceNumberFor(write.provenance);
    for (const id of write.withdrawn) {
      this.#facts
        .sql("UPDATE observation SET until = ? WHERE row BETWEEN ? AND ? AND id = ? AND until IS NULL")
        .run(head.version, ...spanOf(row), idBytes(id));
    }
    this.#addObservations(row, write.added, expected === 0);
    if (expected > 0) this.#vectors.remove(row, write.passageCount);
    const vectors = write.passages.map((passage) => this.#vectors.put(row, passage, write.model));
    this.#log({
      entity: row,
      gone: undefined,
      scope,
      version: head.version,
      action: write.action,
      provenance,
      atMs: head.updatedAtMs,
      details: write.details,
    });
    const fresh = expected === 0 ? indexableOf({ row, head, scope, observations: write.added, vectors }) : undefined;
    touched.entities.set(row, fresh);
    return "written";
  }

  relation({ action, relation, provenance, atMs }: RelationWrite, touched: Touched): WriteOutcome {
    // The indexes know who is there, unless this transaction has changed that.
    const rowOf = touched.entities.size === 0 ? this.#rowOf : (id: EntityId) => this.#facts.rowOf(id);
    const [src, dst] = [rowOf(relation.from), rowOf(relation.to)];
    if (src === undefined || dst === undefined) return "conflict";
    const version = this.#facts.versionAt(src);
    for (const { row } of this.#facts
      .sql("SELECT row FROM relation WHERE src = ? AND dst = ? AND type = ?")
      .all(src, dst, relation.type)) {
      this.#separate(numberOf(row));
      this.#facts.sql("DELETE FROM relation WHERE row = ?").run(row ?? null);
      touched.relations.set(numberOf(row), undefined);
    }
    const by = this.#facts.provenanceNumberFor(provenance);
    const said = relation.provenance === provenance ? by : this.#facts.provenanceNumberFor(relation.provenance);
    const isOwn = action === "relate" && atMs === relation.createdAtMs && by === said;
    if (action === "relate") this.#putRelation(relation, { src, dst, version: isOwn ? version : undefined }, touched);
    if (isOwn) return "written";
    const details = { relation: relation.id, to: relation.to, type: relation.type };
    const scope = this.#facts.scopeNumberFor(relation.scope);
    this.#log({ entity: src, gone: undefined, scope, version, action, provenance: by, atMs, details });
    return "written";
  }

  /** A relation goes: the change that stands in it comes to stand among the others. */
  #separate(row: number): void {
    for (const change of this.#facts.related("WHERE r.row = ? AND r.version IS NOT NULL", row)) {
      const { entity, version, atMs, details } = change;
      this.#facts
        .sql(CHANGE)
        .run(
          row,
          (entity && this.#facts.rowOf(entity)) ?? null,
          null,
          this.#facts.scopeNumberFor(change.scope),
          version,
          actionNumber("relate"),
          this.#facts.provenanceNumberFor(change.provenance),
          atMs,
          jsonText(details),
        );
    }
  }

  restore(of: RestoredEntity, touched: Touched): void {
    const { head, observations, changes, passages, model } = of;
    const scope = this.#facts.scopeNumberFor(head.scope);
    const known = this.#facts.rowOf(head.id);
    if (known !== undefined) {
      this.#facts.sql("DELETE FROM observation WHERE row BETWEEN ? AND ?").run(...spanOf(known));
      this.#facts.sql("DELETE FROM change WHERE entity = ?").run(known);
      this.#facts.sql("UPDATE relation SET version = NULL WHERE src = ? AND version IS NOT NULL").run(known);
      this.#vectors.remove(known, 0);
      this.#facts.sql("DELETE FROM entity WHERE row = ?").run(known);
    }
    const row = this.#insertHead(head, scope, known);
    if (row === undefined) throw new Error(`${head.scope} has another ${head.name}`);
    this.#addObservations(row, observations, true);
    for (const change of changes) this.#restoreChange(row, scope, change);
    const vectors = passages.map((passage) => this.#vectors.put(row, passage, model));
    const now = observations.filter(({ until }) => until === undefined);
    touched.entities.set(
      row,
      known === undefined ? indexableOf({ row, head, scope, observations: now, vectors }) : undefined,
    );
  }

  #restoreChange(row: number, scope: number, change: Change): void {
    const { version, action, atMs, details } = change;
    const provenance = this.#facts.provenanceNumberFor(change.provenance);
    this.#log({ entity: row, gone: undefined, scope, version, action, provenance, atMs, details });
  }

  restoreRelation(relation: Relation, touched: Touched): void {
    const [src, dst] = [this.#facts.rowOf(relation.from), this.#facts.rowOf(relation.to)];
    if (src === undefined || dst === undefined) return;
    const known = [
      this.#facts.relation(relation.id)?.row,
      ...this.#facts
        .sql("SELECT row FROM relation WHERE src = ? AND dst = ? AND type = ?")
        .all(src, dst, relation.type)
        .map(({ row }) => numberOf(row)),
    ];
    for (const row of known) {
      if (row === undefined) continue;
      this.#facts.sql("DELETE FROM relation WHERE row = ?").run(row);
      touched.relations.set(row, undefined);
    }
    this.#putRelation(relation, { src, dst, version: undefined }, touched);
  }

  /** Vectors for an entity that still has the version; false: it has not. */
  embedded(of: PassageUpdate<PassagePut>, touched: Touched): boolean {
    const known = this.#facts.versionOf(of.id);
    if (known?.version !== of.version) return false;
    const { row } = known;
    for (const passage of of.passages) this.#vectors.add(row, passage, of.model);
    touched.entities.set(row, undefined);
    return true;
  }

  /** Its row, or undefined when another has its name. */
  #insertHead(head: EntityHead, scope: number, row?: number): number | undefined {
    const { changes, lastInsertRowid } = this.#facts
      .sql(
        `INSERT OR IGNORE INTO entity (row, id, scope, name, type, confidence, strength, valid_from_ms, valid_to_ms, metadata,
         version, created_at_ms, updated_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(row ?? null, idBytes(head.id), scope, head.name, ...valuesOf(head));
    if (Number(changes) === 0) return undefined;
    this.#names.add(head.scope, head.name);
    return Number(lastInsertRowid);
  }

  /** The same when it no longer has the version. */
  #updateHead(head: EntityHead, scope: number, expected: number): number | undefined {
    const row = this.#facts.rowOf(head.id);
    if (row === undefined) return undefined;
    const { changes } = this.#facts
      .sql(
        `UPDATE OR IGNORE entity SET name = ?, type = ?, confidence = ?, strength = ?, valid_from_ms = ?, valid_to_ms = ?,
         metadata = ?, version = ?, created_at_ms = ?, updated_at_ms = ? WHERE row = ? AND version = ? AND scope = ?`,
      )
      .run(head.name, ...valuesOf(head), row, expected, scope);
    if (Number(changes) === 0) return undefined;
    this.#names.add(head.scope, head.name);
    return row;
  }

  #addObservations(row: number, observations: readonly Observation[], isNew: boolean): void {
    if (observations.length === 0) return;
    const last = isNew
      ? undefined
      : this.#facts.sql("SELECT max(row) AS n FROM observation WHERE row BETWEEN ? AND ?").get(...spanOf(row))?.["n"];
    let next = typeof last === "number" ? last + 1 : row * SPAN;
    for (const observation of observations) {
      const { validity, provenance, until } = observation;
      this.#facts
        .sql(
          `INSERT INTO observation (row, id, text, confidence, valid_from_ms, valid_to_ms, provenance, at_ms, since, until)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          next++,
          idBytes(observation.id),
          observation.text,
          observation.confidence,
          validity.fromMs ?? null,
          validity.toMs ?? null,
          this.#facts.provenanceNumberFor(provenance),
          observation.atMs,
          observation.since,
          until ?? null,
        );
    }
  }

  #putRelation(
    relation: Relation,
    { src, dst, version }: { readonly src: number; readonly dst: number; readonly version: number | undefined },
    touched: Touched,
  ): void {
    const row = (this.#seq += 1);
    const id = idBytes(relation.id);
    const { type, strength, confidence, isBidirectional: both, validity, metadata } = relation;
    this.#facts
      .sql(
        `INSERT INTO relation (row, id, src, dst, type, strength, confidence, is_both, valid_from_ms, valid_to_ms, metadata,
         provenance, created_at_ms, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        row,
        id,
        src,
        dst,
        type,
        strength === USUAL_STRENGTH ? null : strength,
        confidence,
        both ? 1 : 0,
        validity.fromMs ?? null,
        validity.toMs ?? null,
        jsonText(metadata),
        this.#facts.provenanceNumberFor(relation.provenance),
        relation.createdAtMs,
        version ?? null,
      );
    touched.relations.set(row, { row, id, from: src, to: dst, type, strength, both });
  }

  #log(of: Changed): void {
    this.#seq += 1;
    const { entity, gone, scope, version, action, provenance, atMs, details } = of;
    this.#facts
      .sql(CHANGE)
      .run(
        this.#seq,
        entity ?? null,
        gone ?? null,
        scope,
        version,
        actionNumber(action),
        provenance,
        atMs,
        jsonText(details),
      );
  }

  /** What was forgotten leaves this line. `gone`: the id of an entity that is no more. */
  forgotten(
    of: {
      readonly entity: number | undefined;
      readonly gone: EntityId | undefined;
      readonly scope: number;
      readonly version: number;
    },
    by: ForgetBy,
    details: JsonObject,
  ): void {
    const provenance = this.#facts.provenanceNumberFor(by.provenance);
    const gone = of.gone === undefined ? undefined : idBytes(of.gone);
    this.#log({ ...of, gone, action: "forget", provenance, atMs: by.atMs, details });
  }
}

const CHANGE = `INSERT INTO change (seq, entity, gone, scope, version, action, provenance, at_ms, details)
  VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;

const valuesOf = (head: EntityHead) => [
  head.type,
  head.confidence,
  head.strength,
  head.validity.fromMs ?? null,
  head.validity.toMs ?? null,
  jsonText(head.metadata),
  head.version,
  head.createdAtMs,
  head.updatedAtMs === head.createdAtMs ? null : head.updatedAtMs,
];

/** What the indexes learn of an entity that was just put in whole. */
const indexableOf = ({
  row,
  head,
  scope,
  observations,
  vectors,
}: {
  readonly row: number;
  readonly head: EntityHead;
  readonly scope: number;
  readonly observations: readonly Observation[];
  readonly vectors: Indexable["vectors"];
}): Indexable => ({
  row,
  id: idBytes(head.id),
  scope,
  type: head.type,
  confidence: head.confidence,
  updatedAtMs: head.updatedAtMs,
  fromMs: head.validity.fromMs ?? Number.NEGATIVE_INFINITY,
  toMs: head.validity.toMs ?? Number.POSITIVE_INFINITY,
  texts: passagesOf({ name: head.name, type: head.type, observations }),
  vectors,
});
