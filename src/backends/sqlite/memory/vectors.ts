import { type Entity, EmbeddingModelMismatchError, type Passage, passagesOf } from "../../../memory/index.ts";
import { type Quantised, VectorIndex } from "../../../recall/index.ts";
import type { Facts, Filed } from "./facts.ts";
import { numberOf, textOf } from "./rows.ts";

/** A model whose vectors are kept. */
export type Model = { readonly n: number; readonly name: string; readonly dims: number };

/** A passage as it is kept, its vector as the index takes it. */
export type PassageRow = { readonly row: number; readonly ordinal: number; readonly vector: Quantised | undefined };

/**
 * The vectors in the file. Those of the model that counts stand beside their passages, those of one that comes in a table
 * of their own, until all are there. All but `open` and the reading ones are called inside a transaction.
 */
export class Vectors {
  readonly #facts: Facts;
  /** How vectors of a length are rounded; the same for all models of the length. */
  readonly #quantisers = new Map<number, VectorIndex>();
  #active: Model | undefined;
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
    const known = this.named(name);
    if (known && known.dims !== dims && known.dims !== 0) throw mismatch(name, known.dims, dims);
    if (known && known.dims === dims) return known;
    // A model that was named before its first vector came is told its length now.
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

  /** A passage whose text is new: what vectors it had count no more. */
  put(entity: number, passage: Passage, modelName: string | undefined): void {
    const { row } = this.#rowFor(entity, passage.ordinal);
    this.#facts.sql("UPDATE passage SET model = NULL, scale = NULL, vector = NULL WHERE row = ?").run(row);
    this.#facts.sql("DELETE FROM coming WHERE passage = ?").run(row);
    this.#vector(row, passage, modelName);
  }

  /** A passage that is as it was gets a vector. */
  add(entity: number, passage: Passage, modelName: string): void {
    this.#vector(this.#rowFor(entity, passage.ordinal).row, passage, modelName);
  }

  #rowFor(entity: number, ordinal: number): { readonly row: number } {
    const known = this.#facts.sql("SELECT row FROM passage WHERE entity = ? AND ordinal = ?").get(entity, ordinal);
    if (known) return { row: numberOf(known["row"]) };
    const made = this.#facts.sql("INSERT INTO passage (entity, ordinal) VALUES (?, ?)").run(entity, ordinal);
    return { row: Number(made.lastInsertRowid) };
  }

  #vector(row: number, { vector }: Passage, modelName: string | undefined): void {
    if (!vector || modelName === undefined) return;
    const model = this.#modelFor(modelName, vector.length);
    const { scale, bytes } = this.#quantiser(vector.length).quantise(vector);
    if (model.name === this.#active?.name) {
      this.#facts
        .sql("UPDATE passage SET model = ?, scale = ?, vector = ? WHERE row = ?")
        .run(model.n, scale, bytes, row);
    } else {
      this.#facts
        .sql("INSERT OR REPLACE INTO coming (passage, model, scale, vector) VALUES (?, ?, ?, ?)")
        .run(row, model.n, scale, bytes);
    }
  }

  #quantiser(dims: number): VectorIndex {
    let quantiser = this.#quantisers.get(dims);
    if (!quantiser) this.#quantisers.set(dims, (quantiser = new VectorIndex({ dims })));
    return quantiser;
  }

  /** Passages without vectors for all of an entity's text. */
  makeRoom({ row, entity }: Filed): void {
    for (const [ordinal] of passagesOf(entity).entries()) this.#rowFor(row, ordinal);
  }

  /** Of an entity, by ordinal. */
  passages(entity: number): readonly PassageRow[] {
    return this.#facts
      .sql("SELECT row, ordinal, scale, vector FROM passage WHERE entity = ? ORDER BY ordinal")
      .all(entity)
      .map((row) => ({
        row: numberOf(row["row"]),
        ordinal: numberOf(row["ordinal"]),
        vector: quantisedOf(row["scale"], row["vector"]),
      }));
  }

  /** Entities with gaps; each gap is named once, and again when all were. */
  lacking(modelName: string, limit: number): readonly Entity[] {
    const isActive = modelName === this.#active?.name;
    const model = this.named(modelName);
    const from = this.#seen.get(modelName) ?? 0;
    const rows = isActive
      ? this.#facts
          .sql("SELECT row, entity FROM passage WHERE vector IS NULL AND row > ? ORDER BY row LIMIT ?")
          .all(from, limit)
      : this.#facts
          .sql(
            `SELECT p.row, p.entity FROM passage p LEFT JOIN coming c ON c.passage = p.row AND c.model = ?
             WHERE c.passage IS NULL AND p.row > ? ORDER BY p.row LIMIT ?`,
          )
          .all(model?.n ?? -1, from, limit);
    if (rows.length === 0 && from > 0) {
      this.#seen.delete(modelName);
      return this.lacking(modelName, limit);
    }
    this.#seen.set(modelName, numberOf(rows.at(-1)?.["row"]));
    const entities = new Set(rows.map(({ entity }) => numberOf(entity)));
    return [...entities].flatMap((row) => this.#facts.at(row)?.entity ?? []);
  }

  /** Its vectors are those that count; all others go. */
  activate(modelName: string): void {
    const model = this.named(modelName);
    if (model?.name === this.#active?.name && model) return;
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
    this.#facts.sql("DELETE FROM model WHERE is_active = 0").run();
    this.#active = next;
    this.#seen.clear();
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

function quantisedOf(scale: unknown, bytes: unknown): Quantised | undefined {
  if (typeof scale !== "number" || !(bytes instanceof Uint8Array)) return undefined;
  return { scale, bytes: new Int8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength) };
}

const mismatch = (model: string, known: number, got: number): EmbeddingModelMismatchError =>
  new EmbeddingModelMismatchError(
    `${model} gave a vector of ${got} parts where it gave ${known} before`,
    "Another model answers under the same name. Give it its own name in memory.embedder, so that memory is embedded anew.",
    { expected: `${known} parts`, got: `${got} parts` },
  );
