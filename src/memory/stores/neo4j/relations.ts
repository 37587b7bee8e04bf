import type { Relation } from "../../knowledge/index.ts";
import type { Ask } from "./connection.ts";
import { relationProperties } from "./rows.ts";

/** Deletes relations with the same ends and type, and those with the same id. */
export async function removeRelations(ask: Ask, relations: readonly Relation[]): Promise<void> {
  const gone = relations.map(({ id, from, to, type }) => ({ id, from, to, type }));
  await Promise.all([
    ask("UNWIND $p.gone AS g MATCH ()-[r:CAXTON_RELATION {id: g.id}]->() DELETE r", { gone }),
    ask(
      `UNWIND $p.gone AS g MATCH (a:CaxtonEntity {id: g.from})-[r:CAXTON_RELATION]->(b:CaxtonEntity {id: g.to})
       WHERE r.type = g.type DELETE r`,
      { gone },
    ),
  ]);
}

/** Between entities that are there; one with an end that is not is passed over. */
export async function putRelations(ask: Ask, relations: readonly Relation[]): Promise<void> {
  if (relations.length === 0) return;
  await ask(
    `MATCH (m:CaxtonMemory {key: 'memory'}) SET m.seq = toInteger(m.seq + $p.count) WITH m.seq - $p.count + 1 AS first
     UNWIND range(0, size($p.relations) - 1) AS at WITH $p.relations[at] AS new, toInteger(first) + at AS seq
     MATCH (a:CaxtonEntity {id: new.from}), (b:CaxtonEntity {id: new.to})
     CREATE (a)-[r:CAXTON_RELATION]->(b) SET r = new.properties, r.seq = seq`,
    {
      relations: relations.map((one) => ({ from: one.from, to: one.to, properties: relationProperties(one) })),
      count: relations.length,
    },
  );
}
