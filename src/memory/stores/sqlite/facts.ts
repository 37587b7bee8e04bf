import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type { EntityId, RelationId } from "../../../kernel/ids.ts";
import type { Change, EntityHistory, Provenance, Relation, ScopeKey } from "../../knowledge/index.ts";
import {
  type Cells,
  CHANGE_COLUMNS,
  changeOf,
  entityOf,
  HEAD_COLUMNS,
  idBytes,
  idText,
  idBeginning,
  numberOf,
  OBSERVATION_COLUMNS,
  type PackedEntity,
  relatedOf,
  RELATION_COLUMNS,
  relationOf,
  textOf,
} from "./rows.ts";
import { SPAN, spanOf, beginningOf } from "./tables.ts";

const RELATION = `SELECT ${RELATION_COLUMNS} FROM relation r CROSS JOIN provenance p ON p.n = r.provenance
  CROSS JOIN entity a ON a.row = r.src CROSS JOIN entity b ON b.row = r.dst`;
const CHANGE = `SELECT ${CHANGE_COLUMNS} FROM change c JOIN provenance p ON p.n = c.provenance
  LEFT JOIN entity e ON e.row = c.entity`;
const BY_ID = `${beginningOf("id")} = ? AND id = ?`;
const ROW_BY_ID = `SELECT row FROM entity WHERE ${BY_ID}`;

/** Numbers of runs and agents that are kept in memory. */
const PROVENANCES_KNOWN_MAX = 10_000;

/** Reads facts, and maintains the small tables that rows refer to. Does not start transactions. */
export class Facts {
  #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #scopes = new Map<ScopeKey, number>();
  readonly #scopeKeys = new Map<number, ScopeKey>();
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

  /** The same, whose rows are arrays of values. */
  cells(text: string, ...values: SQLInputValue[]): readonly Cells[] {
    let statement = this.#statements.get(text);
    if (!statement) {
      this.#statements.set(text, (statement = this.#db.prepare(text)));
      statement.setReturnArrays(true);
    }
    const rows: readonly unknown[] = statement.all(...values);
    return rows.filter(isCells);
  }

  /** The same facts are in another file from now on. */
  switchTo(db: DatabaseSync): void {
    this.#db = db;
    this.#statements.clear();
  }

  /** Forgets numbers that a transaction gave out which was rolled back. */
  rolledBack(): void {
    this.#scopes.clear();
    this.#scopeKeys.clear();
    this.#provenances.clear();
  }

  scopeNumber(key: ScopeKey): number | undefined {
    const known = this.#scopes.get(key);
    if (known !== undefined) return known;
    const row = this.sql("SELECT n FROM scope WHERE key = ?").get(key);
    if (row) this.#scopes.set(key, numberOf(row["n"]));
    return row && numberOf(row["n"]);
  }

  scopeKey(number: number): ScopeKey {
    const known = this.#scopeKeys.get(number);
    if (known !== undefined) return known;
    const key = textOf(this.sql("SELECT key FROM scope WHERE n = ?").get(number)?.["key"]);
    this.#scopeKeys.set(number, key);
    return key;
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
    const key = `${source}\n${sourceId}\n${agent}`;
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
    const bytes = idBytes(id);
    const row = this.sql(ROW_BY_ID).get(idBeginning(bytes), bytes);
    return row && numberOf(row["row"]);
  }

  /** Of a row that is there. */
  idAt(row: number): string {
    return idText(this.cells("SELECT hex(id) FROM entity WHERE row = ?", row)[0]?.[0]);
  }

  /** Of a row that is there. */
  versionAt(row: number): number {
    return numberOf(this.sql("SELECT version FROM entity WHERE row = ?").get(row)?.["version"]);
  }

  versionOf(id: EntityId): { readonly row: number; readonly version: number } | undefined {
    const bytes = idBytes(id);
    const found = this.sql(`SELECT row, version FROM entity WHERE ${BY_ID}`).get(idBeginning(bytes), bytes);
    return found && { row: numberOf(found["row"]), version: numberOf(found["version"]) };
  }

