import { log } from "../../../kernel/log.ts";
import { type Entity, type PassageUpdate } from "../../knowledge/index.ts";
import type { Connections } from "./connections.ts";
import type { Model, SurrogateKeys } from "./surrogate-keys.ts";
import { addPassages, addVectors } from "./passages.ts";
import { ENTITIES, entityOf, numberOf, textOf } from "./rows.ts";
import type { Session } from "./session.ts";

/** Parts of a vector that pgvector's index takes as they are, and at half the precision. Source: its README. */
const DIMS_MAX = { full: 2_000, half: 4_000 } as const;

/** How the vectors of a model are compared by their index; undefined: they have too many parts for one. */
export type IndexForm = { readonly type: string; readonly operators: string };

export const indexFormOf = ({ dims }: Model): IndexForm | undefined => {
  if (dims > 0 && dims <= DIMS_MAX.full) return { type: `vector(${dims})`, operators: "vector_cosine_ops" };
  if (dims > 0 && dims <= DIMS_MAX.half) return { type: `halfvec(${dims})`, operators: "halfvec_cosine_ops" };
  return undefined;
};

const indexName = ({ n }: Pick<Model, "n">): string => `embedding_near_${n}`;

/** The model that counts, as the session sees it. */
export async function activeModel(session: Session): Promise<Model | undefined> {
  const [row] = await session.rows("SELECT n, name, dims FROM model WHERE is_active");
  return row && { n: numberOf(row["n"]), name: textOf(row["name"]), dims: numberOf(row["dims"]) };
}

/** Whether the model's vectors have an index that can be used. */
export async function isIndexed(session: Session, model: Model): Promise<boolean> {
  const rows = await session.rows(
    "SELECT 1 FROM pg_index WHERE indexrelid = to_regclass($1) AND indisvalid AND indisready",
    [indexName(model)],
  );
  return rows.length > 0;
}

/** Vectors by model: which are missing, which count, and the index that finds near ones when there are many. */
export class Vectors {
  readonly #connections: Connections;
  readonly #numbers: SurrogateKeys;
  /** So many vectors are compared one by one in less time than an index takes to be kept. */
  readonly #indexFrom: number;
  /** Up to where each model's gaps were looked for. */
  readonly #seen = new Map<string, number>();
  #isIndexing = false;

  constructor(deps: {
    readonly connections: Connections;
    readonly numbers: SurrogateKeys;
    readonly indexFrom: number;
  }) {
    this.#connections = deps.connections;
    this.#numbers = deps.numbers;
    this.#indexFrom = deps.indexFrom;
  }

