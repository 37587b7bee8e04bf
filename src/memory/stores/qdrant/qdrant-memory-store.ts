import { type Clock, systemClock } from "../../../kernel/clock.ts";
import type { EntityId, RelationId } from "../../../kernel/ids.ts";
import {
  type Change,
  type Entity,
  type EntityFilter,
  type EntityHistory,
  type EntityRestore,
  type EntityWrite,
  type ForgetTarget,
  type Forgotten,
  type MemoryPage,
  type MemoryStore,
  MemoryUnavailableError,
  type PageOf,
  type Relation,
  type RelationWrite,
  type StoreStats,
  type StoreHits,
  type StoreProblem,
  type StoreSearch,
  type StoreWalk,
  type StoreWalked,
  type WriteOutcome,
  type ChangeFilter,
  type EntityKey,
  type ForgetBy,
  type PassageUpdate,
  type RelationFilter,
} from "../../knowledge/index.ts";
import { Archive } from "./archive.ts";
import { Corpora } from "./search/corpus.ts";
import { WriteIntentRecovery } from "./write-intent-recovery.ts";
import { Forgetting } from "./forgetting.ts";
import { Models } from "./models.ts";
import { Place, type PlaceOptions } from "./place.ts";
import { Reading } from "./reading.ts";
import { BACKEND, isMissing, toMemoryError, unavailable } from "./errors.ts";
import { openCollection } from "./schema.ts";
import { Searching } from "./search/searching.ts";
import { Sequence } from "./sequence.ts";
import { Maintenance } from "./maintenance.ts";
import { walk } from "./search/walking.ts";
import { Writing } from "./writing.ts";

export type QdrantOptions = PlaceOptions & { readonly clock?: Clock | undefined };

/**
 * Memory in one collection of a Qdrant, 1.18 or newer. The first call connects, makes what is missing and finishes what was cut
 * off; each call may reject with MemoryUnavailableError, after which the next one connects again.
 *
 * qdrant.qdrant-memory-store.Q1. An entity is one point: its head, what was said of it, its vectors and its words. A
 *   change of it is there whole or not at all.
 * qdrant.qdrant-memory-store.Q2. A point is put in only where the one is that it was made from, compared by Qdrant in
 *   the same step (`update_filter`, `update_mode`); so two servers lose nothing of each other.
 * qdrant.qdrant-memory-store.Q3. A change of several requests first writes an intent to the point, and is completed by the process that
 *   finds it (`WriteIntentRecovery`).
 * qdrant.qdrant-memory-store.Q4. Each request is harmless the second time: ids follow from what is written, changes
 *   name the token they replace.
 */
export class QdrantMemoryStore implements MemoryStore {
  readonly name = BACKEND;
  readonly #place: Place;
  readonly #archive: Archive;
  readonly #models: Models;
  readonly #finishing: WriteIntentRecovery;
  readonly #writing: Writing;
  readonly #forgetting: Forgetting;
  readonly #reading: Reading;
  readonly #corpora: Corpora;
  readonly #searching: Searching;
  readonly #maintenance: Maintenance;
  #opened: Promise<void> | undefined;
  #isClosed = false;

  constructor({ clock = systemClock, ...options }: QdrantOptions) {
    const place = new Place(options, clock);
    const [archive, models, sequence] = [new Archive(place), new Models(place), new Sequence(clock)];
    const finishing = new WriteIntentRecovery({ place, archive, clock });
    const deps = { place, archive, models, finishing, sequence, clock };
    this.#place = place;
    this.#archive = archive;
    this.#models = models;
    this.#finishing = finishing;
    this.#writing = new Writing(deps);
    this.#forgetting = new Forgetting(deps, this.#writing);
    this.#reading = new Reading(deps);
    this.#corpora = new Corpora(place, clock);
    this.#searching = new Searching({ ...deps, corpora: this.#corpora });
    this.#maintenance = new Maintenance({ ...deps, writing: this.#writing });
  }

