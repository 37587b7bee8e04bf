import type { EntityRestore, Relation } from "../../knowledge/index.ts";
import { logChanges } from "./changes.ts";
import type { Ask, Connection } from "./connection.ts";
import { NEO4J_LIMITS } from "./limits.ts";
import type { Models } from "./models.ts";
import { putRelations, removeRelations } from "./relations.ts";
import { headProperties } from "./rows.ts";
import { putObservations, putPassages } from "./writing.ts";

/** Puts in what another memory had, some at a time; what was put in once takes its own place the second time. */
export async function restore(
  deps: { readonly connection: Connection; readonly models: Models },
  entities: readonly EntityRestore[],
  relations: readonly Relation[],
): Promise<void> {
  for (let at = 0; at < entities.length; at += NEO4J_LIMITS.batch) {
    const some = entities.slice(at, at + NEO4J_LIMITS.batch);
    for (const { model, passages } of some) await deps.models.prepare(model, passages);
    await deps.connection.write((ask) => putEntities(ask, some));
  }
  for (let at = 0; at < relations.length; at += NEO4J_LIMITS.batch) {
    const some = relations.slice(at, at + NEO4J_LIMITS.batch);
    await deps.connection.write(async (ask) => {
      await removeRelations(ask, some);
      await putRelations(ask, some);
    });
  }
}

async function putEntities(ask: Ask, entities: readonly EntityRestore[]): Promise<void> {
  const ids = entities.map(({ head }) => head.id);
  await ask(`UNWIND $p.heads AS head MERGE (e:CaxtonEntity {id: head.id}) SET e = head`, {
    heads: entities.map(({ head }) => headProperties(head)),
  });
  await ask("UNWIND $p.ids AS id MATCH (e:CaxtonEntity {id: id})-[:OBSERVED|PASSAGE]->(part) DETACH DELETE part", {
    ids,
  });
  await ask("UNWIND $p.ids AS id MATCH (c:CaxtonChange) WHERE c.entity = id AND c.seq >= 0 DELETE c", { ids });
  await putObservations(
    ask,
    entities.map(({ head, observations }) => ({ id: head.id, observations })),
  );
  await putPassages(ask, entities);
  await logChanges(
    ask,
    entities.flatMap(({ head, changes }) =>
      changes.map((change) => ({ ...change, entity: head.id, scope: head.scope })),
    ),
  );
}
