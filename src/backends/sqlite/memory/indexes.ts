import { type Entity, type EntityFilter, isValidDuring, passagesOf, type Relation } from "../../../memory/index.ts";
import { GraphIndex, KeywordIndex, VectorIndex } from "../../../recall/index.ts";
import { integers, numbers } from "./columns.ts";
import type { Facts, Filed } from "./facts.ts";
import { idBytes, numberOf } from "./rows.ts";
import type { Vectors } from "./vectors.ts";

const NONE = -1;
/** Looks into the file that one search may take for what is not known here. */
const LOOKS_MAX = 5_000;

/** What is known here of an entity, and asked by filters. */
type Columns = {
  readonly scope: ReturnType<typeof integers>;
  readonly type: ReturnType<typeof integers>;
  readonly confidence: ReturnType<typeof numbers>;
  readonly updatedAtMs: ReturnType<typeof numbers>;
  readonly fromMs: ReturnType<typeof numbers>;
  readonly toMs: ReturnType<typeof numbers>;
};

/**
 * What is derived from the file and lies in memory: passages by meaning and by words, the graph, and what filters ask.
 * Rows of passages and of entities are those of the file.
 */
export class Indexes {
  readonly #facts: Facts;
  readonly #vectorRows: Vectors;
  readonly keywords = new KeywordIndex();
  readonly graph = new GraphIndex();
  #vectors: VectorIndex | undefined;
  /** The first passage of an entity, and of a passage the next and its entity. */
  readonly #first = integers(NONE);
  readonly #next = integers(NONE);
  readonly #entityOf = integers(NONE);
  readonly #types = new Map<string, number>();
  readonly #columns: Columns = {
    scope: integers(NONE),
    type: integers(NONE),
    confidence: numbers(0),
    updatedAtMs: numbers(0),
    fromMs: numbers(Number.NEGATIVE_INFINITY),
    toMs: numbers(Number.POSITIVE_INFINITY),
  };

  constructor(deps: { readonly facts: Facts; readonly vectors: Vectors }) {
    this.#facts = deps.facts;
    this.#vectorRows = deps.vectors;
  }

  /** Of the model that counts; undefined while there is none. */
  get vectors(): VectorIndex | undefined {
    return this.#vectors;
  }

  entityOf(passage: number): number {
    return this.#entityOf.get(passage);
  }

  updatedAtMs(entity: number): number {
    return this.#columns.updatedAtMs.get(entity);
  }

  isOfScopes(entity: number, scopes: ReadonlySet<number>): boolean {
    return scopes.has(this.#columns.scope.get(entity));
  }

  /** Passages of an entity. */
  *passagesOf(entity: number): Iterable<number> {
    for (let row = this.#first.get(entity); row !== NONE; row = this.#next.get(row)) yield row;
  }

  /** Makes what is known of an entity what the file says. */
  refresh(row: number): void {
    const filed = this.#facts.at(row);
    this.#takeOut(row);
    if (filed) this.put(filed);
  }

  /** Adds an entity that is not there. */
  put({ row, entity }: Filed): void {
    this.#note(row, entity);
    const texts = passagesOf(entity);
    let last = NONE;
    for (const passage of this.#vectorRows.passages(row)) {
      const text = texts[passage.ordinal];
      if (text === undefined) continue;
      if (last === NONE) this.#first.set(row, passage.row);
      else this.#next.set(last, passage.row);
      this.#next.set(passage.row, NONE);
      this.#entityOf.set(passage.row, row);
      last = passage.row;
      this.keywords.put(passage.row, entity.scope, text);
      if (passage.vector)
        this.#vectorsFor()?.putQuantised(passage.row, entity.scope, passage.vector.scale, passage.vector.bytes);
    }
  }

  /** All vectors are of another model from now on. */
  dropVectors(): void {
    this.#vectors = undefined;
  }

  #vectorsFor(): VectorIndex | undefined {
    const { active } = this.#vectorRows;
    if (!this.#vectors && active && active.dims > 0) this.#vectors = new VectorIndex({ dims: active.dims });
    return this.#vectors;
  }

  #note(row: number, entity: Entity): void {
    const columns = this.#columns;
    columns.scope.set(row, this.#facts.scopeNumber(entity.scope) ?? NONE);
    columns.type.set(row, this.#typeNumber(entity.type));
    columns.confidence.set(row, entity.confidence);
    columns.updatedAtMs.set(row, entity.updatedAtMs);
    columns.fromMs.set(row, entity.validity.fromMs ?? Number.NEGATIVE_INFINITY);
    columns.toMs.set(row, entity.validity.toMs ?? Number.POSITIVE_INFINITY);
  }

  #typeNumber(type: string): number {
    let n = this.#types.get(type);
    if (n === undefined) this.#types.set(type, (n = this.#types.size));
    return n;
  }

  #takeOut(row: number): void {
    for (const passage of this.passagesOf(row)) {
      this.keywords.remove(passage);
      this.#vectors?.remove(passage);
      this.#entityOf.set(passage, NONE);
    }
    this.#first.set(row, NONE);
    this.#columns.scope.set(row, NONE);
  }

  /** The entity is no more. */
  forget(row: number): void {
    this.#takeOut(row);
    this.graph.removeRow(row);
  }

  putRelation(
    row: number,
    relation: Pick<Relation, "type" | "strength" | "isBidirectional">,
    ends: { readonly from: number; readonly to: number },
  ): void {
    this.graph.put({
      id: row,
      ...ends,
      type: relation.type,
      strength: relation.strength,
      both: relation.isBidirectional,
    });
  }

  /** Whether an entity passes; what is not known here is looked up, so often at most, and then passes no more. */
  keeper(filter: EntityFilter): { readonly keep: (entity: number) => boolean; readonly isExhausted: () => boolean } {
    const columns = this.#columns;
    const types = filter.types && new Set(filter.types.map((type) => this.#types.get(type) ?? NONE));
    const {
      confidenceMin = 0,
      updatedFromMs = Number.NEGATIVE_INFINITY,
      updatedToMs = Number.POSITIVE_INFINITY,
    } = filter;
    const { validFromMs, validToMs } = filter;
    const span =
      validFromMs === undefined && validToMs === undefined
        ? undefined
        : { fromMs: validFromMs ?? Number.NEGATIVE_INFINITY, toMs: validToMs ?? Number.POSITIVE_INFINITY };
    const looks = filter.agent !== undefined || filter.metadata !== undefined;
    let left = LOOKS_MAX;
    const keep = (row: number): boolean => {
      if (types && !types.has(columns.type.get(row))) return false;
      if (columns.confidence.get(row) < confidenceMin) return false;
      const updated = columns.updatedAtMs.get(row);
      if (updated < updatedFromMs || updated > updatedToMs) return false;
      if (span && !isValidDuring({ fromMs: columns.fromMs.get(row), toMs: columns.toMs.get(row) }, span)) return false;
      if (!looks) return true;
      left -= 1;
      return left >= 0 && this.#isSaidSo(row, filter);
    };
    return { keep, isExhausted: () => left < 0 };
  }

  #isSaidSo(row: number, { agent, metadata }: EntityFilter): boolean {
    const entity = this.#facts.at(row)?.entity;
    if (!entity) return false;
    if (agent !== undefined && !entity.observations.some(({ provenance }) => provenance.agent === agent)) return false;
    return Object.entries(metadata ?? {}).every(
      ([key, value]) => JSON.stringify(entity.metadata[key]) === JSON.stringify(value),
    );
  }

  /** The row of an entity that is known here. */
  rowOf(id: string): number | undefined {
    const row = this.#facts.sql("SELECT row FROM entity WHERE id = ?").get(idBytes(id));
    return row && numberOf(row["row"]);
  }
}
