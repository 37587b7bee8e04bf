import { createHash } from "node:crypto";
import * as z from "zod";
import type { EntityId } from "../../../kernel/ids.ts";
import { type Entity, EmbeddingModelMismatchError, type Passage, type PassageUpdate } from "../../knowledge/index.ts";
import { type Ask, type Connection, type Row, whole } from "./connection.ts";
import { NEO4J_LIMITS } from "./limits.ts";
import { ENTITY } from "./reading.ts";
import { entityOf, passageId, passageProperties, textOf } from "./rows.ts";

const Dims = z.number().nullish();

/** Where a model's vectors are: a property of passages, and the index of that property. */
export type ModelPlace = { readonly property: string; readonly index: string };

export function placeOfModel(model: string): ModelPlace {
  const key = createHash("sha256").update(model).digest("hex").slice(0, 12);
  return { property: `vector_${key}`, index: `caxton_vector_${key}` };
}

/** A vector that is to be written, of the passage with the id. */
export type NewVector = { readonly id: string; readonly vector: readonly number[] };

/** Returns the vectors of passages; zero vectors are left out. */
export const vectorsOf = (id: EntityId, passages: readonly Passage[]): readonly NewVector[] =>
  passages.flatMap(({ ordinal, vector }) =>
    vector?.some((part) => part !== 0) ? [{ id: passageId(id, ordinal), vector: [...vector] }] : [],
  );

/** Inside of a transaction. */
export const putVectors = (ask: Ask, model: string, vectors: readonly NewVector[]): Promise<readonly Row[]> =>
  ask(
    `UNWIND $p.vectors AS one MATCH (p:CaxtonPassage {id: one.id})
     CALL db.create.setNodeVectorProperty(p, $p.property, one.vector)`,
    { vectors, property: placeOfModel(model).property },
  );

/** The models whose vectors are kept. Each has a property of its own, so that one can come while another counts. */
export class Models {
  readonly #connection: Connection;
  /** How many parts the vectors of a model have whose index is there. */
  readonly #ready = new Map<string, number>();
  /** Up to which passage each model's gaps were looked for. */
  readonly #seen = new Map<string, string>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** The one that searches go by. */
  async active(): Promise<string | undefined> {
    const [row] = await this.#connection.read("MATCH (m:CaxtonMemory {key: 'memory'}) RETURN m.model AS model");
    return row?.["model"] === null || row === undefined ? undefined : textOf(row["model"]);
  }

  /** Before vectors of a model are written. Throws EmbeddingModelMismatchError for a vector of another length. */
  async prepare(model: string | undefined, passages: readonly Passage[]): Promise<void> {
    const dims = passages.find(({ vector }) => vector)?.vector?.length;
    if (model === undefined || dims === undefined) return;
    const known = this.#ready.get(model) ?? (await this.#define(model, dims));
    if (known !== dims) throw new EmbeddingModelMismatchError(model, known, dims);
  }

