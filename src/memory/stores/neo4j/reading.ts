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
import type { Connection } from "./connection.ts";
import { KEEP, keepParameters } from "./filters.ts";
import { changeOf, entityOf, toStored, numberOf, relationOf } from "./rows.ts";

/**
 * What is known of `e` now. Neo4j shows what others commit meanwhile: observations are read as of the version that was read, so
 * that head and observations always belong together.
 */
export const ENTITY = `, properties(e) AS head
  RETURN head, COLLECT {
    MATCH (e)-[:OBSERVED]->(o:CaxtonObservation) WHERE o.since <= head.version AND (o.until IS NULL OR o.until > head.version)
    RETURN properties(o) ORDER BY o.since, o.position
  } AS observations`;

const RELATION = "properties(r) AS relation, a.id AS from, b.id AS to";

/** What is asked of memory besides searches: by name, by id, page by page. Changes nothing. */
export class Reading {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  async find(keys: readonly EntityKey[]): Promise<readonly (Entity | undefined)[]> {
    const rows = await this.#connection.read(
      `UNWIND range(0, size($p.keys) - 1) AS at WITH at, $p.keys[at] AS key
       MATCH (e:CaxtonEntity {scope: key.scope, name: key.name}) WITH e, at ${ENTITY}, at`,
      { keys: keys.map(({ scope, name }) => ({ scope, name })) },
    );
    const found = new Map(rows.map((row) => [numberOf(row["at"]), entityOf(row)] as const));
    return keys.map((_, at) => found.get(at));
  }

  async get(ids: readonly EntityId[]): Promise<readonly (Entity | undefined)[]> {
    const rows = await this.#connection.read(`UNWIND $p.ids AS id MATCH (e:CaxtonEntity {id: id}) WITH e ${ENTITY}`, {
      ids: [...new Set(ids)],
    });
    const found = new Map(rows.map(entityOf).map((entity) => [entity.id, entity] as const));
    return ids.map((id) => found.get(id));
  }

  async list(filter: EntityFilter, { limit, cursor }: PageOf): Promise<MemoryPage<Entity>> {
    const [name, id] = readCursor(memoryCursors.entities, cursor) ?? ["", ""];
    const rows = await this.#connection.read(
      `UNWIND $p.scopes AS scope
       CALL (scope) {
         MATCH (e:CaxtonEntity) WHERE e.scope = scope AND e.name >= $p.name AND (e.name > $p.name OR e.id > $p.id) AND ${KEEP}
         RETURN e ORDER BY e.name, e.id LIMIT toInteger($p.limit)
       }
       WITH e ORDER BY e.name, e.id LIMIT toInteger($p.limit)
       WITH e ${ENTITY}`,
      { ...keepParameters(filter), scopes: [...new Set(filter.scopes)], name, id, limit: limit + 1 },
    );
    const found = rows.map(entityOf).toSorted(byName);
    const entries = found.slice(0, limit);
    const last = entries.at(-1);
    return {
      entries,
      next: found.length > limit && last ? memoryCursors.entities.encode(last.name, last.id) : undefined,
    };
  }

  async relations(of: RelationFilter, { limit, cursor }: PageOf): Promise<MemoryPage<Relation>> {
    const [from] = readCursor(memoryCursors.relations, cursor) ?? [0];
    const parameters = { scopes: [...new Set(of.scopes)], entities: of.entities ?? [], from, limit: limit + 1 };
    const rows = await this.#connection.read(
      of.entities
        ? `UNWIND $p.entities AS id MATCH (e:CaxtonEntity {id: id})-[r:CAXTON_RELATION]-()
           WHERE r.scope IN $p.scopes AND r.seq > $p.from
           WITH DISTINCT r ORDER BY r.seq LIMIT toInteger($p.limit)
           WITH r, startNode(r) AS a, endNode(r) AS b RETURN ${RELATION} ORDER BY r.seq`
        : `UNWIND $p.scopes AS scope
           CALL (scope) {
             MATCH (a)-[r:CAXTON_RELATION]->(b) WHERE r.scope = scope AND r.seq > $p.from
             RETURN a, r, b ORDER BY r.seq LIMIT toInteger($p.limit)
           }
           RETURN ${RELATION} ORDER BY r.seq LIMIT toInteger($p.limit)`,
      parameters,
    );
    const found = rows.map(relationOf);
    const entries = found.slice(0, limit);
    return {
      entries: entries.map(({ relation }) => relation),
      next: found.length > limit ? memoryCursors.relations.encode(entries.at(-1)?.seq ?? 0) : undefined,
    };
  }

  async relation(id: RelationId): Promise<Relation | undefined> {
    const [row] = await this.#connection.read(`MATCH (a)-[r:CAXTON_RELATION {id: $p.id}]->(b) RETURN ${RELATION}`, {
      id,
    });
    return row && relationOf(row).relation;
  }

  async log(of: ChangeFilter, { limit, cursor }: PageOf): Promise<MemoryPage<Change>> {
    const [before] = readCursor(memoryCursors.changes, cursor) ?? [Number.MAX_SAFE_INTEGER];
    const [key, values] = "entity" in of ? ["entity", [of.entity]] : ["scope", [...new Set(of.scopes)]];
    const rows = await this.#connection.read(
      `UNWIND $p.values AS value
       CALL (value) {
         MATCH (c:CaxtonChange) WHERE c.${key} = value AND c.seq < $p.before RETURN c ORDER BY c.seq DESC LIMIT toInteger($p.limit)
       }
       RETURN properties(c) AS change ORDER BY c.seq DESC LIMIT toInteger($p.limit)`,
      { values, before, limit: limit + 1 },
    );
    const found = rows.map((row) => changeOf(row["change"]));
    const entries = found.slice(0, limit);
    return { entries, next: found.length > limit ? memoryCursors.changes.encode(entries.at(-1)?.seq ?? 0) : undefined };
  }

  async history(id: EntityId): Promise<EntityHistory | undefined> {
    const [row] = await this.#connection.read(
      `MATCH (e:CaxtonEntity {id: $p.id}) WITH properties(e) AS head, e
       RETURN head,
         COLLECT { MATCH (e)-[:OBSERVED]->(o:CaxtonObservation) WHERE o.since <= head.version
                   RETURN properties(o) ORDER BY o.since, o.position } AS observations,
         COLLECT { MATCH (c:CaxtonChange) WHERE c.entity = $p.id AND c.seq >= 0 RETURN properties(c) ORDER BY c.seq } AS changes`,
      { id },
    );
    if (!row) return undefined;
    const { changes } = row;
    return { ...toStored(row), changes: Array.isArray(changes) ? changes.map(changeOf) : [] };
  }
}

/** As Neo4j orders texts: by code points. */
const byName = (one: Entity, other: Entity): number =>
  Buffer.compare(Buffer.from(one.name), Buffer.from(other.name)) || (one.id < other.id ? -1 : 1);
