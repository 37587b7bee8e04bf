import * as z from "zod";
import { passagesOf, type StoreStats, type StoreProblem } from "../../knowledge/index.ts";
import { type Connection, whole } from "./connection.ts";
import { NEO4J_LIMITS } from "./limits.ts";
import { dropVectors, type Models, placeOfModel } from "./models.ts";
import { ENTITY } from "./reading.ts";
import { entityOf, numberOf, passageId, passageProperties, textOf } from "./rows.ts";
import { awaitIndexes, define, DEFINITIONS } from "./schema.ts";

type Deps = { readonly connection: Connection; readonly models: Models };

const IndexRow = z.object({ name: z.string(), state: z.string(), populationPercent: z.number() });

const ownIndexes = async (connection: Connection) =>
  (
    await connection.read(
      "SHOW INDEXES YIELD name, state, populationPercent WHERE name STARTS WITH 'caxton_' RETURN name, state, populationPercent",
    )
  ).map((row) => IndexRow.parse(row));

/** How much there is. What goes while it is counted has no fields any more, and is passed over. */
export async function stats({ connection, models }: Deps): Promise<StoreStats> {
  const [rows, related, passages, indexes, passagesByModel, active] = await Promise.all([
    connection.read(
      `MATCH (e:CaxtonEntity) WITH e, e.scope AS scope WHERE scope IS NOT NULL RETURN scope, count(e) AS entities,
         sum(COUNT { (e)-[:OBSERVED]->(o:CaxtonObservation) WHERE o.until IS NULL }) AS observations ORDER BY scope`,
      {},
      NEO4J_LIMITS.maintenanceMs,
    ),
    connection.read(
      "MATCH ()-[r:CAXTON_RELATION]->() WITH r.scope AS scope WHERE scope IS NOT NULL RETURN scope, count(*) AS relations",
      {},
      NEO4J_LIMITS.maintenanceMs,
    ),
    connection.read("MATCH (p:CaxtonPassage) RETURN count(p) AS n"),
    ownIndexes(connection),
    models.counts(),
    models.active(),
  ]);
  const relations = new Map(related.map((row) => [textOf(row["scope"]), numberOf(row["relations"])] as const));
  return {
    scopes: rows.map((row) => ({
      scope: textOf(row["scope"]),
      entities: numberOf(row["entities"]),
      observations: numberOf(row["observations"]),
      relations: relations.get(textOf(row["scope"])) ?? 0,
    })),
    bytes: undefined,
    passagesByModel,
    passagesWithoutVector: numberOf(passages[0]?.["n"]) - (passagesByModel[active ?? ""] ?? 0),
    indexed: Math.min(1, ...indexes.map(({ populationPercent }) => populationPercent / 100)),
  };
}

/** Looks whether all that is derived is there, and nothing is left of what is gone. */
export async function check(deps: Deps, repair: boolean): Promise<readonly StoreProblem[]> {
  return [
    ...(await checkIndexes(deps, repair)),
    ...(await checkPassages(deps, repair)),
    ...(await checkLeft(deps, repair)),
    ...(await checkVectors(deps, repair)),
  ];
}

const HINT = "`caxton memory doctor --repair` repairs it.";

async function checkIndexes({ connection }: Deps, repair: boolean): Promise<readonly StoreProblem[]> {
  const states = new Map((await ownIndexes(connection)).map(({ name, state }) => [name, state] as const));
  const missing = Object.keys(DEFINITIONS).filter((name) => !states.has(name));
  const failed = [...states].filter(([, state]) => state === "FAILED").map(([name]) => name);
  if (repair && missing.length > 0) await define(connection, missing);
  return [
    ...missing.map((name) => ({ what: `the index ${name} is missing`, hint: HINT, isRepaired: repair })),
    ...failed.map((name) => ({
      what: `the index ${name} has failed`,
      hint: `DROP INDEX ${name} in Neo4j, then \`caxton memory doctor --repair\`; logs/debug.log of the server says why it failed.`,
      isRepaired: false,
    })),
  ];
}

const BARE = "MATCH (e:CaxtonEntity) WHERE NOT EXISTS { (e)-[:PASSAGE]->() }";

async function checkPassages({ connection }: Deps, repair: boolean): Promise<readonly StoreProblem[]> {
  const [row] = await connection.read(`${BARE} RETURN count(e) AS n`, {}, NEO4J_LIMITS.maintenanceMs);
  const bare = numberOf(row?.["n"]);
  if (bare === 0) return [];
  if (repair) await rebuildPassages(connection, BARE, () => undefined);
  return [{ what: `${bare} entities cannot be found by searches`, hint: HINT, isRepaired: repair }];
}

