import { EmbeddingModelMismatchError } from "../../../knowledge/index.ts";
import { type Quantised, VectorIndex } from "../../../search-index/index.ts";
import type { Facts } from "../facts.ts";
import { numberOf, textOf } from "../rows.ts";
import { SPAN } from "../tables.ts";

/** A model whose vectors are kept. */
export type Model = { readonly n: number; readonly name: string; readonly dims: number };

/** A passage that is written: its place in its entity, and its vector. */
export type PassagePut = { readonly ordinal: number; readonly vector: Float32Array | undefined };

/**
 * The vectors in the file. Those of the model that counts stand with their passages, those of one that comes in a table
 * of their own, until all are there. All but the reading methods are called inside a transaction.
 */
export class Vectors {
  readonly #facts: Facts;
  /** How vectors of a length are rounded; the same for all models of the length. */
  readonly #quantisers = new Map<number, VectorIndex>();
  readonly #models = new Map<string, Model>();
  #active: Model | undefined;
  /** Whether there are vectors of a model that comes; undefined: it is not known. */
  #coming: boolean | undefined;
  /** Up to where each model's gaps were looked for. */
  readonly #seen = new Map<string, number>();

  constructor(facts: Facts) {
    this.#facts = facts;
    this.#active = this.#read("WHERE is_active = 1");
  }

  get active(): Model | undefined {
    return this.#active;
  }

  /** A transaction was undone. */
  rolledBack(): void {
    this.#coming = undefined;
    this.#models.clear();
    this.#active = this.#read("WHERE is_active = 1");
    this.#seen.clear();
  }

