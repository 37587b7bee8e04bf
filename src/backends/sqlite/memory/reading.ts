import type { EntityId, RelationId } from "../../../kernel/ids.ts";
import {
  type Change,
  type Entity,
  type EntityFilter,
  type EntityHistory,
  MemoryCursorError,
  type MemoryPage,
  type PageOf,
  type Relation,
  type ScopeKey,
  type StoreWalk,
  type StoreWalked,
} from "../../../memory/index.ts";
import type { Facts } from "./facts.ts";
import type { Indexes } from "./indexes.ts";
import { idBytes } from "./rows.ts";

/** What is asked of memory besides searches: by name, by id, page by page, along relations. Changes nothing. */
export class Reading {
  readonly #facts: Facts;
  readonly #indexes: Indexes;
  /** Whether the indexes hold everything. */
  readonly #isIndexed: () => boolean;

  constructor(deps: { readonly facts: Facts; readonly indexes: Indexes; readonly isIndexed: () => boolean }) {
    this.#facts = deps.facts;
    this.#indexes = deps.indexes;
    this.#isIndexed = deps.isIndexed;
  }

  find(keys: readonly { readonly scope: ScopeKey; readonly name: string }[]): readonly (Entity | undefined)[] {
    return keys.map(({ scope, name }) => this.#facts.find(scope, name)?.entity);
  }

  get(ids: readonly EntityId[]): readonly (Entity | undefined)[] {
    return ids.map((id) => this.#facts.get(id)?.entity);
  }

  list(filter: EntityFilter, { limit, cursor }: PageOf): MemoryPage<Entity> {
    const { keep } = this.#indexes.keeper(filter);
    const scopes = this.#scopes(filter.scopes);
    const entries: Entity[] = [];
    let after = cursor === undefined ? (["", 0] as const) : readCursor(cursor);
    for (;;) {
      const filed = this.#facts.heads(
        `WHERE e.scope IN (SELECT value FROM json_each(?)) AND (e.name, e.row) > (?, ?) ORDER BY e.name, e.row LIMIT ?`,
        JSON.stringify(scopes),
        after[0],
        after[1],
        limit + 1,
      );
      for (const { row, entity } of filed) {
        if (entries.length === limit) return { entries, next: writeCursor(after) };
        after = [entity.name, row];
        // A filter asks the indexes, which may not have it yet.
        if (!this.#isIndexed()) this.#indexes.refresh(row);
        if (keep(row)) entries.push(entity);
      }
      if (filed.length <= limit) return { entries, next: undefined };
    }
  }

  #scopes(keys: readonly ScopeKey[]): readonly number[] {
    return keys.flatMap((key) => this.#facts.scopeNumber(key) ?? []);
  }

  relations(
    of: { readonly scopes: readonly ScopeKey[]; readonly entities: readonly EntityId[] | undefined },
    { limit, cursor }: PageOf,
  ): MemoryPage<Relation> {
    const from = cursor === undefined ? 0 : readNumber(cursor);
    const scopes = JSON.stringify(this.#scopes(of.scopes));
    const rest = "AND r.row > ? ORDER BY r.row LIMIT ?";
    const rows = of.entities && JSON.stringify(of.entities.flatMap((id) => this.#facts.rowOf(id) ?? []));
    const found =
      rows === undefined
        ? this.#facts.relations(`WHERE a.scope IN (SELECT value FROM json_each(?)) ${rest}`, scopes, from, limit + 1)
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
      next: found.length > limit ? `n${entries.at(-1)?.row}` : undefined,
    };
  }

  relation(id: RelationId): Relation | undefined {
    const found = this.#facts.relation(id);
    if (!found) return undefined;
    const { row: _row, ...relation } = found;
    return relation;
  }

  walk(walk: StoreWalk): StoreWalked {
    const scopes = new Set(this.#scopes(walk.scopes));
    const start = walk.start
      .flatMap((id) => this.#facts.rowOf(id) ?? [])
      .filter((row) => this.#indexes.isOfScopes(row, scopes));
    const { visited, cut } = this.#indexes.graph.walk(start, {
      depth: walk.depth,
      direction: walk.direction === "both" ? "both" : walk.direction === "outgoing" ? "out" : "in",
      order: walk.order,
      types: walk.types,
      strengthMin: walk.strengthMin,
      visitsMax: walk.visitsMax,
      keep: (row) => this.#indexes.isOfScopes(row, scopes),
    });
    const steps = visited.flatMap(({ row, depth, via }) => {
      const entity = this.#facts.entityId(row);
      const relation = via === undefined ? undefined : this.#facts.relationId(via);
      return entity ? [{ entity, depth, via: relation }] : [];
    });
    return { steps, isCut: cut };
  }

  log(
    of: { readonly entity: EntityId } | { readonly scopes: readonly ScopeKey[] },
    { limit, cursor }: PageOf,
  ): MemoryPage<Change> {
    const before = cursor === undefined ? Number.MAX_SAFE_INTEGER : readNumber(cursor);
    const found =
      "entity" in of
        ? this.#facts.changes(
            "WHERE c.entity = ? AND c.seq < ? ORDER BY c.seq DESC LIMIT ?",
            idBytes(of.entity),
            before,
            limit + 1,
          )
        : this.#facts.changes(
            "WHERE c.scope IN (SELECT value FROM json_each(?)) AND c.seq < ? ORDER BY c.seq DESC LIMIT ?",
            JSON.stringify(this.#scopes(of.scopes)),
            before,
            limit + 1,
          );
    const entries = found.slice(0, limit);
    return { entries, next: found.length > limit ? `n${entries.at(-1)?.seq}` : undefined };
  }

  history(id: EntityId): EntityHistory | undefined {
    return this.#facts.history(id);
  }
}

type ListCursor = readonly [name: string, row: number];

const writeCursor = (at: ListCursor): string => `l${Buffer.from(JSON.stringify(at)).toString("base64url")}`;

function readCursor(cursor: string): ListCursor {
  try {
    const at: unknown = JSON.parse(Buffer.from(cursor.slice(1), "base64url").toString());
    if (cursor.startsWith("l") && Array.isArray(at)) return [String(at[0]), Number(at[1])];
  } catch {
    // It is refused below.
  }
  throw foreignCursor(cursor);
}

function readNumber(cursor: string): number {
  const n = Number(/^n(\d{1,15})$/u.exec(cursor)?.[1]);
  if (Number.isNaN(n)) throw foreignCursor(cursor);
  return n;
}

const foreignCursor = (cursor: string): MemoryCursorError =>
  new MemoryCursorError(
    "the cursor is not one of this list",
    "Use `next` of the page before, or none for the first page.",
    { cursor: cursor.slice(0, 100) },
  );
