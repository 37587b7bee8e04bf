import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { EntityId, RelationId } from "../../../kernel/ids.ts";
import type { Change, Entity, EntityHistory, Provenance, Relation, ScopeKey } from "../../../memory/index.ts";
import { changeOf, headOf, idBytes, idText, numberOf, observationOf, relationOf, type Row } from "./rows.ts";

const HEAD = "SELECT e.*, s.key AS scope_key FROM entity e JOIN scope s ON s.n = e.scope";
const OBSERVATION = `SELECT o.*, p.source, p.source_id, p.agent FROM observation o JOIN provenance p ON p.n = o.provenance`;
const RELATION = `SELECT r.*, p.source, p.source_id, p.agent, a.id AS src_id, b.id AS dst_id, s.key AS scope_key
  FROM relation r JOIN provenance p ON p.n = r.provenance
  JOIN entity a ON a.row = r.src JOIN entity b ON b.row = r.dst JOIN scope s ON s.n = a.scope`;
const CHANGE = `SELECT c.*, p.source, p.source_id, p.agent, s.key AS scope_key FROM change c
  JOIN provenance p ON p.n = c.provenance JOIN scope s ON s.n = c.scope`;

/** An entity with the number it has in this file. */
export type Filed = { readonly row: number; readonly entity: Entity };

/** Reads what is known, and keeps the small tables that rows refer to. Not a transaction by itself. */
export class Facts {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #scopes = new Map<ScopeKey, number>();
  readonly #provenances = new Map<string, number>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** A prepared statement, made once. */
  sql(text: string): StatementSync {
    let statement = this.#statements.get(text);
    if (!statement) this.#statements.set(text, (statement = this.#db.prepare(text)));
    return statement;
  }

  /** Forgets numbers that a transaction gave out which was rolled back. */
  rolledBack(): void {
    this.#scopes.clear();
    this.#provenances.clear();
  }

  scopeNumber(key: ScopeKey): number | undefined {
    const known = this.#scopes.get(key);
    if (known !== undefined) return known;
    const row = this.sql("SELECT n FROM scope WHERE key = ?").get(key);
    if (row) this.#scopes.set(key, numberOf(row["n"]));
    return row && numberOf(row["n"]);
  }

  /** Inside a transaction. */
  scopeNumberFor(key: ScopeKey): number {
    const known = this.scopeNumber(key);
    if (known !== undefined) return known;
    const n = Number(this.sql("INSERT INTO scope (key) VALUES (?)").run(key).lastInsertRowid);
    this.#scopes.set(key, n);
    return n;
  }

  /** Inside a transaction. */
  provenanceNumberFor({ source, sourceId = "", agent = "" }: Provenance): number {
    const key = JSON.stringify([source, sourceId, agent]);
    const known = this.#provenances.get(key);
    if (known !== undefined) return known;
    const values = [source, sourceId, agent] as const;
    const row = this.sql("SELECT n FROM provenance WHERE source = ? AND source_id = ? AND agent = ?").get(...values);
    const n = row
      ? numberOf(row["n"])
      : Number(
          this.sql("INSERT INTO provenance (source, source_id, agent) VALUES (?, ?, ?)").run(...values).lastInsertRowid,
        );
    // Runs come and go; only the latest are asked for again.
    if (this.#provenances.size >= PROVENANCES_KNOWN_MAX) this.#provenances.clear();
    this.#provenances.set(key, n);
    return n;
  }

  rowOf(id: EntityId): number | undefined {
    const row = this.sql("SELECT row FROM entity WHERE id = ?").get(idBytes(id));
    return row && numberOf(row["row"]);
  }

  entityId(row: number): EntityId | undefined {
    const found = this.sql("SELECT id FROM entity WHERE row = ?").get(row);
    return found && EntityId.parse(idText(found["id"]));
  }

  relationId(row: number): RelationId | undefined {
    const found = this.sql("SELECT id FROM relation WHERE row = ?").get(row);
    return found && RelationId.parse(idText(found["id"]));
  }

  find(scope: ScopeKey, name: string): Filed | undefined {
    const n = this.scopeNumber(scope);
    return n === undefined ? undefined : this.#filed(this.sql(`${HEAD} WHERE e.scope = ? AND e.name = ?`).get(n, name));
  }

  get(id: EntityId): Filed | undefined {
    return this.#filed(this.sql(`${HEAD} WHERE e.id = ?`).get(idBytes(id)));
  }

  at(row: number): Filed | undefined {
    return this.#filed(this.sql(`${HEAD} WHERE e.row = ?`).get(row));
  }

  /** Those with greater numbers than `after`, in their order. */
  after(row: number, limit: number): readonly Filed[] {
    return this.sql(`${HEAD} WHERE e.row > ? ORDER BY e.row LIMIT ?`)
      .all(row, limit)
      .flatMap((head) => this.#filed(head) ?? []);
  }

  /** Heads by the end of a query over `e` and `s`. */
  heads(rest: string, ...values: SQLInputValue[]): readonly Filed[] {
    return this.sql(`${HEAD} ${rest}`)
      .all(...values)
      .flatMap((head) => this.#filed(head) ?? []);
  }

  #filed(row: Row | undefined): Filed | undefined {
    if (!row) return undefined;
    const n = numberOf(row["row"]);
    const observations = this.sql(`${OBSERVATION} WHERE o.entity = ? AND o.until IS NULL ORDER BY o.row`).all(n);
    return { row: n, entity: { ...headOf(row), observations: observations.map(observationOf) } };
  }

  history(id: EntityId): EntityHistory | undefined {
    const row = this.sql(`${HEAD} WHERE e.id = ?`).get(idBytes(id));
    if (!row) return undefined;
    const observations = this.sql(`${OBSERVATION} WHERE o.entity = ? ORDER BY o.row`).all(numberOf(row["row"]));
    const changes = this.sql(`${CHANGE} WHERE c.entity = ? ORDER BY c.seq`).all(idBytes(id));
    return { head: headOf(row), observations: observations.map(observationOf), changes: changes.map(changeOf) };
  }

  relation(id: RelationId): (Relation & { readonly row: number }) | undefined {
    const row = this.sql(`${RELATION} WHERE r.id = ?`).get(idBytes(id));
    return row && { ...relationOf(row), row: numberOf(row["row"]) };
  }

  /** By the end of a query over `r`, `a`, `b` and `s`. */
  relations(rest: string, ...values: SQLInputValue[]): readonly (Relation & { readonly row: number })[] {
    return this.sql(`${RELATION} ${rest}`)
      .all(...values)
      .map((row) => ({ ...relationOf(row), row: numberOf(row["row"]) }));
  }

  /** By the end of a query over `c`. */
  changes(rest: string, ...values: SQLInputValue[]): readonly Change[] {
    return this.sql(`${CHANGE} ${rest}`)
      .all(...values)
      .map(changeOf);
  }
}

/** Numbers of runs and agents that are kept in memory. */
const PROVENANCES_KNOWN_MAX = 10_000;