  async #define(model: string, dims: number): Promise<number> {
    const { property, index } = placeOfModel(model);
    const [row] = await this.#connection.write((ask) =>
      ask(
        "MERGE (m:CaxtonModel {name: $p.model}) ON CREATE SET m.property = $p.property SET m.dims = coalesce(m.dims, $p.dims) RETURN m.dims AS dims",
        { model, property, dims: whole(dims) },
      ),
    );
    const known = Dims.parse(row?.["dims"]) ?? dims;
    await this.#connection.define(
      `CREATE VECTOR INDEX ${index} IF NOT EXISTS FOR (p:CaxtonPassage) ON p.${property}
       OPTIONS {indexConfig: {\`vector.dimensions\`: ${known}, \`vector.similarity_function\`: 'cosine'}}`,
    );
    this.#ready.set(model, known);
    return known;
  }

  /** Its vectors are those that count; all others go. */
  async activate(model: string): Promise<void> {
    const others = await this.#connection.write(async (ask) => {
      await ask("MATCH (m:CaxtonMemory {key: 'memory'}) SET m.model = $p.model", { model });
      return ask("MATCH (m:CaxtonModel) WHERE m.name <> $p.model RETURN m.name AS name", { model });
    });
    for (const { name } of others) await this.#drop(textOf(name));
    this.#seen.clear();
  }

  /** Some vectors of others than the one that counts go; whether there may be more. */
  async dropOthers(model: string, limit: number): Promise<boolean> {
    const [other] = await this.#connection.read(
      "MATCH (m:CaxtonModel) WHERE m.name <> $p.model RETURN m.name AS name LIMIT 1",
      { model },
    );
    if (!other) return false;
    const name = textOf(other["name"]);
    const { property, index } = placeOfModel(name);
    const isLeft = await this.#connection.write(async (ask) => {
      // Waits for a concurrent change of the active model.
      const [memory] = await ask(
        "MATCH (m:CaxtonMemory {key: 'memory'}) SET m.locked = true REMOVE m.locked RETURN m.model AS model",
      );
      if (memory?.["model"] !== model) return undefined;
      const n = await removeVectors(ask, property, limit);
      if (n < limit) await ask("MATCH (m:CaxtonModel {name: $p.name}) DELETE m", { name });
      return n === limit;
    });
    if (isLeft === false) {
      this.#ready.delete(name);
      await this.#connection.define(`DROP INDEX ${index} IF EXISTS`);
    }
    return isLeft !== undefined;
  }

  async #drop(model: string): Promise<void> {
    const { property, index } = placeOfModel(model);
    this.#ready.delete(model);
    await this.#connection.define(`DROP INDEX ${index} IF EXISTS`);
    await dropVectors(this.#connection, property);
    await this.#connection.write((ask) => ask("MATCH (m:CaxtonModel {name: $p.model}) DELETE m", { model }));
  }

  /** Entities with gaps; each gap is named once, and again when all were. */
  async lacking(model: string, limit: number): Promise<readonly Entity[]> {
    const { property } = placeOfModel(model);
    const from = this.#seen.get(model) ?? "";
    const rows = await this.#connection.read(
      `MATCH (p:CaxtonPassage) WHERE p.id > $p.from AND p.${property} IS NULL WITH p ORDER BY p.id LIMIT toInteger($p.limit)
       MATCH (e:CaxtonEntity)-[:PASSAGE]->(p) WITH e, max(p.id) AS last ${ENTITY}, last ORDER BY last`,
      { from, limit },
    );
    if (rows.length === 0 && from !== "") {
      this.#seen.delete(model);
      return this.lacking(model, limit);
    }
    this.#seen.set(model, rows.length === 0 ? "" : textOf(rows.at(-1)?.["last"]));
    return rows.map(entityOf);
  }

  /** Vectors for an entity that still has the version; false: it has not. */
  async embedded(of: PassageUpdate): Promise<boolean> {
    await this.prepare(of.model, of.passages);
    return this.#connection.write(async (ask) => {
      await ask("MATCH (e:CaxtonEntity {id: $p.id}) SET e.locked = true REMOVE e.locked", { id: of.id });
      const [head] = await ask(
        "MATCH (e:CaxtonEntity {id: $p.id}) WHERE e.version = $p.version RETURN e.scope AS scope",
        {
          id: of.id,
          version: of.version,
        },
      );
      if (!head) return false;
      const [id, scope] = [of.id, textOf(head["scope"])];
      const passages = of.passages.map((passage) => passageProperties({ id, scope }, passage));
      await ask(
        `MATCH (e:CaxtonEntity {id: $p.id}) UNWIND $p.passages AS new
         MERGE (p:CaxtonPassage {id: new.id}) ON CREATE SET p = new MERGE (e)-[:PASSAGE]->(p)`,
        { id, passages },
      );
      await putVectors(ask, of.model, vectorsOf(id, of.passages));
      return true;
    });
  }

  /** Which are kept, and how many passages have a vector of each. */
  async counts(): Promise<Readonly<Record<string, number>>> {
    const names = await this.#connection.read("MATCH (m:CaxtonModel) RETURN m.name AS name");
    const counts: Record<string, number> = {};
    for (const name of names.map((row) => textOf(row["name"]))) {
      const { property } = placeOfModel(name);
      const [row] = await this.#connection.read(
        `MATCH (p:CaxtonPassage) WHERE p.${property} IS NOT NULL RETURN count(p) AS n`,
        {},
        NEO4J_LIMITS.maintenanceMs,
      );
      const n = z.number().parse(row?.["n"]);
      if (n > 0) counts[name] = n;
    }
    return counts;
  }
}

/** Removes a property from all passages, in batches; returns their number. */
export async function dropVectors(connection: Connection, property: string): Promise<number> {
  for (let all = 0; ;) {
    const n = await connection.write((ask) => removeVectors(ask, property, NEO4J_LIMITS.passagesBatch));
    all += n;
    if (n < NEO4J_LIMITS.passagesBatch) return all;
  }
}

/** Within a transaction: at most `limit`; returns their number. */
async function removeVectors(ask: Ask, property: string, limit: number): Promise<number> {
  const [row] = await ask(
    `MATCH (p:CaxtonPassage) WHERE p.${property} IS NOT NULL WITH p LIMIT toInteger($p.limit) REMOVE p.${property} RETURN count(p) AS n`,
    { limit },
  );
  return z.number().parse(row?.["n"]);
}
