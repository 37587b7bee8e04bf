import type { EntityId } from "../../../kernel/ids.ts";
import { addForgotten, type ForgetBy, type Forgotten, type ForgetTarget, passagesOf } from "../../knowledge/index.ts";
import type { Facts } from "./facts.ts";
import { entityOf, idBytes, numberOf } from "./rows.ts";
import { spanOf } from "./tables.ts";
import type { Vectors } from "./indexing/vectors.ts";
import type { Touched, Writing } from "./writing.ts";

/** What removes from the file without a trace, inside a transaction that the caller holds. */
export class Forgetting {
  readonly #facts: Facts;
  readonly #vectors: Vectors;
  readonly #writing: Writing;

  constructor(deps: { readonly facts: Facts; readonly vectors: Vectors; readonly writing: Writing }) {
    this.#facts = deps.facts;
    this.#vectors = deps.vectors;
    this.#writing = deps.writing;
  }

  forget(target: ForgetTarget, by: ForgetBy, touched: Touched): Forgotten {
    switch (target.type) {
      case "entities":
        return target.ids.map((id) => this.#entity(id, by, touched)).reduce(addForgotten, NOTHING);
      case "observations":
        return this.#observations(target, by, touched);
      case "scope": {
        const scope = this.#facts.scopeNumber(target.scope);
        if (scope === undefined) return NOTHING;
        const rows = this.#facts.cells("SELECT row FROM entity WHERE scope = ?", scope);
        const gone = rows.map(([row]) => this.#remove(numberOf(row), touched)).reduce(addForgotten, NOTHING);
        this.#facts.sql("DELETE FROM change WHERE scope = ?").run(scope);
        this.#writing.forgotten({ entity: undefined, gone: undefined, scope, version: 0 }, by, gone);
        return gone;
      }
    }
  }

  #entity(id: EntityId, by: ForgetBy, touched: Touched): Forgotten {
    const row = this.#facts.rowOf(id);
    if (row === undefined) return NOTHING;
    const scope = numberOf(this.#facts.sql("SELECT scope FROM entity WHERE row = ?").get(row)?.["scope"]);
    const gone = this.#remove(row, touched);
    this.#writing.forgotten({ entity: undefined, gone: id, scope, version: 0 }, by, gone);
    return gone;
  }

  #observations(target: Extract<ForgetTarget, { type: "observations" }>, by: ForgetBy, touched: Touched): Forgotten {
    const row = this.#facts.rowOf(target.entity);
    if (row === undefined) return NOTHING;
    let observations = 0;
    for (const id of target.ids) {
      const { changes } = this.#facts
        .sql("DELETE FROM observation WHERE row BETWEEN ? AND ? AND id = ?")
        .run(...spanOf(row), idBytes(id));
      observations += Number(changes);
    }
    if (observations === 0) return NOTHING;
    const gone = { entities: 0, observations, relations: 0 };
    const known = this.#facts.sql("SELECT scope, version FROM entity WHERE row = ?").get(row);
    const version = numberOf(known?.["version"]) + 1;
    this.#facts.sql("UPDATE entity SET version = ?, updated_at_ms = ? WHERE row = ?").run(version, by.atMs, row);
    // What its passages said is no longer so; they get vectors again from what is left.
    this.#vectors.remove(row, 0);
    const [left] = this.#facts.packed([row]);
    if (left) this.#vectors.makeRoom(row, passagesOf(entityOf(left)).length);
    this.#writing.forgotten({ entity: row, gone: undefined, scope: numberOf(known?.["scope"]), version }, by, gone);
    touched.entities.set(row, undefined);
    return gone;
  }

  /** An entity with all that is said of it, its relations and its changes. */
  #remove(row: number, touched: Touched): Forgotten {
    const said = this.#facts.sql("DELETE FROM observation WHERE row BETWEEN ? AND ?").run(...spanOf(row));
    const relations = this.#facts.cells("SELECT row FROM relation WHERE src = ? OR dst = ?", row, row);
    for (const [relation] of relations) touched.relations.set(numberOf(relation), undefined);
    this.#facts.sql("DELETE FROM relation WHERE src = ? OR dst = ?").run(row, row);
    this.#facts.sql("DELETE FROM change WHERE entity = ?").run(row);
    this.#vectors.remove(row, 0);
    this.#facts.sql("DELETE FROM entity WHERE row = ?").run(row);
    touched.entities.set(row, undefined);
    return { entities: 1, observations: Number(said.changes), relations: relations.length };
  }
}

const NOTHING: Forgotten = { entities: 0, observations: 0, relations: 0 };