  #read(where: string, ...values: string[]): Model | undefined {
    const row = this.#facts.sql(`SELECT n, name, dims FROM model ${where}`).get(...values);
    return row && { n: numberOf(row["n"]), name: textOf(row["name"]), dims: numberOf(row["dims"]) };
  }

  named(name: string): Model | undefined {
    return this.#read("WHERE name = ?", name);
  }

  #modelFor(name: string, dims: number): Model {
    const known = this.#models.get(name) ?? this.named(name);
    if (known && known.dims !== dims && known.dims !== 0) throw new EmbeddingModelMismatchError(name, known.dims, dims);
    const model = known && known.dims === dims ? known : this.#measured(name, dims);
    this.#models.set(name, model);
    return model;
  }

  /** Sets the dimensions of a model that was named before its first vector. */
  #measured(name: string, dims: number): Model {
    this.#facts
      .sql(
        "INSERT INTO model (name, dims, is_active) VALUES (?, ?, 0) ON CONFLICT (name) DO UPDATE SET dims = excluded.dims",
      )
      .run(name, dims);
    const made = this.named(name);
    if (!made) throw new Error(`the model ${name} was not written`);
    if (this.#active?.name === name) this.#active = made;
    return made;
  }

  /** A passage whose text is new: what vectors it had count no more. Its vector as searches take it, if they do. */
  put(entity: number, { ordinal, vector }: PassagePut, modelName: string | undefined): Quantised | undefined {
    const row = entity * SPAN + ordinal;
    this.#forgetComing(row);
    const made = vector && modelName !== undefined ? this.#quantised(vector, modelName) : undefined;
    const counts = made !== undefined && made.model.name === this.#active?.name;
    this.#facts
      .sql("INSERT OR REPLACE INTO passage (row, model, scale, vector) VALUES (?, ?, ?, ?)")
      .run(row, ...(counts ? [made.model.n, made.scale, made.bytes] : [null, null, null]));
    if (!made || counts) return made;
    this.#putComing(row, made);
    return undefined;
  }

  /** A passage that is as it was gets a vector. */
  add(entity: number, { ordinal, vector }: PassagePut, modelName: string): void {
    if (!vector) return;
    const row = entity * SPAN + ordinal;
    const made = this.#quantised(vector, modelName);
    this.#facts.sql("INSERT OR IGNORE INTO passage (row) VALUES (?)").run(row);
    if (made.model.name === this.#active?.name)
      this.#facts
        .sql("UPDATE passage SET model = ?, scale = ?, vector = ? WHERE row = ?")
        .run(made.model.n, made.scale, made.bytes, row);
    else this.#putComing(row, made);
  }

  /** Takes an entity's passages out from an ordinal on. */
  remove(entity: number, from: number): void {
    const span = [entity * SPAN + from, entity * SPAN + SPAN - 1];
    this.#facts.sql("DELETE FROM passage WHERE row BETWEEN ? AND ?").run(...span);
    if (this.#isComing()) this.#facts.sql("DELETE FROM coming WHERE passage BETWEEN ? AND ?").run(...span);
  }

  /** Passages without vectors for so many texts of an entity. */
  makeRoom(entity: number, count: number): void {
    for (let ordinal = 0; ordinal < count; ordinal += 1)
      this.#facts.sql("INSERT OR IGNORE INTO passage (row) VALUES (?)").run(entity * SPAN + ordinal);
  }

  #quantised(vector: Float32Array, modelName: string): Quantised & { readonly model: Model } {
    const model = this.#modelFor(modelName, vector.length);
    return { model, ...this.#quantiser(vector.length).quantise(vector) };
  }

  #putComing(row: number, { model, scale, bytes }: Quantised & { readonly model: Model }): void {
    this.#coming = true;
    this.#facts
      .sql("INSERT OR REPLACE INTO coming (passage, model, scale, vector) VALUES (?, ?, ?, ?)")
      .run(row, model.n, scale, bytes);
  }

  #forgetComing(row: number): void {
    if (this.#isComing()) this.#facts.sql("DELETE FROM coming WHERE passage = ?").run(row);
  }

  #isComing(): boolean {
    this.#coming ??= this.#facts.sql("SELECT 1 FROM coming LIMIT 1").get() !== undefined;
    return this.#coming;
  }

  #quantiser(dims: number): VectorIndex {
    let quantiser = this.#quantisers.get(dims);
    if (!quantiser) this.#quantisers.set(dims, (quantiser = new VectorIndex({ dims })));
    return quantiser;
  }

  /** Rows of entities with gaps; each gap is named once, and again when all were. */
  lacking(modelName: string, limit: number): readonly number[] {
    const isActive = modelName === this.#active?.name;
    const model = this.named(modelName);
    const from = this.#seen.get(modelName) ?? 0;
    const rows = isActive
      ? this.#facts.cells("SELECT row FROM passage WHERE vector IS NULL AND row > ? ORDER BY row LIMIT ?", from, limit)
      : this.#facts.cells(
          `SELECT p.row FROM passage p LEFT JOIN coming c ON c.passage = p.row AND c.model = ?
           WHERE c.passage IS NULL AND p.row > ? ORDER BY p.row LIMIT ?`,
          model?.n ?? -1,
          from,
          limit,
        );
    if (rows.length === 0 && from > 0) {
      this.#seen.delete(modelName);
      return this.lacking(modelName, limit);
    }
    this.#seen.set(modelName, numberOf(rows.at(-1)?.[0]));
    return [...new Set(rows.map(([row]) => Math.floor(numberOf(row) / SPAN)))];
  }

  /** The model counts from now on, and vectors of others are no more. Whether that changed anything. */
  activate(modelName: string): boolean {
    const model = this.named(modelName);
    if (model?.name === this.#active?.name && model) return false;
    this.#facts
      .sql("INSERT INTO model (name, dims, is_active) VALUES (?, 0, 0) ON CONFLICT (name) DO NOTHING")
      .run(modelName);
    const next = this.named(modelName);
    this.#facts.sql("UPDATE model SET is_active = (name = ?)").run(modelName);
    this.#facts
      .sql(
        `UPDATE passage SET model = c.model, scale = c.scale, vector = c.vector
         FROM (SELECT p.row AS row, n.model, n.scale, n.vector FROM passage p
               LEFT JOIN coming n ON n.passage = p.row AND n.model = ?) AS c WHERE c.row = passage.row`,
      )
      .run(next?.n ?? -1);
    this.#facts.sql("DELETE FROM coming").run();
    this.#coming = false;
    this.#facts.sql("DELETE FROM model WHERE is_active = 0").run();
    this.#models.clear();
    this.#active = next;
    this.#seen.clear();
    return true;
  }

  /** Some vectors of others than the model that counts go; whether there are more. */
  dropOthers(modelName: string, limit: number): boolean {
    if (modelName !== this.#active?.name) return false;
    if (this.#isComing()) {
      this.#facts.sql("DELETE FROM coming WHERE passage IN (SELECT passage FROM coming LIMIT ?)").run(limit);
      this.#coming = undefined;
      if (this.#isComing()) return true;
    }
    this.#facts.sql("DELETE FROM model WHERE is_active = 0").run();
    this.#models.clear();
    return false;
  }

  counts(): { readonly byModel: Readonly<Record<string, number>>; readonly without: number } {
    const rows = this.#facts
      .sql("SELECT m.name, count(*) AS n FROM passage p JOIN model m ON m.n = p.model GROUP BY m.name")
      .all();
    const coming = this.#facts
      .sql("SELECT m.name, count(*) AS n FROM coming c JOIN model m ON m.n = c.model GROUP BY m.name")
      .all();
    const without = this.#facts.sql("SELECT count(*) AS n FROM passage WHERE vector IS NULL").get();
    return {
      byModel: Object.fromEntries([...coming, ...rows].map((row) => [textOf(row["name"]), numberOf(row["n"])])),
      without: numberOf(without?.["n"]),
    };
  }
}