  async model(): Promise<string | undefined> {
    return (await this.#connections.read(activeModel))?.name;
  }

  /** Each gap is named once, and again when all were. */
  async unembedded(modelName: string, limit: number): Promise<readonly Entity[]> {
    const from = this.#seen.get(modelName) ?? 0;
    const { rows, entities } = await this.#connections.read(async (session) => {
      const gaps = await session.rows(
        `SELECT p.row, p.entity FROM passage p WHERE p.row > $2 AND NOT EXISTS (
           SELECT 1 FROM embedding m WHERE m.passage = p.row AND m.model = (SELECT n FROM model WHERE name = $1))
         ORDER BY p.row LIMIT $3`,
        [modelName, from, limit],
      );
      const wanted = [...new Set(gaps.map(({ entity }) => numberOf(entity)))];
      const found = await session.rows(`${ENTITIES} WHERE e.row = ANY($1::bigint[]) ORDER BY e.row`, [wanted]);
      return { rows: gaps, entities: found.map(entityOf) };
    });
    if (rows.length === 0 && from > 0) {
      this.#seen.delete(modelName);
      return this.unembedded(modelName, limit);
    }
    this.#seen.set(modelName, numberOf(rows.at(-1)?.["row"]));
    return entities;
  }

  /** Vectors for an entity that still has the version; false: it has not. */
  async embedded(of: PassageUpdate): Promise<boolean> {
    const dims = of.passages.find(({ vector }) => vector)?.vector?.length;
    const wanted = dims === undefined ? [] : [[of.model, await this.#numbers.model(of.model, dims)] as const];
    const wordNumber = await this.#numbers.wordNumbers();
    return this.#connections.transact(async (session) => {
      const [entity] = await session.rows("SELECT row, scope FROM entity WHERE id = $1 AND version = $2 FOR UPDATE", [
        of.id,
        of.version,
      ]);
      if (!entity) return false;
      const model = (await this.#numbers.hold(session, new Map(wanted))).get(of.model);
      const at = { entity: numberOf(entity["row"]), scope: numberOf(entity["scope"]) };
      const there = await session.rows("SELECT row, ordinal FROM passage WHERE entity = $1", [at.entity]);
      const rows = new Map(there.map(({ row, ordinal }) => [numberOf(ordinal), numberOf(row)]));
      const passages = of.passages.map((passage) => ({ ...at, passage }));
      const known = passages.flatMap((one) => {
        const row = rows.get(one.passage.ordinal);
        return row === undefined ? [] : [{ ...one, row }];
      });
      if (model) await addVectors(session, known, model);
      const missing = passages.filter(({ passage }) => !rows.has(passage.ordinal));
      await addPassages(session, missing, { model, wordNumber });
      return true;
    });
  }

  /** Its vectors are those that count; all others go. */
  async switchModel(name: string): Promise<void> {
    const gone = await this.#connections.transact(async (session) => {
      const before = await activeModel(session);
      if (before?.name === name) return [];
      await session.rows("INSERT INTO model (name, dims, is_active) VALUES ($1, 0, false) ON CONFLICT DO NOTHING", [
        name,
      ]);
      // Who writes vectors holds the model; they are waited for.
      const models = await session.rows("SELECT n, name FROM model ORDER BY n FOR UPDATE");
      await session.rows("DELETE FROM embedding WHERE model IN (SELECT n FROM model WHERE name <> $1)", [name]);
      await session.rows("DELETE FROM model WHERE name <> $1", [name]);
      await session.rows("UPDATE model SET is_active = true WHERE name = $1", [name]);
      return models.filter((row) => row["name"] !== name).map((row) => numberOf(row["n"]));
    });
    this.#seen.clear();
    if (gone.length === 0) return;
    await this.#connections.maintain(async (session) => {
      for (const n of gone) await session.run(`DROP INDEX IF EXISTS ${indexName({ n })}`);
    });
    this.considerIndex();
  }

  /** Some vectors of others than the model that counts go; whether there are more. */
  async dropOthers(name: string, limit: number): Promise<boolean> {
    const models = "SELECT n, name, is_active FROM model ORDER BY n";
    const known = await this.#connections.read((session) => session.rows(models));
    if (known.length <= 1) return false;
    return this.#connections.transact(async (session) => {
      // Who writes vectors, or makes another model count, holds them; they are waited for.
      const rows = await session.rows(`${models} FOR UPDATE`);
      if (!rows.some((row) => row["is_active"] === true && row["name"] === name)) return false;
      const others = rows.filter((row) => row["is_active"] !== true).map((row) => numberOf(row["n"]));
      const gone = await session.rows(
        `DELETE FROM embedding WHERE ctid = ANY (ARRAY(
           SELECT ctid FROM embedding WHERE model = ANY ($1::int[]) LIMIT $2)) RETURNING passage`,
        [others, limit],
      );
      if (gone.length === limit) return true;
      // Fewer may also have been deleted because of a concurrent deletion.
      const left = await session.rows("SELECT 1 FROM embedding WHERE model = ANY ($1::int[]) LIMIT 1", [others]);
      if (left.length > 0) return true;
      await session.rows("DELETE FROM model WHERE n = ANY ($1::int[])", [others]);
      return false;
    });
  }

  /** Updates the planner's statistics in the background, and builds the index if there are many vectors. */
  considerIndex(): void {
    if (this.#isIndexing) return;
    this.#isIndexing = true;
    void this.#analyze()
      .then(() => this.ensureIndex())
      .catch((error: unknown) =>
        log.warn({ err: error }, "memory's index of vectors is not built; searches compare them all"),
      )
      .finally(() => {
        this.#isIndexing = false;
      });
  }

  /** PostgreSQL itself looks once a minute, and plans as if the tables were empty until then. */
  async #analyze(): Promise<void> {
    await this.#connections.maintain(async (session) => {
      const stale = await session.rows(
        `SELECT relname::text AS name FROM pg_stat_user_tables
         WHERE schemaname = current_schema() AND n_mod_since_analyze > n_live_tup / 2`,
      );
      for (const { name } of stale) await session.run(`ANALYZE "${textOf(name)}"`);
    });
  }

  /** Builds missing indexes without blocking reads and writes. One server builds. */
  async ensureIndex(): Promise<void> {
    await this.#connections.maintain(async (session) => {
      const model = await activeModel(session);
      const form = model && indexFormOf(model);
      if (!model || !form || !(await this.#isMany(session, model)) || (await isIndexed(session, model))) return;
      const [lock] = await session.rows(
        "SELECT pg_try_advisory_lock(hashtextextended(current_schema() || ' near', 0)) AS is_ours",
      );
      if (lock?.["is_ours"] !== true) return;
      try {
        // What an earlier attempt left is of no use.
        await session.run(`DROP INDEX IF EXISTS ${indexName(model)}`);
        await session.run(
          `CREATE INDEX CONCURRENTLY ${indexName(model)} ON embedding
           USING hnsw ((vector::${form.type}) ${form.operators}) WHERE model = ${model.n}`,
        );
        await session.run("ANALYZE embedding");
      } finally {
        await session.rows("SELECT pg_advisory_unlock(hashtextextended(current_schema() || ' near', 0))");
      }
    });
  }

  async #isMany(session: Session, model: Model): Promise<boolean> {
    const [row] = await session.rows(
      "SELECT count(*) AS n FROM (SELECT 1 FROM embedding WHERE model = $1 LIMIT $2) few",
      [model.n, this.#indexFrom],
    );
    return numberOf(row?.["n"]) >= this.#indexFrom;
  }
}
