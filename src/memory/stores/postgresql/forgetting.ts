import { addForgotten, type ForgetBy, type Forgotten, type ForgetTarget, passagesOf } from "../../knowledge/index.ts";
import { type Connections, POSTGRESQL_LIMITS } from "./connections.ts";
import { insertChanges } from "./heads.ts";
import type { SurrogateKeys } from "./surrogate-keys.ts";
import { addPassages, deletePassages } from "./passages.ts";
import { ENTITIES, entityIdOf, entityOf, numberOf, textOf } from "./rows.ts";
import { Records, type Session } from "./session.ts";
import { markForScrub, type PageScrubber } from "./page-scrubber.ts";

const NOTHING: Forgotten = { entities: 0, observations: 0, relations: 0 };
/** Removes rows, and has what is left of them overwritten in the pages of tables and indexes. */
export class Forgetting {
  readonly #connections: Connections;
  readonly #numbers: SurrogateKeys;
  readonly #scrubber: PageScrubber;

  constructor(deps: {
    readonly connections: Connections;
    readonly numbers: SurrogateKeys;
    readonly scrubber: PageScrubber;
  }) {
    this.#connections = deps.connections;
    this.#numbers = deps.numbers;
    this.#scrubber = deps.scrubber;
  }

  async forget(target: ForgetTarget, by: ForgetBy): Promise<Forgotten> {
    const scopes = target.type === "scope" ? [target.scope] : await this.#scopesOf(target);
    if (scopes.length === 0) return NOTHING;
    await this.#numbers.prepare({ scopes, provenances: [by.provenance] });
    const wordNumber = await this.#numbers.wordNumbers();
    const gone = await this.#connections.transact(async (session) => {
      const forgotten =
        target.type === "observations"
          ? await this.#observations(target, by, { session, wordNumber })
          : target.type === "entities"
            ? await this.#entities(target.ids, by, session)
            : await this.#scope(target.scope, by, session);
      return forgotten;
    }, POSTGRESQL_LIMITS.maintenanceMs);
    await this.#scrubber.begin();
    return gone;
  }

  async #scopesOf(target: Exclude<ForgetTarget, { type: "scope" }>): Promise<readonly string[]> {
    const ids = target.type === "entities" ? target.ids : [target.entity];
    const rows = await this.#connections.read((session) =>
      session.rows("SELECT DISTINCT s.key FROM entity e JOIN scope s ON s.n = e.scope WHERE e.id = ANY($1::uuid[])", [
        ids,
      ]),
    );
    return rows.map(({ key }) => textOf(key));
  }

  async #entities(ids: readonly string[], by: ForgetBy, session: Session): Promise<Forgotten> {
    const rows = await session.rows(
      `SELECT e.row, e.id, s.key, (SELECT count(*) FROM observation o WHERE o.entity = e.row) AS observations
       FROM entity e JOIN scope s ON s.n = e.scope WHERE e.id = ANY($1::uuid[]) ORDER BY e.id FOR UPDATE OF e`,
      [ids],
    );
    const found = new Map(rows.map((row) => [String(row["id"]), row]));
    const order = [...new Set(ids)].map((id) => found.get(id)).filter((row) => row !== undefined);
    const relations = await countRelations(
      session,
      order.map(({ row }) => numberOf(row)),
    );
    const gone = order.map((row, index) => ({
      id: String(row["id"]),
      scope: textOf(row["key"]),
      numbers: { entities: 1, observations: numberOf(row["observations"]), relations: relations[index] ?? 0 },
    }));
    await remove(
      session,
      order.map(({ row }) => numberOf(row)),
    );
    if (order.length > 0) await markForScrub(session, "wipe");
    await session.rows("DELETE FROM change WHERE entity = ANY($1::uuid[])", [gone.map(({ id }) => id)]);
    const logged = order.map((row, index) => ({
      // The row's own id, as PostgreSQL wrote it.
      entity: entityIdOf(row),
      scope: gone[index]?.scope ?? "",
      version: 0,
      action: "forget" as const,
      ...by,
      details: gone[index]?.numbers ?? NOTHING,
    }));
    await insertChanges(session, logged, this.#numbers);
    return gone.map(({ numbers }) => numbers).reduce(addForgotten, NOTHING);
  }

  async #observations(
    target: Extract<ForgetTarget, { type: "observations" }>,
    by: ForgetBy,
    { session, wordNumber }: { readonly session: Session; readonly wordNumber: (stem: string) => string },
  ): Promise<Forgotten> {
    const [known] = await session.rows("SELECT row, scope, version FROM entity WHERE id = $1 FOR UPDATE", [
      target.entity,
    ]);
    if (!known) return NOTHING;
    const row = numberOf(known["row"]);
    const rows = await session.rows("DELETE FROM observation WHERE entity = $1 AND id = ANY($2::uuid[]) RETURNING id", [
      row,
      target.ids,
    ]);
    if (rows.length === 0) return NOTHING;
    const version = numberOf(known["version"]) + 1;
    await session.rows("UPDATE entity SET version = $2, updated_at_ms = $3 WHERE row = $1", [row, version, by.atMs]);
    // What its passages said is no longer so; they get vectors again from what is left.
    await session.rows(deletePassages("p.entity = v.entity"), [new Records([{ entity: row }])]);
    const [left] = (await session.rows(`${ENTITIES} WHERE e.row = $1`, [row])).map(entityOf);
    const passages = left ? passagesOf(left) : [];
    await addPassages(
      session,
      passages.map((text, ordinal) => ({
        entity: row,
        scope: numberOf(known["scope"]),
        passage: { ordinal, text, vector: undefined },
      })),
      { model: undefined, wordNumber },
    );
    const gone = { entities: 0, observations: rows.length, relations: 0 };
    await markForScrub(session, "wipe_observations");
    await insertChanges(
      session,
      [{ entity: target.entity, scope: left?.scope ?? "", version, action: "forget", ...by, details: gone }],
      this.#numbers,
    );
    return gone;
  }

  async #scope(scope: string, by: ForgetBy, session: Session): Promise<Forgotten> {
    const n = this.#numbers.scope(scope);
    const rows = await session.rows("SELECT row FROM entity WHERE scope = $1 ORDER BY id FOR UPDATE", [n]);
    const [counted] = await session.rows(
      `SELECT (SELECT count(*) FROM observation o JOIN entity e ON e.row = o.entity WHERE e.scope = $1) AS observations,
         (SELECT count(*) FROM relation WHERE scope = $1) AS relations`,
      [n],
    );
    const gone = {
      entities: rows.length,
      observations: numberOf(counted?.["observations"]),
      relations: numberOf(counted?.["relations"]),
    };
    await remove(
      session,
      rows.map(({ row }) => numberOf(row)),
    );
    await session.rows("DELETE FROM change WHERE scope = $1", [n]);
    if (rows.length > 0) await markForScrub(session, "wipe");
    await insertChanges(
      session,
      [{ entity: undefined, scope, version: 0, action: "forget", ...by, details: gone }],
      this.#numbers,
    );
    return gone;
  }
}