  write(writes: readonly (EntityWrite | RelationWrite)[]): Promise<readonly WriteOutcome[]> {
    return this.#do(() => this.#writing.write(writes));
  }
  find(keys: readonly EntityKey[]): Promise<readonly (Entity | undefined)[]> {
    return this.#do(() => this.#reading.find(keys));
  }
  get(ids: readonly EntityId[]): Promise<readonly (Entity | undefined)[]> {
    return this.#do(() => this.#reading.get(ids));
  }
  search(search: StoreSearch): Promise<StoreHits> {
    return this.#do(() => this.#searching.search(search));
  }
  list(filter: EntityFilter, page: PageOf): Promise<MemoryPage<Entity>> {
    return this.#do(() => this.#reading.list(filter, page));
  }
  relations(of: RelationFilter, page: PageOf): Promise<MemoryPage<Relation>> {
    return this.#do(() => this.#reading.relations(of, page));
  }
  relation(id: RelationId): Promise<Relation | undefined> {
    return this.#do(() => this.#reading.relation(id));
  }
  walk(of: StoreWalk): Promise<StoreWalked> {
    return this.#do(() => walk({ place: this.#place, archive: this.#archive }, of));
  }
  log(of: ChangeFilter, page: PageOf): Promise<MemoryPage<Change>> {
    return this.#do(() => this.#reading.log(of, page));
  }
  history(id: EntityId): Promise<EntityHistory | undefined> {
    return this.#do(() => this.#reading.history(id));
  }
  restore(entities: readonly EntityRestore[], relations: readonly Relation[]): Promise<void> {
    return this.#do(async () => {
      await this.#writing.restore(entities, relations);
      this.#corpora.clear();
    });
  }
  forget(target: ForgetTarget, by: ForgetBy): Promise<Forgotten> {
    return this.#do(() => this.#forgetting.forget(target, by));
  }
  unembedded(model: string, limit: number): Promise<readonly Entity[]> {
    return this.#do(() => this.#maintenance.unembedded(model, limit));
  }
  embedded(of: PassageUpdate): Promise<boolean> {
    return this.#do(() => this.#writing.embedded(of));
  }
  switchModel(model: string): Promise<void> {
    return this.#do(() => this.#models.activate(model));
  }
  async dropOthers(model: string): Promise<boolean> {
    await this.#do(() => this.#models.dropOthers(model));
    return false;
  }
  model(): Promise<string | undefined> {
    return this.#do(() => this.#models.active());
  }
  stats(): Promise<StoreStats> {
    return this.#do(() => this.#maintenance.figures());
  }
  check(repair: boolean): Promise<readonly StoreProblem[]> {
    return this.#do(() => this.#maintenance.check(repair));
  }
  reindex(progress: (done: number, all: number) => void): Promise<void> {
    return this.#do(() => this.#maintenance.reindex(progress));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#place.forgetClient();
    await this.#opened?.catch(() => undefined);
  }

  async #do<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#isClosed) throw unavailable("memory is closed", { hint: "The server is ending; start it again." });
    try {
      await (this.#opened ??= this.#open());
      return await work();
    } catch (error) {
      throw this.#lost(error);
    }
  }

  /** After the place was lost the next call begins from the start: with the key as it is then, and the collection as it is. */
  #lost(error: unknown): unknown {
    if (!(error instanceof MemoryUnavailableError) && !isMissing(error)) return toMemoryError(error, this.#place.name);
    this.#opened = undefined;
    this.#place.forgetClient();
    if (!isMissing(error)) return error;
    return unavailable(`Qdrant at ${this.#place.name} has no such collection any more`, {
      hint: "Restore its latest snapshot, or continue with an empty memory, which the next call creates.",
      cause: error,
    });
  }

  async #open(): Promise<void> {
    await openCollection(this.#place);
    await this.#finishing.all();
  }
}
