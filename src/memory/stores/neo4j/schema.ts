import { MemoryUnavailableError } from "../../knowledge/index.ts";
import type { Connection } from "./connection.ts";
import { NEO4J_LIMITS } from "./limits.ts";
import { numberOf, textOf } from "./rows.ts";

const SCHEMA = 1;

/**
 * What searches and uniqueness rest on, by name. Relations have one type of relationship, CAXTON_RELATION, and theirs as a
 * property: a database never gives back the names of types that it once had, and what was forgotten is to be gone. An index of two
 * properties is used only by who asks for something of both: hence `seq >= 0`, `length >= 0` and the like.
 */
export const DEFINITIONS: Readonly<Record<string, string>> = {
  caxton_memory: "CONSTRAINT caxton_memory IF NOT EXISTS FOR (m:CaxtonMemory) REQUIRE m.key IS UNIQUE",
  caxton_model: "CONSTRAINT caxton_model IF NOT EXISTS FOR (m:CaxtonModel) REQUIRE m.name IS UNIQUE",
  caxton_entity: "CONSTRAINT caxton_entity IF NOT EXISTS FOR (e:CaxtonEntity) REQUIRE e.id IS UNIQUE",
  caxton_entity_name:
    "CONSTRAINT caxton_entity_name IF NOT EXISTS FOR (e:CaxtonEntity) REQUIRE (e.scope, e.name) IS UNIQUE",
  caxton_passage: "CONSTRAINT caxton_passage IF NOT EXISTS FOR (p:CaxtonPassage) REQUIRE p.id IS UNIQUE",
  caxton_relation: "CONSTRAINT caxton_relation IF NOT EXISTS FOR ()-[r:CAXTON_RELATION]-() REQUIRE r.id IS UNIQUE",
  caxton_change: "CONSTRAINT caxton_change IF NOT EXISTS FOR (c:CaxtonChange) REQUIRE c.seq IS UNIQUE",
  caxton_passage_scope: "INDEX caxton_passage_scope IF NOT EXISTS FOR (p:CaxtonPassage) ON (p.scope, p.length)",
  caxton_relation_scope: "INDEX caxton_relation_scope IF NOT EXISTS FOR ()-[r:CAXTON_RELATION]-() ON (r.scope, r.seq)",
  caxton_change_scope: "INDEX caxton_change_scope IF NOT EXISTS FOR (c:CaxtonChange) ON (c.scope, c.seq)",
  caxton_change_entity: "INDEX caxton_change_entity IF NOT EXISTS FOR (c:CaxtonChange) ON (c.entity, c.seq)",
  // The words are stemmed already and stand between spaces.
  caxton_words:
    "FULLTEXT INDEX caxton_words IF NOT EXISTS FOR (p:CaxtonPassage) ON EACH [p.place, p.words] OPTIONS {indexConfig: {`fulltext.analyzer`: 'whitespace'}}",
};

/** Makes what is missing. Several servers may do so at once. */
export async function define(connection: Connection, names: Iterable<string>): Promise<void> {
  for (const name of names) {
    const definition = DEFINITIONS[name];
    if (definition !== undefined) await connection.define(`CREATE ${definition}`);
  }
  await awaitIndexes(connection);
}

export async function awaitIndexes(connection: Connection): Promise<void> {
  await connection.read(
    `CALL db.awaitIndexes(${NEO4J_LIMITS.maintenanceMs / 1_000})`,
    {},
    NEO4J_LIMITS.maintenanceMs + NEO4J_LIMITS.transactionMs,
  );
}

/** Looks whether the server and what it holds can be used, and makes what memory needs where it is missing. */
export async function openSchema(connection: Connection, url: string): Promise<void> {
  const [found] = await connection.read(
    "CALL dbms.components() YIELD versions OPTIONAL MATCH (m:CaxtonMemory {key: 'memory'}) RETURN versions[0] AS version, m.schema AS schema",
  );
  const version = found === undefined ? "" : textOf(found["version"]);
  if (!isKnown(version)) {
    throw new MemoryUnavailableError(
      `Neo4j at ${url} is ${version || "of no known version"}`,
      "Caxton needs Neo4j 5.26 or newer.",
      { backend: "neo4j" },
    );
  }
  const schema = found?.["schema"] ?? 0;
  if (numberOf(schema) > SCHEMA) {
    throw new MemoryUnavailableError(
      `memory in Neo4j at ${url} was written by a newer Caxton (schema ${numberOf(schema)}; this one knows ${SCHEMA})`,
      "Run the newer version.",
      { backend: "neo4j" },
    );
  }
  if (schema === SCHEMA) return;
  await define(connection, Object.keys(DEFINITIONS));
  await connection.write((ask) =>
    ask("MERGE (m:CaxtonMemory {key: 'memory'}) ON CREATE SET m.seq = 0 SET m.schema = toInteger($p.schema)", {
      schema: SCHEMA,
    }),
  );
}

/** 5.26 is the oldest with all that is asked of it; later ones are numbered by years. */
function isKnown(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map((part) => Number.parseInt(part, 10));
  return major > 5 || (major === 5 && minor >= 26);
}
