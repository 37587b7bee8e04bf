import type { EntityId, RelationId } from "../../../kernel/ids.ts";
import {
  type Change,
  type EntityFilter,
  type EntityHistory,
  memoryCursors,
  readCursor,
  type MemoryPage,
  type PageOf,
  type Relation,
  type ScopeKey,
  type StoreWalk,
  type ChangeFilter,
  type EntityKey,
  type RelationFilter,
} from "../../knowledge/index.ts";
import type { Facts } from "./facts.ts";
import type { Indexes } from "./indexing/indexes.ts";
import type { Indexing } from "./indexing/indexing.ts";
import { ID_CHARACTERS } from "./ids.ts";
import { type PackedWalk, STEP_CHARACTERS } from "./files/packing.ts";
import { idBytes, numberOf, type PackedEntity, textOf } from "./rows.ts";

/** No entity has this row. */
const NO_ROW = 0;
/** Names that a list looks at together, once a filter has left some out, and at most for one page. */
const LISTED_AT_ONCE = 500;
const LISTED_LOOKS_MAX = 5_000;

/** What is asked of memory besides searches: by name, by id, page by page, along relations. Changes nothing. */
export class Reading {
  readonly #facts: Facts;
  readonly #indexing: Indexing;

  constructor(deps: { readonly facts: Facts; readonly indexing: Indexing }) {
    this.#facts = deps.facts;
    this.#indexing = deps.indexing;
  }

