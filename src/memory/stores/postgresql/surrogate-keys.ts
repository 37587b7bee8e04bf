import { hash } from "node:crypto";
import { EmbeddingModelMismatchError, type Provenance, type ScopeKey } from "../../knowledge/index.ts";
import type { Connections } from "./connections.ts";
import { numberOf, textOf } from "./rows.ts";
import { Records, type Session } from "./session.ts";

/** A model whose vectors are kept. */
export type Model = { readonly n: number; readonly name: string; readonly dims: number };

/** Runs come and go; so many numbers are remembered here. */
const KNOWN_MAX = 10_000;

const provenanceKey = ({ source, sourceId = "", agent = "" }: Provenance): string =>
  JSON.stringify([source, sourceId, agent]);

/**
 * The numbers that stand for scopes, provenances and models in rows. They are given out before the transaction that
 * needs them, so that none is ever known here that was rolled back.
 */
export class SurrogateKeys {
  readonly #connections: Connections;
  readonly #scopes = new Map<ScopeKey, number>();
  readonly #provenances = new Map<string, number>();
  readonly #models = new Map<string, Model>();
  #wordKey: string | undefined;

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  /** Makes numbers for what has none yet. */
  async prepare(of: {
    readonly scopes: readonly ScopeKey[];
    readonly provenances: readonly Provenance[];
  }): Promise<void> {
    const scopes = new Set(of.scopes.filter((key) => !this.#scopes.has(key)));
    if (scopes.size > 0) await this.#learnScopes([...scopes]);
    const provenances = new Map(of.provenances.map((one) => [provenanceKey(one), one]));
    for (const key of provenances.keys()) if (this.#provenances.has(key)) provenances.delete(key);
    if (provenances.size > 0) await this.#learnProvenances([...provenances.values()]);
  }

  async #learnScopes(keys: readonly ScopeKey[]): Promise<void> {
    const rows = await this.#connections.transact(async (session) => {
      await session.rows("INSERT INTO scope (key) SELECT unnest($1::text[]) ORDER BY 1 ON CONFLICT DO NOTHING", [keys]);
      return session.rows("SELECT key, n FROM scope WHERE key = ANY($1::text[])", [keys]);
    });
    if (this.#scopes.size > KNOWN_MAX) this.#scopes.clear();
    for (const row of rows) this.#scopes.set(textOf(row["key"]), numberOf(row["n"]));
  }

  async #learnProvenances(all: readonly Provenance[]): Promise<void> {
    const records = new Records(
      all.map(({ source, sourceId = "", agent = "" }) => ({ source, source_id: sourceId, agent })),
    );
    const rows = await this.#connections.transact(async (session) => {
      await session.rows(
        `INSERT INTO provenance (source, source_id, agent)
         SELECT source, source_id, agent FROM json_to_recordset($1) AS v(source text, source_id text, agent text)
         ORDER BY 1, 2, 3 ON CONFLICT DO NOTHING`,
        [records],
      );
      return session.rows(
        `SELECT p.n, p.source, p.source_id, p.agent FROM json_to_recordset($1) AS v(source text, source_id text, agent text)
         JOIN provenance p USING (source, source_id, agent)`,
        [records],
      );
    });
    if (this.#provenances.size > KNOWN_MAX) this.#provenances.clear();
    for (const row of rows) {
      const key = JSON.stringify([row["source"], row["source_id"], row["agent"]]);
      this.#provenances.set(key, numberOf(row["n"]));
    }
  }

  /** Of a scope that was prepared. */
  scope(key: ScopeKey): number {
    return known(this.#scopes.get(key), key);
  }

  /** Of one that was prepared. */
  provenance(one: Provenance): number {
    const key = provenanceKey(one);
    return known(this.#provenances.get(key), key);
  }

  /** The first vector of a model sets its dimensions. Throws EmbeddingModelMismatchError. */
  async model(name: string, dims: number): Promise<Model> {
    const before = this.#models.get(name);
    if (before?.dims === dims) return before;
    const statement = "SELECT n, dims FROM model WHERE name = $1";
    const [row] = await this.#connections.transact(async (session) => {
      // Writers of vectors hold the model's row lock for a while: it is locked only when necessary.
      const there = await session.rows(statement, [name]);
      if (there.some(({ dims: length }) => numberOf(length) > 0)) return there;
      await session.rows(
        `INSERT INTO model AS m (name, dims, is_active) VALUES ($1, $2, false)
         ON CONFLICT (name) DO UPDATE SET dims = excluded.dims WHERE m.dims = 0`,
        [name, dims],
      );
      return session.rows(statement, [name]);
    });
    const model = { n: numberOf(row?.["n"]), name, dims: numberOf(row?.["dims"]) };
    if (model.dims !== dims) throw new EmbeddingModelMismatchError(name, model.dims, dims);
    this.#models.set(name, model);
    return model;
  }

  /**
   * Those that are there still, which stay until the transaction ends. Another server may have dropped one; then what is
   * written has no vectors yet.
   */
  async hold(session: Session, models: ReadonlyMap<string, Model>): Promise<ReadonlyMap<string, Model>> {
    if (models.size === 0) return models;
    const numbers = [...models.values()].map(({ n }) => n);
    const rows = await session.rows("SELECT n FROM model WHERE n = ANY($1::int[]) ORDER BY n FOR SHARE", [numbers]);
    if (rows.length === numbers.length) return models;
    this.#models.clear();
    const there = new Set(rows.map(({ n }) => numberOf(n)));
    return new Map([...models].filter(([, { n }]) => there.has(n)));
  }

  /** Returns a function from words to numbers; without the schema's key the words cannot be recovered. */
  async wordNumbers(): Promise<(stem: string) => string> {
    this.#wordKey ??= await this.#connections.read(async (session) => {
      const [row] = await session.rows("SELECT value FROM setting WHERE key = 'words'");
      return textOf(row?.["value"]);
    });
    const key = this.#wordKey;
    return (stem) =>
      hash("sha256", key + stem, "buffer")
        .readBigInt64BE()
        .toString();
  }
}

function known(n: number | undefined, key: string): number {
  if (n === undefined) throw new Error(`${key} has no number`);
  return n;
}