/** How many relations go with each entity; one between two of them goes with the first. */
async function countRelations(session: Session, rows: readonly number[]): Promise<readonly number[]> {
  const counted = await session.rows(
    `SELECT first, count(*) AS n FROM (
       SELECT row, min(i) AS first FROM (
         SELECT r.row, v.i FROM unnest($1::bigint[]) WITH ORDINALITY v(entity, i) JOIN relation r ON r.src = v.entity
         UNION ALL
         SELECT r.row, v.i FROM unnest($1::bigint[]) WITH ORDINALITY v(entity, i) JOIN relation r ON r.dst = v.entity
       ) ends GROUP BY row
     ) firsts GROUP BY first`,
    [rows],
  );
  const byPlace = new Map(counted.map(({ first, n }) => [numberOf(first), numberOf(n)]));
  return rows.map((_, index) => byPlace.get(index + 1) ?? 0);
}

/** Relations, observations and passages go with their entities. */
async function remove(session: Session, rows: readonly number[]): Promise<void> {
  await session.rows(
    `DELETE FROM posting USING passage p WHERE posting.passage = p.row AND p.entity = ANY($1::bigint[])`,
    [rows],
  );
  await session.rows("DELETE FROM entity WHERE row = ANY($1::bigint[])", [rows]);
}
