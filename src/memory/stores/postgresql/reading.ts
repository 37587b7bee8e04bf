import type { EntityId, RelationId } from "../../../kernel/ids.ts";
import {
  type Change,
  type Entity,
  type EntityFilter,
  type EntityHistory,
  memoryCursors,
  readCursor,
  type MemoryPage,
  type PageOf,
  type Relation,
  type ChangeFilter,
  type EntityKey,
  type RelationFilter,
} from "../../knowledge/index.ts";
import type { Connections } from "./connections.ts";
import { narrowing } from "./search/filters.ts";
import {
  changeOf,
  CHANGES,
  changesOf,
  ENTITIES,
  entityOf,
  headOf,
  HISTORY,
  numberOf,
  observationsOf,
  relationOf,
  RELATIONS,
  scopesOf,
} from "./rows.ts";
import { Records, type Row, Values } from "./session.ts";

/** What is asked of memory besides searches: by name, by id, page by page. Changes nothing. */
export class Reading {
  readonly #connections: Connections;

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  async find(keys: readonly EntityKey[]): Promise<readonly (Entity | undefined)[]> {
    if (keys.length === 0) return [];
    const rows = await this.#connections.read((session) =>
      session.rows(
        `${ENTITIES} JOIN json_to_recordset($1) AS v(scope text, name text) ON v.scope = s.key AND v.name = e.name`,
        [new Records(keys.map(({ scope, name }) => ({ scope, name })))],
      ),
    );
    const found = new Map(rows.map(entityOf).map((entity) => [`${entity.scope}\n${entity.name}`, entity]));
    return keys.map(({ scope, name }) => found.get(`${scope}\n${name.toWellFormed()}`));
  }

  async get(ids: readonly EntityId[]): Promise<readonly (Entity | undefined)[]> {
    if (ids.length === 0) return [];
    const rows = await this.#connections.read((session) =>
      session.rows(`${ENTITIES} WHERE e.id = ANY($1::uuid[])`, [ids]),
    );
    const found = new Map(rows.map(entityOf).map((entity) => [entity.id, entity]));
    return ids.map((id) => found.get(id));
  }

  async list(filter: EntityFilter, { limit, cursor }: PageOf): Promise<MemoryPage<Entity>> {
    const values = new Values();
    const scopes = values.add(filter.scopes);
    const after = readCursor(memoryCursors.entities, cursor);
    const later = after ? `AND (e.name, e.id) > (${values.add(after[0])}, ${values.add(after[1])}::uuid)` : "";
    const narrow = narrowing(filter, values);
    const most = values.add(limit + 1);
    const rows = await this.#connections.read((session) =>
      session.rows(
        // Each scope's entities lie in the order of their names.
        `${ENTITIES} WHERE e.row IN (SELECT found.row FROM scope sc CROSS JOIN LATERAL (
           SELECT e.row, e.name, e.id FROM entity e WHERE e.scope = sc.n ${later} ${narrow === "" ? "" : `AND ${narrow}`}
           ORDER BY e.name, e.id LIMIT ${most}) found
         WHERE sc.key = ANY(${scopes}::text[]) ORDER BY found.name, found.id LIMIT ${most}) ORDER BY e.name, e.id`,
        values.all,
      ),
    );
    const entries = rows.slice(0, limit).map(entityOf);
    const last = entries.at(-1);
    return {
      entries,
      next: rows.length > limit && last ? memoryCursors.entities.encode(last.name, last.id) : undefined,
    };
  }

  async relations(of: RelationFilter, { limit, cursor }: PageOf): Promise<MemoryPage<Relation>> {
    const [from] = readCursor(memoryCursors.relations, cursor) ?? [0];
    const values = new Values();
    const conditions = [`r.scope = ${scopesOf(values.add(of.scopes))}`, `r.row > ${values.add(from)}`];
    if (of.entities) {
      const ends = `ANY(ARRAY(SELECT row FROM entity WHERE id = ANY(${values.add(of.entities)}::uuid[])))`;
      conditions.push(`(r.src = ${ends} OR r.dst = ${ends})`);
    }
    const rows = await this.#connections.read((session) =>
      session.rows(
        `${RELATIONS} WHERE ${conditions.join(" AND ")} ORDER BY r.row LIMIT ${values.add(limit + 1)}`,
        values.all,
      ),
    );
    return paged(rows, limit, "row", relationOf);
  }

  async relation(id: RelationId): Promise<Relation | undefined> {
    const [row] = await this.#connections.read((session) => session.rows(`${RELATIONS} WHERE r.id = $1`, [id]));
    return row && relationOf(row);
  }

  async log(of: ChangeFilter, { limit, cursor }: PageOf): Promise<MemoryPage<Change>> {
    const [before] = readCursor(memoryCursors.changes, cursor) ?? [Number.MAX_SAFE_INTEGER];
    const which = "entity" in of ? "c.entity = $1" : `c.scope = ${scopesOf("$1")}`;
    const rows = await this.#connections.read((session) =>
      session.rows(`${CHANGES} WHERE ${which} AND c.seq < $2 ORDER BY c.seq DESC LIMIT $3`, [
        "entity" in of ? of.entity : of.scopes,
        before,
        limit + 1,
      ]),
    );
    return paged(rows, limit, "seq", changeOf);
  }

  async history(id: EntityId): Promise<EntityHistory | undefined> {
    const [row] = await this.#connections.read((session) => session.rows(HISTORY, [id]));
    return row && { head: headOf(row), observations: observationsOf(row), changes: changesOf(row) };
  }
}

const CURSOR_OF = { row: memoryCursors.relations, seq: memoryCursors.changes } as const;

function paged<Entry>(
  rows: readonly Row[],
  limit: number,
  column: keyof typeof CURSOR_OF,
  entryOf: (row: Row) => Entry,
): MemoryPage<Entry> {
  const shown = rows.slice(0, limit);
  return {
    entries: shown.map(entryOf),
    next: rows.length > limit ? CURSOR_OF[column].encode(numberOf(shown.at(-1)?.[column])) : undefined,
  };
}
