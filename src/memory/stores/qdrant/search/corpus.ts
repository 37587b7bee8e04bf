import type { Clock } from "../../../../kernel/clock.ts";
import type { ScopeKey } from "../../../knowledge/index.ts";
import type { QueriedWord, WordStatistics } from "../../../search-index/index.ts";
import { ENTITY } from "../archive.ts";
import { wordNumber } from "../documents.ts";
import { ofScopes } from "../filters.ts";
import { QDRANT_LIMITS } from "../limits.ts";
import { is, type Place } from "../place.ts";

type Counted = { readonly count: number; readonly atMs: number };

/** Of the texts of some scopes. */
type Corpus = WordStatistics & { readonly meanLength: number };

/** How much of English text has a common word. */
const COMMON_SHARE = 0.6;

/** Corpus statistics of scopes, counted by Qdrant and cached for a while. */
export class Corpora {
  readonly #place: Place;
  readonly #clock: Clock;
  readonly #counted = new Map<string, Counted>();

  constructor(place: Place, clock: Clock) {
    this.#place = place;
    this.#clock = clock;
  }

  async of(scopes: readonly ScopeKey[], asked: readonly QueriedWord[]): Promise<Corpus> {
    const key = scopes.toSorted().join("\n");
    const filter = { must: [ENTITY, ofScopes(scopes)] };
    const counted = asked
      .filter(({ isCommon }) => !isCommon)
      .toSorted((one, other) => other.stem.length - one.stem.length);
    const counting = counted.slice(0, QDRANT_LIMITS.wordsCountedMax);
    const [texts, words, ...counts] = await Promise.all([
      this.#known(`${key}\npassages`, () => this.#sum("passages", filter)),
      this.#known(`${key}\nlength`, () => this.#sum("length", filter)),
      ...counting.map(({ stem }) =>
        this.#known(`${key}\n=${stem}`, () =>
          this.#place.count({ must: [...filter.must, is("words", wordNumber(stem))] }),
        ),
      ),
    ]);
    const mean = counts.length === 0 ? 0 : counts.reduce((sum, count) => sum + count, 0) / counts.length;
    const frequencies = asked.map((word) => {
      if (word.isCommon) return texts * COMMON_SHARE;
      return counts[counting.indexOf(word)] ?? mean;
    });
    return { texts, meanLength: Math.max(1, words / Math.max(1, texts)), frequencies };
  }

  async #sum(key: string, filter: Parameters<Place["facet"]>[1]): Promise<number> {
    const hits = await this.#place.facet(key, filter);
    return hits.reduce((sum, { value, count }) => sum + Number(value) * count, 0);
  }

  async #known(key: string, count: () => Promise<number>): Promise<number> {
    const known = this.#counted.get(key);
    if (known && this.#clock.nowMs() - known.atMs < QDRANT_LIMITS.countsMs) return known.count;
    const counted = { count: await count(), atMs: this.#clock.nowMs() };
    if (this.#counted.size >= QDRANT_LIMITS.countsMax) this.#counted.clear();
    this.#counted.set(key, counted);
    return counted.count;
  }

  /** What was counted counts no more: much has changed at once. */
  clear(): void {
    this.#counted.clear();
  }
}