  rowNamed(scope: ScopeKey, name: string): number | undefined {
    const n = this.scopeNumber(scope);
    const row =
      n === undefined ? undefined : this.sql("SELECT row FROM entity WHERE scope = ? AND name = ?").get(n, name);
    return row && numberOf(row["row"]);
  }

  /** Entities as they cross threads, by their rows, in their order; those that are not there are undefined. */
  packed(rows: readonly number[]): readonly (PackedEntity | undefined)[] {
    if (rows.length === 0) return [];
    const list = JSON.stringify([...new Set(rows)]);
    const heads = this.cells(`SELECT ${HEAD_COLUMNS} FROM json_each(?) j CROSS JOIN entity e ON e.row = j.value`, list);
    const observations = this.cells(
      `SELECT ${OBSERVATION_COLUMNS} FROM json_each(?) j
       CROSS JOIN observation o ON o.row BETWEEN j.value * ${SPAN} AND j.value * ${SPAN} + ${SPAN - 1}
       CROSS JOIN provenance p ON p.n = o.provenance WHERE o.until IS NULL`,
      list,
    );
    const found = new Map<number, unknown>();
    let next = 0;
    for (const head of heads) {
      const row = numberOf(head[0]);
      const cells = head.slice(1);
      cells[1] = this.scopeKey(numberOf(head[2]));
      for (; next < observations.length; next += 1) {
        const one = observations[next];
        if (!one || Math.floor(numberOf(one[0]) / SPAN) !== row) break;
        for (let at = 1; at < one.length; at += 1) cells.push(one[at] ?? null);
      }
      found.set(row, cells);
    }
    return rows.map((row) => {
      const cells = found.get(row);
      return isCells(cells) ? cells : undefined;
    });
  }

  history(id: EntityId): EntityHistory | undefined {
    const row = this.rowOf(id);
    const [cells] = row === undefined ? [] : this.packed([row]);
    if (row === undefined || !cells) return undefined;
    const { observations: _now, ...head } = entityOf(cells);
    const said = this.cells(
      `SELECT ${OBSERVATION_COLUMNS} FROM observation o JOIN provenance p ON p.n = o.provenance
       WHERE o.row BETWEEN ? AND ? ORDER BY o.row`,
      ...spanOf(row),
    );
    const { observations } = entityOf([...cells.slice(0, 12), ...said.flatMap((one) => one.slice(1))]);
    const changes = [
      ...this.changes("WHERE c.entity = ?", row),
      ...this.related("WHERE r.src = ? AND r.version IS NOT NULL", row),
    ];
    return { head, observations, changes: changes.toSorted((one, other) => one.seq - other.seq) };
  }

  relation(id: RelationId): (Relation & { readonly row: number }) | undefined {
    const bytes = idBytes(id);
    const [found] = this.relations(`WHERE ${beginningOf("r.id")} = ? AND r.id = ?`, idBeginning(bytes), bytes);
    return found;
  }

  /** By the end of a query over `r`, `a` and `b`. */
  relations(rest: string, ...values: SQLInputValue[]): readonly (Relation & { readonly row: number })[] {
    return this.sql(`${RELATION} ${rest}`)
      .all(...values)
      .map((row) => ({ ...relationOf(row, this.scopeKey(numberOf(row["scope"]))), row: numberOf(row["row"]) }));
  }

  /** The changes that stand in relations, by the end of a query over `r` and `a`. */
  related(rest: string, ...values: SQLInputValue[]): readonly Change[] {
    return this.sql(`${RELATION} ${rest}`)
      .all(...values)
      .map((row) => relatedOf(row, this.scopeKey(numberOf(row["scope"]))));
  }

  /** Other changes, by the end of a query over `c`. */
  changes(rest: string, ...values: SQLInputValue[]): readonly Change[] {
    return this.sql(`${CHANGE} ${rest}`)
      .all(...values)
      .map((row) => changeOf(row, this.scopeKey(numberOf(row["scope"]))));
  }
}

const isCells = (row: unknown): row is Cells => Array.isArray(row);