const LEFT = `MATCH (n:CaxtonPassage|CaxtonObservation) WHERE NOT EXISTS { (:CaxtonEntity)-[:PASSAGE|OBSERVED]->(n) }`;

async function checkLeft({ connection }: Deps, repair: boolean): Promise<readonly StoreProblem[]> {
  const [row] = await connection.read(`${LEFT} RETURN count(n) AS n`, {}, NEO4J_LIMITS.maintenanceMs);
  const left = numberOf(row?.["n"]);
  if (left === 0) return [];
  if (repair) await connection.write((ask) => ask(`${LEFT} DETACH DELETE n`), NEO4J_LIMITS.maintenanceMs);
  return [{ what: `${left} passages or observations belong to no entity`, hint: HINT, isRepaired: repair }];
}

/** Vectors of models that count no more: a server wrote them while another changed the model. */
async function checkVectors({ connection, models }: Deps, repair: boolean): Promise<readonly StoreProblem[]> {
  const known = new Set(Object.keys(await models.counts()).map((name) => placeOfModel(name).property));
  const rows = await connection.read(
    `MATCH (p:CaxtonPassage) UNWIND keys(p) AS key WITH key, count(*) AS n WHERE key STARTS WITH 'vector_' RETURN key, n`,
    {},
    NEO4J_LIMITS.maintenanceMs,
  );
  const stray = rows.filter((row) => !known.has(textOf(row["key"])));
  for (const row of repair ? stray : []) await dropVectors(connection, textOf(row["key"]));
  const n = stray.reduce((sum, row) => sum + numberOf(row["n"]), 0);
  return n === 0 ? [] : [{ what: `${n} vectors are of a model that is not used`, hint: HINT, isRepaired: repair }];
}

/** Rebuilds the passages of the entities that `match` finds; vectors of unchanged texts stay. */
async function rebuildPassages(connection: Connection, match: string, progress: (done: number) => void): Promise<void> {
  for (let [after, done] = ["", 0]; ;) {
    const rows = await connection.read(
      `${match} WITH e WHERE e.id > $p.after WITH e ORDER BY e.id LIMIT toInteger($p.limit) WITH e ${ENTITY}`,
      { after, limit: NEO4J_LIMITS.batch },
    );
    const entities = rows.map(entityOf).toSorted((one, other) => (one.id < other.id ? -1 : 1));
    const last = entities.at(-1);
    if (!last) return;
    const all = entities.map((entity) => ({
      id: entity.id,
      version: whole(entity.version),
      passages: passagesOf(entity).map((text, ordinal) => passageProperties(entity, { ordinal, text })),
      kept: passagesOf(entity).map((_, ordinal) => passageId(entity.id, ordinal)),
    }));
    await connection.write(async (ask) => {
      await ask("UNWIND $p.all AS one MATCH (e:CaxtonEntity {id: one.id}) SET e.locked = true REMOVE e.locked", {
        all,
      });
      // Who has changed meanwhile has new passages already.
      await ask(
        `UNWIND $p.all AS one MATCH (e:CaxtonEntity {id: one.id, version: one.version})-[:PASSAGE]->(p)
         WHERE NOT p.id IN one.kept DETACH DELETE p`,
        { all },
      );
      await ask(
        `UNWIND $p.all AS one MATCH (e:CaxtonEntity {id: one.id, version: one.version}) UNWIND one.passages AS new
         OPTIONAL MATCH (old:CaxtonPassage {id: new.id}) WHERE old.text <> new.text DETACH DELETE old`,
        { all },
      );
      await ask(
        `UNWIND $p.all AS one MATCH (e:CaxtonEntity {id: one.id, version: one.version}) UNWIND one.passages AS new
         MERGE (p:CaxtonPassage {id: new.id}) SET p += new MERGE (e)-[:PASSAGE]->(p)`,
        { all },
      );
    });
    done += entities.length;
    progress(done);
    after = last.id;
  }
}

/** Rebuilds passages, words and indexes. */
export async function reindex({ connection }: Deps, progress: (done: number, all: number) => void): Promise<void> {
  await define(connection, Object.keys(DEFINITIONS));
  const [row] = await connection.read("MATCH (e:CaxtonEntity) RETURN count(e) AS n");
  const all = numberOf(row?.["n"]);
  await rebuildPassages(connection, "MATCH (e:CaxtonEntity)", (done) => progress(Math.min(done, all), all));
  await awaitIndexes(connection);
}
