import { type EntityFilter, isValidDuring, type ScopeKey } from "../../../knowledge/index.ts";
import * as z from "zod";
import {
  GraphIndex,
  KeywordIndex,
  type Quantised,
  RecallFullError,
  SavedFloats,
  SavedInts,
  SavedNumbers,
  VectorIndex,
} from "../../../search-index/index.ts";
import { integers, numbers } from "../columns.ts";
import type { Facts } from "../facts.ts";
import { Ids } from "../ids.ts";
import { type Indexable, indexableAt } from "./indexable.ts";
import { type Cells, PACKED, textOf } from "../rows.ts";
import type { VectorCapacity } from "./vector-capacity.ts";
import type { Vectors } from "./vectors.ts";

const NONE = -1;
/** Before the number of a type that nothing has any more; no type begins so. */
const GONE = "\n";
/** Looks into the file that one search may take for what is not known here. */
const LOOKS_MAX = 5_000;

/** A relation as the graph takes it; ends are rows of entities. */
export type IndexableRelation = {
  readonly row: number;
  readonly id: Uint8Array;
  readonly from: number;
  readonly to: number;
  readonly type: string;
  readonly strength: number;
  readonly both: boolean;
};

/** Which entities pass a filter; `keep` is undefined where all do. */
export type FilterCheck = {
  readonly keep: ((entity: number) => boolean) | undefined;
  /** The limit of lookups is reached; everything else is rejected. */
  readonly isExhausted: () => boolean;
};

/**
 * What is derived from the file and lies in memory: passages by meaning and by words, the graph, ids, and what filters ask.
 * Rows of entities and relations are those of the file; passages are numbered here.
 */
export class Indexes {
  readonly #facts: Facts;
  readonly #vectorRows: Vectors;
  readonly keywords = new KeywordIndex();
  readonly graph = new GraphIndex();
  readonly entityIds = new Ids({ isFound: true });
  /** By the graph's slots. */
  readonly relationIds = new Ids({ isFound: false });
  #vectors: VectorIndex | undefined;
  readonly #vectorBytesMax: number | undefined;
  /** A vector did not fit into the index: its passage is found by keywords only until the index is rebuilt. */
  #hasRefused = false;
  /** The first passage of an entity, and of a passage the next and its entity. */
  readonly #first = integers(NONE);
  readonly #next = integers(NONE);
  readonly #entityOf = integers(NONE);
  readonly #freePassages: number[] = [];
  #passages = 0;
  readonly #types = new Map<string, number>();
  readonly #scope = integers(NONE);
  readonly #type = integers(NONE);
  /** Most entities are certain, and most hold always: that takes no room. */
  readonly #confidence = numbers(1);
  readonly #updatedAtMs = numbers(0);
  readonly #fromMs = numbers(Number.NEGATIVE_INFINITY);
  readonly #toMs = numbers(Number.POSITIVE_INFINITY);
  readonly #integers = [this.#first, this.#next, this.#entityOf, this.#scope, this.#type];
  readonly #numbers = [this.#confidence, this.#updatedAtMs, this.#fromMs, this.#toMs];
  /** Entities that do not hold always. */
  #bounded = 0;

  static readonly Saved = z.object({
    keywords: KeywordIndex.Saved,
    graph: GraphIndex.Saved,
    vectors: VectorIndex.Saved.optional(),
    entityIds: Ids.Saved,
    relationIds: Ids.Saved,
    integers: z.array(SavedInts).length(5),
    numbers: z.array(SavedFloats).length(4),
    freePassages: SavedNumbers,
    passages: z.number(),
    types: z.array(z.string()),
    bounded: z.number(),
    refused: z.boolean().default(false),
  });