  get #indexes(): Indexes {
    return this.#indexing.indexes;
  }

  find(keys: readonly EntityKey[]): readonly (PackedEntity | undefined)[] {
    const rows = keys.map(({ scope, name }) => this.#facts.rowNamed(scope, name) ?? NO_ROW);
    return this.#facts.packed(rows);
  }

  get(ids: readonly EntityId[]): readonly (PackedEntity | undefined)[] {
    return this.#facts.packed(ids.map((id) => this.rowOf(id) ?? NO_ROW));
  }

  /** Ids by name, concatenated as text; blank for unknown names. */
  findIds(scope: ScopeKey, names: readonly string[]): string {
    const rows = Int32Array.from(names, (name) => this.#facts.rowNamed(scope, name) ?? -1);
    const text = Buffer.alloc(names.length * ID_CHARACTERS, " ");
    if (this.#indexing.isWhole)
      this.#indexes.entityIds.write(rows, text, { count: rows.length, at: 0, every: ID_CHARACTERS });
    else
      for (const [at, row] of rows.entries())
        if (row !== -1) text.write(this.#facts.idAt(row), at * ID_CHARACTERS, "latin1");
    return text.toString("latin1");
  }

  /** What is indexed is found without the file. */
  rowOf(id: EntityId): number | undefined {
    const row = this.#indexes.entityIds.find(idBytes(id));
    return row >= 0 ? row : this.#indexing.isWhole ? undefined : this.#facts.rowOf(id);
  }

  list(filter: EntityFilter, { limit, cursor }: PageOf): MemoryPage<PackedEntity> {
    const { scopes: keys, ...narrower } = filter;
    const isNarrow = Object.values(narrower).some((value) => value !== undefined);
    const scopes = this.#scopes(keys);
    const kept: number[] = [];
    let after = readCursor(memoryCursors.entityRows, cursor) ?? ["", 0];
    let looked = 0;
    for (let step = limit + 1; ; step = LISTED_AT_ONCE) {
      const found = this.#named(scopes, after, step);
      // A filter asks the indexes, which may not have them yet, nor what is to be asked of them.
      if (isNarrow && !this.#indexing.isWhole) for (const { row } of found) this.#indexes.refresh(row);
      const { keep } = this.#indexes.filterCheck(filter);
      for (const { row, name } of found) {
        if (kept.length === limit) return this.#page(kept, after);
        after = [name, row];
        if (keep?.(row) !== false) kept.push(row);
      }
      looked += found.length;
      if (found.length < step) return this.#page(kept, undefined);
      // If few entities pass, the next page continues; a request never scans a whole scope.
      if (looked >= LISTED_LOOKS_MAX) return this.#page(kept, after);
    }
  }

  #page(rows: readonly number[], after: [string, number] | undefined): MemoryPage<PackedEntity> {
    return {
      entries: this.#facts.packed(rows).filter((one) => one !== undefined),
      next: after && memoryCursors.entityRows.encode(...after),
    };
  }

  /** Names and rows behind a place, in the order of lists: out of each scope's index as many as are wanted. */
  #named(scopes: readonly number[], [name, row]: [string, number], limit: number) {
    const found = scopes.flatMap((scope) =>
      this.#facts
        .cells(
          "SELECT name, row FROM entity WHERE scope = ? AND name >= ? AND (name > ? OR row > ?) ORDER BY name LIMIT ?",
          scope,
          name,
          name,
          row,
          limit,
        )
        .map(([text, number]) => ({ name: textOf(text), row: numberOf(number) })),
    );
    if (scopes.length < 2) return found;
    return found.toSorted((one, other) => compare(one.name, other.name) || one.row - other.row).slice(0, limit);
  }

  #scopes(keys: readonly ScopeKey[]): readonly number[] {
    return keys.flatMap((key) => this.#facts.scopeNumber(key) ?? []);
  }

  relations(of: RelationFilter, { limit, cursor }: PageOf): MemoryPage<Relation> {
    const [from] = readCursor(memoryCursors.relations, cursor) ?? [0];
    const scopes = JSON.stringify(this.#scopes(of.scopes));
    const rest = "AND r.row > ? ORDER BY r.row LIMIT ?";
    const rows = of.entities && JSON.stringify(of.entities.flatMap((id) => this.rowOf(id) ?? []));
    const found =
      rows === undefined
        ? // In the order of their rows, with the plus: by the scopes' entities all of them would be sorted for each page.
          this.#facts.relations(`WHERE +a.scope IN (SELECT value FROM json_each(?)) ${rest}`, scopes, from, limit + 1)
        : this.#facts.relations(
            `WHERE r.row IN (SELECT row FROM relation WHERE src IN (SELECT value FROM json_each(?))
               UNION SELECT row FROM relation WHERE dst IN (SELECT value FROM json_each(?)))
             AND a.scope IN (SELECT value FROM json_each(?)) ${rest}`,
            rows,
            rows,
            scopes,
            from,
            limit + 1,
          );
    const entries = found.slice(0, limit);
    return {
      entries: entries.map(({ row: _row, ...relation }) => relation),
      next: found.length > limit ? memoryCursors.relations.encode(entries.at(-1)?.row ?? 0) : undefined,
    };
  }

  relation(id: RelationId): Relation | undefined {
    const found = this.#facts.relation(id);
    if (!found) return undefined;
    const { row: _row, ...relation } = found;
    return relation;
  }

  walk(walk: StoreWalk): PackedWalk {
    const scopes = new Set(this.#scopes(walk.scopes));
    const start = walk.start
      .flatMap((id) => this.rowOf(id) ?? [])
      .filter((row) => this.#indexes.isOfScopes(row, scopes));
    const { count, rows, depths, slots, cut } = this.#indexes.graph.reach(start, {
      depth: walk.depth,
      direction: walk.direction === "both" ? "both" : walk.direction === "outgoing" ? "out" : "in",
      order: walk.order,
      types: walk.types,
      strengthMin: walk.strengthMin,
      visitsMax: walk.visitsMax,
      keep: (row) => this.#indexes.isOfScopes(row, scopes),
    });
    const text = Buffer.alloc(count * STEP_CHARACTERS, " ");
    const [every, depthAt] = [STEP_CHARACTERS, ID_CHARACTERS * 2];
    this.#indexes.entityIds.write(rows, text, { count, at: 0, every });
    this.#indexes.relationIds.write(slots, text, { count, at: ID_CHARACTERS, every });
    for (let at = 0; at < count; at += 1) text[at * every + depthAt] = depths[at] ?? 0;
    return { steps: text.toString("latin1"), isCut: cut };
  }

  log(of: ChangeFilter, { limit, cursor }: PageOf): MemoryPage<Change> {
    const [before] = readCursor(memoryCursors.changes, cursor) ?? [Number.MAX_SAFE_INTEGER];
    const found =
      "entity" in of ? this.#logOf(of.entity, before, limit + 1) : this.#logIn(of.scopes, before, limit + 1);
    const newest = found.toSorted((one, other) => other.seq - one.seq);
    const entries = newest.slice(0, limit);
    return {
      entries,
      next: newest.length > limit ? memoryCursors.changes.encode(entries.at(-1)?.seq ?? 0) : undefined,
    };
  }

  #logOf(id: EntityId, before: number, limit: number): readonly Change[] {
    const row = this.rowOf(id);
    if (row === undefined) {
      return this.#facts.changes(
        "WHERE c.gone = ? AND c.seq < ? ORDER BY c.seq DESC LIMIT ?",
        idBytes(id),
        before,
        limit,
      );
    }
    return [
      ...this.#facts.changes("WHERE c.entity = ? AND c.seq < ? ORDER BY c.seq DESC LIMIT ?", row, before, limit),
      ...this.#facts.related(
        "WHERE r.src = ? AND r.version IS NOT NULL AND r.row < ? ORDER BY r.row DESC LIMIT ?",
        row,
        before,
        limit,
      ),
    ];
  }

  #logIn(keys: readonly ScopeKey[], before: number, limit: number): readonly Change[] {
    const scopes = JSON.stringify(this.#scopes(keys));
    return [
      ...this.#facts.changes(
        "WHERE c.scope IN (SELECT value FROM json_each(?)) AND c.seq < ? ORDER BY c.seq DESC LIMIT ?",
        scopes,
        before,
        limit,
      ),
      ...this.#facts.related(
        `WHERE r.version IS NOT NULL AND a.scope IN (SELECT value FROM json_each(?)) AND r.row < ?
         ORDER BY r.row DESC LIMIT ?`,
        scopes,
        before,
        limit,
      ),
    ];
  }

  history(id: EntityId): EntityHistory | undefined {
    return this.#facts.history(id);
  }
}

/** As SQLite compares. */
const compare = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other));
