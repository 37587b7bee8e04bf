import type { EntityId } from "../../../kernel/ids.ts";
import type {
  EntityHead,
  EntityRestore,
  EntityWrite,
  Forgotten,
  ForgetTarget,
  Observation,
  Passage,
  Provenance,
  Relation,
  RelationWrite,
  WriteOutcome,
} from "../../../memory/index.ts";
import type { JsonObject } from "../../../kernel/json.ts";
import type { Facts } from "./facts.ts";
import { idBytes, jsonText, numberOf } from "./rows.ts";
import type { Vectors } from "./vectors.ts";

/** What the indexes have to learn when a transaction is on disk. */
export type Touched = {
  /** Entities that are new or otherwise, or gone, by row. */
  readonly entities: Set<number>;
  readonly relations: Set<number>;
};

/** Everything that changes the file, inside a transaction that the caller holds. What it touched is added to `touched`. */
export class Writing {
  readonly #facts: Facts;
  readonly #vectors: Vectors;

  constructor(deps: { readonly facts: Facts; readonly vectors: Vectors }) {
    this.#facts = deps.facts;
    this.#vectors = deps.vectors;
  }

  entity(write: EntityWrite, touched: Touched): WriteOutcome {
    const { head, expected } = write;
    const before = this.#facts.sql("SELECT row, version FROM entity WHERE id = ?").get(idBytes(head.id));
    if (numberOf(before?.["version"]) !== expected) return "conflict";
    const scope = this.#facts.scopeNumberFor(head.scope);
    const namesake = this.#facts
      .sql("SELECT row FROM entity WHERE scope = ? AND name = ? AND id <> ?")
      .get(scope, head.name, idBytes(head.id));
    if (namesake) return "conflict";
    const row = this.#putHead(head, scope, before && numberOf(before["row"]));
    const provenance = this.#facts.provenanceNumberFor(write.provenance);
    for (const id of write.withdrawn) {
      this.#facts
        .sql("UPDATE observation SET until = ? WHERE entity = ? AND id = ? AND until IS NULL")
        .run(head.version, row, idBytes(id));
    }
    for (const observation of write.added) this.#addObservation(row, observation);
    this.#facts.sql("DELETE FROM passage WHERE entity = ? AND ordinal >= ?").run(row, write.passageCount);
    this.#putPassages(row, write.passages, write.model);
    this.#log({
      entity: head.id,
      scope,
      version: head.version,
      action: write.action,
      provenance,
      atMs: head.updatedAtMs,
      details: write.details,
    });
    touched.entities.add(row);
    return "written";
  }

  relation({ action, relation, provenance, atMs }: RelationWrite, touched: Touched): WriteOutcome {
    const [src, dst] = [this.#facts.rowOf(relation.from), this.#facts.rowOf(relation.to)];
    if (src === undefined || dst === undefined) return "conflict";
    const known = this.#facts
      .sql("SELECT row FROM relation WHERE src = ? AND dst = ? AND type = ?")
      .get(src, dst, relation.type);
    if (known) touched.relations.add(numberOf(known["row"]));
    this.#facts.sql("DELETE FROM relation WHERE src = ? AND dst = ? AND type = ?").run(src, dst, relation.type);
    if (action === "relate") touched.relations.add(this.#putRelation(relation, src, dst));
    const scope = this.#facts.scopeNumberFor(relation.scope);
    const version = numberOf(this.#facts.sql("SELECT version FROM entity WHERE row = ?").get(src)?.["version"]);
    this.#log({
      entity: relation.from,
      scope,
      version,
      action,
      provenance: this.#facts.provenanceNumberFor(provenance),
      atMs,
      details: { relation: relation.id, to: relation.to, type: relation.type },
    });
    return "written";
  }

  restore(of: EntityRestore, touched: Touched): void {
    const { head, observations, changes, passages, model } = of;
    const scope = this.#facts.scopeNumberFor(head.scope);
    const known = this.#facts.rowOf(head.id);
    const row = this.#putHead(head, scope, known);
    this.#facts.sql("DELETE FROM observation WHERE entity = ?").run(row);
    this.#facts.sql("DELETE FROM change WHERE entity = ?").run(idBytes(head.id));
    this.#facts.sql("DELETE FROM passage WHERE entity = ?").run(row);
    for (const observation of observations) this.#addObservation(row, observation);
    for (const change of changes) {
      const { version, action, atMs, details } = change;
      this.#log({
        entity: head.id,
        scope,
        version,
        action,
        provenance: this.#facts.provenanceNumberFor(change.provenance),
        atMs,
        details,
      });
    }
    this.#putPassages(row, passages, model);
    touched.entities.add(row);
  }

  restoreRelation(relation: Relation, touched: Touched): void {
    const [src, dst] = [this.#facts.rowOf(relation.from), this.#facts.rowOf(relation.to)];
    if (src === undefined || dst === undefined) return;
    this.#facts
      .sql("DELETE FROM relation WHERE id = ? OR (src = ? AND dst = ? AND type = ?)")
      .run(idBytes(relation.id), src, dst, relation.type);
    touched.relations.add(this.#putRelation(relation, src, dst));
  }

  /** Vectors for an entity that still has the version; false: it has not. */
  embedded(
    of: {
      readonly id: EntityId;
      readonly version: number;
      readonly model: string;
      readonly passages: readonly Passage[];
    },
    touched: Touched,
  ): boolean {
    const row = this.#facts.sql("SELECT row FROM entity WHERE id = ? AND version = ?").get(idBytes(of.id), of.version);
    if (!row) return false;
    for (const passage of of.passages) this.#vectors.add(numberOf(row["row"]), passage, of.model);
    touched.entities.add(numberOf(row["row"]));
    return true;
  }

  forget(
    target: ForgetTarget,
    by: { readonly provenance: Provenance; readonly atMs: number },
    touched: Touched,
  ): Forgotten {
    const provenance = this.#facts.provenanceNumberFor(by.provenance);
    const at = { provenance, atMs: by.atMs };
    switch (target.type) {
      case "entities":
        return target.ids.map((id) => this.#forgetEntity(id, at, touched)).reduce(sum, NOTHING);
      case "observations":
        return this.#forgetObservations(target, at, touched);
      case "scope": {
        const scope = this.#facts.scopeNumber(target.scope);
        if (scope === undefined) return NOTHING;
        const rows = this.#facts
          .sql("SELECT row FROM entity WHERE scope = ?")
          .all(scope)
          .map(({ row }) => numberOf(row));
        const gone = rows.map((row) => this.#remove(row, touched)).reduce(sum, NOTHING);
        this.#facts.sql("DELETE FROM change WHERE scope = ?").run(scope);
        this.#log({ entity: undefined, scope, version: 0, action: "forget", ...at, details: gone });
        return gone;
      }
    }
  }

  #forgetEntity(id: EntityId, at: { readonly provenance: number; readonly atMs: number }, touched: Touched): Forgotten {
    const known = this.#facts.sql("SELECT row, scope FROM entity WHERE id = ?").get(idBytes(id));
    if (!known) return NOTHING;
    const gone = this.#remove(numberOf(known["row"]), touched);
    this.#facts.sql("DELETE FROM change WHERE entity = ?").run(idBytes(id));
    this.#log({ entity: id, scope: numberOf(known["scope"]), version: 0, action: "forget", ...at, details: gone });
    return gone;
  }

  #forgetObservations(
    target: Extract<ForgetTarget, { type: "observations" }>,
    at: { readonly provenance: number; readonly atMs: number },
    touched: Touched,
  ): Forgotten {
    const known = this.#facts.sql("SELECT row, scope, version FROM entity WHERE id = ?").get(idBytes(target.entity));
    if (!known) return NOTHING;
    const row = numberOf(known["row"]);
    let observations = 0;
    for (const id of target.ids) {
      observations += Number(
        this.#facts.sql("DELETE FROM observation WHERE entity = ? AND id = ?").run(row, idBytes(id)).changes,
      );
    }
    if (observations === 0) return NOTHING;
    const gone = { entities: 0, observations, relations: 0 };
    const version = numberOf(known["version"]) + 1;
    this.#facts.sql("UPDATE entity SET version = ?, updated_at_ms = ? WHERE row = ?").run(version, at.atMs, row);
    // What its passages said is no longer so; they get vectors again from what is left.
    this.#facts.sql("DELETE FROM passage WHERE entity = ?").run(row);
    const left = this.#facts.at(row);
    if (left) this.#vectors.makeRoom(left);
    this.#log({
      entity: target.entity,
      scope: numberOf(known["scope"]),
      version,
      action: "forget",
      ...at,
      details: gone,
    });
    touched.entities.add(row);
    return gone;
  }

  #remove(row: number, touched: Touched): Forgotten {
    const count = (table: string, where: string, ...values: number[]) =>
      numberOf(this.#facts.sql(`SELECT count(*) AS n FROM ${table} WHERE ${where}`).get(...values)?.["n"]);
    const observations = count("observation", "entity = ?", row);
    for (const { row: relation } of this.#facts
      .sql("SELECT row FROM relation WHERE src = ? OR dst = ?")
      .all(row, row)) {
      touched.relations.add(numberOf(relation));
    }
    const relations = count("relation", "src = ? OR dst = ?", row, row);
    this.#facts.sql("DELETE FROM entity WHERE row = ?").run(row);
    touched.entities.add(row);
    return { entities: 1, observations, relations };
  }

  #putHead(head: EntityHead, scope: number, row: number | undefined): number {
    const values = [
      head.name,
      head.type,
      head.confidence,
      head.strength,
      head.validity.fromMs ?? null,
      head.validity.toMs ?? null,
      jsonText(head.metadata),
      head.version,
      head.createdAtMs,
      head.updatedAtMs,
    ];
    if (row !== undefined) {
      this.#facts
        .sql(
          `UPDATE entity SET name = ?, type = ?, confidence = ?, strength = ?, valid_from_ms = ?, valid_to_ms = ?,
           metadata = ?, version = ?, created_at_ms = ?, updated_at_ms = ? WHERE row = ?`,
        )
        .run(...values, row);
      return row;
    }
    const { lastInsertRowid } = this.#facts
      .sql(
        `INSERT INTO entity (name, type, confidence, strength, valid_from_ms, valid_to_ms, metadata, version,
         created_at_ms, updated_at_ms, id, scope) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(...values, idBytes(head.id), scope);
    return Number(lastInsertRowid);
  }

  #addObservation(row: number, observation: Observation): void {
    const { validity, provenance } = observation;
    this.#facts
      .sql(
        `INSERT INTO observation (id, entity, text, confidence, valid_from_ms, valid_to_ms, provenance, at_ms, since, until)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        idBytes(observation.id),
        row,
        observation.text,
        observation.confidence,
        validity.fromMs ?? null,
        validity.toMs ?? null,
        this.#facts.provenanceNumberFor(provenance),
        observation.atMs,
        observation.since,
        observation.until ?? null,
      );
  }

  #putRelation(relation: Relation, src: number, dst: number): number {
    const { lastInsertRowid } = this.#facts
      .sql(
        `INSERT INTO relation (id, src, dst, type, strength, confidence, is_both, valid_from_ms, valid_to_ms, metadata,
         provenance, created_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        idBytes(relation.id),
        src,
        dst,
        relation.type,
        relation.strength,
        relation.confidence,
        relation.isBidirectional ? 1 : 0,
        relation.validity.fromMs ?? null,
        relation.validity.toMs ?? null,
        jsonText(relation.metadata),
        this.#facts.provenanceNumberFor(relation.provenance),
        relation.createdAtMs,
      );
    return Number(lastInsertRowid);
  }

  #putPassages(row: number, passages: readonly Passage[], model: string | undefined): void {
    for (const passage of passages) this.#vectors.put(row, passage, model);
  }

  #log(of: {
    readonly entity: EntityId | undefined;
    readonly scope: number;
    readonly version: number;
    readonly action: string;
    readonly provenance: number;
    readonly atMs: number;
    readonly details: JsonObject;
  }): void {
    this.#facts
      .sql(
        "INSERT INTO change (entity, scope, version, action, provenance, at_ms, details) VALUES (?, ?, ?, ?, ?, ?, ?)",
      )
      .run(
        of.entity === undefined ? null : idBytes(of.entity),
        of.scope,
        of.version,
        of.action,
        of.provenance,
        of.atMs,
        jsonText(of.details),
      );
  }
}

const NOTHING: Forgotten = { entities: 0, observations: 0, relations: 0 };

const sum = (a: Forgotten, b: Forgotten): Forgotten => ({
  entities: a.entities + b.entities,
  observations: a.observations + b.observations,
  relations: a.relations + b.relations,
});