  /** All of it as data; `thoroughly`: nothing is in it that only what is gone had. */
  save({ thoroughly }: { readonly thoroughly: boolean }): z.infer<typeof Indexes.Saved> {
    const used = new Set(this.#type.save());
    return {
      keywords: this.keywords.save({ thoroughly }),
      graph: this.graph.save(),
      vectors: this.#vectors?.save(),
      entityIds: this.entityIds.save(),
      relationIds: this.relationIds.save(),
      integers: this.#integers.map((column) => column.save()),
      numbers: this.#numbers.map((column) => column.save()),
      freePassages: this.#freePassages,
      passages: this.#passages,
      types: [...this.#types].map(([type, n]) => (!thoroughly || used.has(n) ? type : `${GONE}${n}`)),
      bounded: this.#bounded,
      refused: this.#hasRefused,
    };
  }

  /** Into one that is empty. */
  load(saved: z.infer<typeof Indexes.Saved>): void {
    this.keywords.load(saved.keywords);
    this.graph.load(saved.graph);
    if (saved.vectors) {
      this.#vectors = new VectorIndex({ dims: saved.vectors.dims, bytesMax: this.#vectorBytesMax });
      this.#vectors.load(saved.vectors);
    }
    this.entityIds.load(saved.entityIds);
    this.relationIds.load(saved.relationIds);
    for (const [at, values] of saved.integers.entries()) this.#integers[at]?.load(values);
    for (const [at, values] of saved.numbers.entries()) this.#numbers[at]?.load(values);
    for (const passage of saved.freePassages) this.#freePassages.push(passage);
    this.#passages = saved.passages;
    for (const [n, type] of saved.types.entries()) this.#types.set(type, n);
    this.#bounded = saved.bounded;
    this.#hasRefused = saved.refused;
  }

  /** `vectorBytesMax`: of all vectors; 4 GiB, where it is not said. */
  constructor(deps: {
    readonly facts: Facts;
    readonly vectors: Vectors;
    readonly vectorBytesMax?: number | undefined;
  }) {
    this.#facts = deps.facts;
    this.#vectorRows = deps.vectors;
    this.#vectorBytesMax = deps.vectorBytesMax;
  }

  /** Undefined while there are no vectors. */
  get room(): VectorCapacity | undefined {
    const { size = 0, places } = this.#vectors ?? {};
    return places && { ...places, held: size, hasRefused: this.#hasRefused };
  }

  /** Of the model that counts; undefined while there is none. */
  get vectors(): VectorIndex | undefined {
    return this.#vectors;
  }

  entityOf(passage: number): number {
    return this.#entityOf.get(passage);
  }

  /** Entities that are known. */
  get size(): number {
    return this.entityIds.size;
  }

  updatedAtMs(entity: number): number {
    return this.#updatedAtMs.get(entity);
  }

  isOfScopes(entity: number, scopes: ReadonlySet<number>): boolean {
    return scopes.has(this.#scope.get(entity));
  }

  /** Passages of an entity. */
  passagesOf(entity: number): readonly number[] {
    const passages: number[] = [];
    for (let row = this.#first.get(entity); row !== NONE; row = this.#next.get(row)) passages.push(row);
    return passages;
  }

  /** Makes what is known of an entity what the file says. */
  refresh(row: number): void {
    const known = indexableAt(this.#facts, row);
    this.takeOut(row);
    if (known) this.put(known);
    else this.graph.removeRow(row);
  }

  /** Adds an entity that is not there. */
  put(known: Indexable): void {
    const { row, texts, vectors } = known;
    this.#note(known);
    const key = this.#facts.scopeKey(known.scope);
    let last = NONE;
    for (const [ordinal, text] of texts.entries()) {
      const passage = this.#freePassages.pop() ?? this.#passages++;
      if (last === NONE) this.#first.set(row, passage);
      else this.#next.set(last, passage);
      this.#next.set(passage, NONE);
      this.#entityOf.set(passage, row);
      last = passage;
      this.keywords.put(passage, key, text);
      const vector = vectors[ordinal];
      if (vector) this.#putVector(passage, key, vector);
    }
  }

  /** If the index is full, the passage is found by keywords only. */
  #putVector(passage: number, scope: ScopeKey, { scale, bytes }: Quantised): void {
    try {
      this.#vectorsFor()?.putQuantised(passage, scope, scale, bytes);
    } catch (error) {
      if (!(error instanceof RecallFullError)) throw error;
      this.#hasRefused = true;
    }
  }

  #vectorsFor(): VectorIndex | undefined {
    const { active } = this.#vectorRows;
    if (!this.#vectors && active && active.dims > 0)
      this.#vectors = new VectorIndex({ dims: active.dims, bytesMax: this.#vectorBytesMax });
    return this.#vectors;
  }

  #note({ row, id, scope, type, confidence, updatedAtMs, fromMs, toMs }: Indexable): void {
    this.entityIds.set(row, id);
    this.#scope.set(row, scope);
    this.#type.set(row, this.#typeNumber(type));
    this.#confidence.set(row, confidence);
    this.#updatedAtMs.set(row, updatedAtMs);
    this.#fromMs.set(row, fromMs);
    this.#toMs.set(row, toMs);
    if (this.#isBounded(row)) this.#bounded += 1;
  }

  #isBounded(row: number): boolean {
    return this.#fromMs.get(row) !== Number.NEGATIVE_INFINITY || this.#toMs.get(row) !== Number.POSITIVE_INFINITY;
  }

  #typeNumber(type: string): number {
    let n = this.#types.get(type);
    if (n === undefined) this.#types.set(type, (n = this.#types.size));
    return n;
  }

  /** It is found no more; its relations stay. */
  takeOut(row: number): void {
    for (const passage of this.passagesOf(row)) {
      this.keywords.remove(passage);
      this.#vectors?.remove(passage);
      this.#entityOf.set(passage, NONE);
      this.#freePassages.push(passage);
    }
    this.#first.set(row, NONE);
    if (this.#isBounded(row)) this.#bounded -= 1;
    this.#fromMs.set(row, Number.NEGATIVE_INFINITY);
    this.#toMs.set(row, Number.POSITIVE_INFINITY);
    this.#scope.set(row, NONE);
    this.#type.set(row, NONE);
    this.entityIds.delete(row);
  }

  putRelation({ row, id, ...edge }: IndexableRelation): void {
    this.relationIds.set(this.graph.put({ id: row, ...edge }), id);
  }

  /** Checks whether an entity passes the filter; unknown entities are looked up, a limited number of times, and then rejected. */
  filterCheck(filter: EntityFilter): FilterCheck {
    const types = filter.types && new Set(filter.types.map((type) => this.#types.get(type) ?? NONE));
    const {
      confidenceMin = 0,
      updatedFromMs = Number.NEGATIVE_INFINITY,
      updatedToMs = Number.POSITIVE_INFINITY,
    } = filter;
    const span = this.#bounded > 0 ? spanOf(filter) : undefined;
    const looks = filter.agent !== undefined || filter.metadata !== undefined;
    const isOpen = confidenceMin <= 0 && filter.updatedFromMs === undefined && filter.updatedToMs === undefined;
    let left = LOOKS_MAX;
    const keep = (row: number): boolean => {
      if (types && !types.has(this.#type.get(row))) return false;
      if (this.#confidence.get(row) < confidenceMin) return false;
      const updated = this.#updatedAtMs.get(row);
      if (updated < updatedFromMs || updated > updatedToMs) return false;
      if (span && !isValidDuring({ fromMs: this.#fromMs.get(row), toMs: this.#toMs.get(row) }, span)) return false;
      if (!looks) return true;
      left -= 1;
      return left >= 0 && this.#isSaidSo(row, filter);
    };
    return { keep: isOpen && !types && !span && !looks ? undefined : keep, isExhausted: () => left < 0 };
  }

  #isSaidSo(row: number, { agent, metadata }: EntityFilter): boolean {
    const [cells] = this.#facts.packed([row]);
    if (!cells) return false;
    if (agent !== undefined && !isSaidBy(cells, agent)) return false;
    const has: unknown = JSON.parse(textOf(cells[PACKED.metadata]) || "{}");
    return Object.entries(metadata ?? {}).every(
      ([key, value]) => JSON.stringify(Object(has)[key]) === JSON.stringify(value),
    );
  }
}

function isSaidBy(cells: Cells, agent: string): boolean {
  for (let at = PACKED.head; at < cells.length; at += PACKED.observation)
    if (cells[at + PACKED.agent] === agent) return true;
  return false;
}

const spanOf = ({ validFromMs, validToMs }: EntityFilter) =>
  validFromMs === undefined && validToMs === undefined
    ? undefined
    : { fromMs: validFromMs ?? Number.NEGATIVE_INFINITY, toMs: validToMs ?? Number.POSITIVE_INFINITY };
