import type { EntityId } from "../../../kernel/ids.ts";
import { addForgotten, type ForgetBy, type Forgotten, type ForgetTarget, passagesOf } from "../../knowledge/index.ts";
import { logChanges } from "./changes.ts";
import type { Ask, Connection } from "./connection.ts";
import { NEO4J_LIMITS } from "./limits.ts";
import { ENTITY } from "./reading.ts";
import { entityIdOf, entityOf, type NewChange, numberOf, textOf } from "./rows.ts";
import { putPassages } from "./writing.ts";

const NOTHING: Forgotten = { entities: 0, observations: 0, relations: 0 };

/** Removes without a trace but for the numbers; of many entities some at a time. */
export async function forget(connection: Connection, target: ForgetTarget, by: ForgetBy): Promise<Forgotten> {
  switch (target.type) {
    case "entities":
      return forgetEntities(connection, target.ids, by);
    case "observations":
      return connection.write((ask) => forgetObservations(ask, target, by));
    case "scope":
      return forgetScope(connection, target.scope, by);
  }
}

async function forgetEntities(connection: Connection, ids: readonly EntityId[], by: ForgetBy): Promise<Forgotten> {
  let gone = NOTHING;
  for (let at = 0; at < ids.length; at += NEO4J_LIMITS.batch) {
    const some = ids.slice(at, at + NEO4J_LIMITS.batch);
    gone = addForgotten(gone, await connection.write((ask) => forgetSome(ask, some, by)));
  }
  return gone;
}

/** In one transaction. */
export async function forgetSome(ask: Ask, ids: readonly EntityId[], by: ForgetBy): Promise<Forgotten> {
  const removed = await remove(ask, ids);
  await ask("UNWIND $p.ids AS id MATCH (c:CaxtonChange) WHERE c.entity = id AND c.seq >= 0 DELETE c", {
    ids: removed.map(({ id }) => id),
  });
  await logChanges(
    ask,
    removed.map(({ id, scope, gone: details }) => forgotten({ entity: id, scope, version: 0, details }, by)),
  );
  return removed.map(({ gone }) => gone).reduce(addForgotten, NOTHING);
}

const forgotten = (
  of: Pick<NewChange, "entity" | "scope" | "version" | "details">,
  { provenance, atMs }: ForgetBy,
): NewChange => ({
  ...of,
  action: "forget",
  provenance,
  atMs,
});

/** Entities that are there with all that is theirs, but for the log. */
async function remove(ask: Ask, ids: readonly EntityId[]) {
  const sorted = [...new Set(ids)].toSorted();
  await ask("UNWIND $p.ids AS id MATCH (e:CaxtonEntity {id: id}) SET e.locked = true REMOVE e.locked", { ids: sorted });
  const rows = await ask(
    `UNWIND $p.ids AS id MATCH (e:CaxtonEntity {id: id})
     RETURN id, e.scope AS scope, COUNT { (e)-[:OBSERVED]->() } AS observations`,
    { ids: sorted },
  );
  const removed: { readonly id: EntityId; readonly scope: string; readonly gone: Forgotten }[] = [];
  // A relation between two of them is gone with the first.
  const relations = new Map(
    (
      await ask(
        `UNWIND $p.ids AS id MATCH (e:CaxtonEntity {id: id})-[r:CAXTON_RELATION]-()
         WITH r, min(id) AS first RETURN first AS id, count(r) AS n`,
        { ids: sorted },
      )
    ).map((row) => [entityIdOf(row["id"]), numberOf(row["n"])] as const),
  );
  for (const row of rows) {
    const id = entityIdOf(row["id"]);
    const gone = { entities: 1, observations: numberOf(row["observations"]), relations: relations.get(id) ?? 0 };
    removed.push({ id, scope: textOf(row["scope"]), gone });
  }
  await ask("UNWIND $p.ids AS id MATCH (e:CaxtonEntity {id: id})-[:OBSERVED|PASSAGE]->(part) DETACH DELETE part", {
    ids: sorted,
  });
  await ask("UNWIND $p.ids AS id MATCH (e:CaxtonEntity {id: id}) DETACH DELETE e", { ids: sorted });
  return removed;
}

async function forgetScope(connection: Connection, scope: string, by: ForgetBy): Promise<Forgotten> {
  let gone = NOTHING;
  for (;;) {
    const removed = await connection.write(async (ask) => {
      const rows = await ask(
        "MATCH (e:CaxtonEntity) WHERE e.scope = $p.scope AND e.name >= '' RETURN e.id AS id LIMIT toInteger($p.limit)",
        {
          scope,
          limit: NEO4J_LIMITS.batch,
        },
      );
      return remove(
        ask,
        rows.map((row) => entityIdOf(row["id"])),
      );
    });
    gone = removed.map((one) => one.gone).reduce(addForgotten, gone);
    if (removed.length === 0) break;
  }
  const logged = await forgetLog(connection, scope);
  if (gone.entities === 0 && logged === 0) return gone;
  await connection.write((ask) =>
    logChanges(ask, [forgotten({ entity: undefined, scope, version: 0, details: gone }, by)]),
  );
  return gone;
}

/** How many changes were in it. */
async function forgetLog(connection: Connection, scope: string): Promise<number> {
  for (let all = 0; ;) {
    const [row] = await connection.write((ask) =>
      ask(
        "MATCH (c:CaxtonChange) WHERE c.scope = $p.scope AND c.seq >= 0 WITH c LIMIT toInteger($p.limit) DELETE c RETURN count(*) AS n",
        { scope, limit: NEO4J_LIMITS.passagesBatch },
      ),
    );
    const n = numberOf(row?.["n"]);
    all += n;
    if (n < NEO4J_LIMITS.passagesBatch) return all;
  }
}

async function forgetObservations(
  ask: Ask,
  target: Extract<ForgetTarget, { type: "observations" }>,
  by: ForgetBy,
): Promise<Forgotten> {
  const { entity: id, ids } = target;
  await ask("MATCH (e:CaxtonEntity {id: $p.id}) SET e.locked = true REMOVE e.locked", { id });
  const [removed] = await ask(
    `MATCH (e:CaxtonEntity {id: $p.id})-[:OBSERVED]->(o:CaxtonObservation) WHERE o.id IN $p.ids
     DETACH DELETE o RETURN count(*) AS n`,
    { id, ids },
  );
  const observations = numberOf(removed?.["n"]);
  if (observations === 0) return NOTHING;
  await ask("MATCH (e:CaxtonEntity {id: $p.id}) SET e.version = e.version + 1, e.updatedAtMs = toInteger($p.atMs)", {
    id,
    atMs: by.atMs,
  });
  // What its passages said is no longer so; they get vectors again from what is left.
  await ask("MATCH (e:CaxtonEntity {id: $p.id})-[:PASSAGE]->(p:CaxtonPassage) DETACH DELETE p", { id });
  const [left] = await ask(`MATCH (e:CaxtonEntity {id: $p.id}) WITH e ${ENTITY}`, { id });
  if (!left) return NOTHING;
  const entity = entityOf(left);
  const passages = passagesOf(entity).map((text, ordinal) => ({ ordinal, text, vector: undefined }));
  await putPassages(ask, [{ head: entity, passages, model: undefined }]);
  const gone = { entities: 0, observations, relations: 0 };
  await logChanges(ask, [forgotten({ entity: id, scope: entity.scope, version: entity.version, details: gone }, by)]);
  return gone;
}
