import { type Clock, systemClock } from "../../../kernel/clock.ts";
import type { EntityId, RelationId } from "../../../kernel/ids.ts";
import {
  type Change,
  type Entity,
  type EntityFilter,
  type EntityHistory,
  type EntityRestore,
  type EntityWrite,
  type Forgotten,
  type ForgetTarget,
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
import { Connection, type Neo4jPlace } from "./connection.ts";
import { forget } from "./forgetting.ts";
import { NEO4J_LIMITS } from "./limits.ts";
import { Models } from "./models.ts";
import { Reading } from "./reading.ts";
import { warmUp } from "./warm-up.ts";
import { restore } from "./restoring.ts";
import { openSchema } from "./schema.ts";
import { Searching, type SearchLimits } from "./searching.ts";
import { check, stats, reindex } from "./maintenance.ts";
import { walk } from "./walking.ts";
import { Statistics } from "./words.ts";
import { Writing } from "./writing.ts";

export type Neo4jMemoryOptions = Neo4jPlace & {
  readonly clock?: Clock;
  /** Other bounds than those of NEO4J_LIMITS. */
  readonly limits?: SearchLimits;
};

/**
 * Memory in a database of Neo4j 5.26 or newer, over Bolt. Connects at the first call and reconnects automatically; creates constraints and
 * indexes that are missing. Several servers may use one database.
 */
export class Neo4jMemoryStore implements MemoryStore {
  readonly name = "neo4j";
  readonly #url: string;
  readonly #connection: Connection;
  readonly #models: Models;
  readonly #reading: Reading;
  readonly #writing: Writing;
  readonly #searching: Searching;
  #opened: Promise<void> | undefined;
  #isClosed = false;

  constructor({ clock = systemClock, limits = NEO4J_LIMITS, ...place }: Neo4jMemoryOptions) {
    this.#url = place.url;
    this.#connection = new Connection(place, clock);
    const connection = this.#connection;
    this.#models = new Models(connection);
    this.#reading = new Reading(connection);
    this.#writing = new Writing({ connection, models: this.#models });
    this.#searching = new Searching({
      connection,
      limits,
      active: () => this.#models.active(),
      statistics: new Statistics(connection, () => clock.monotonicMs()),
      read: (ids) => this.#reading.get(ids),
    });
  }

  async write(writes: readonly (EntityWrite | RelationWrite)[]): Promise<readonly WriteOutcome[]> {
    await this.#open();
    return writes.length === 0 ? [] : this.#writing.write(writes);
  }
  async find(keys: readonly EntityKey[]): Promise<readonly (Entity | undefined)[]> {
    await this.#open();
    return keys.length === 0 ? [] : this.#reading.find(keys);
  }
  async get(ids: readonly EntityId[]): Promise<readonly (Entity | undefined)[]> {
    await this.#open();
    return ids.length === 0 ? [] : this.#reading.get(ids);
  }
  async search(search: StoreSearch): Promise<StoreHits> {
    await this.#open();
    return this.#searching.search(search);
  }
  async list(filter: EntityFilter, page: PageOf): Promise<MemoryPage<Entity>> {
    await this.#open();
    return this.#reading.list(filter, page);
  }
  async relations(of: RelationFilter, page: PageOf): Promise<MemoryPage<Relation>> {
    await this.#open();
    return this.#reading.relations(of, page);
  }
  async relation(id: RelationId): Promise<Relation | undefined> {
    await this.#open();
    return this.#reading.relation(id);
  }
  async walk(options: StoreWalk): Promise<StoreWalked> {
    await this.#open();
    return walk(this.#connection, options);
  }
  async log(of: ChangeFilter, page: PageOf): Promise<MemoryPage<Change>> {
    await this.#open();
    return this.#reading.log(of, page);
  }
  async history(id: EntityId): Promise<EntityHistory | undefined> {
    await this.#open();
    return this.#reading.history(id);
  }
  async restore(entities: readonly EntityRestore[], relations: readonly Relation[]): Promise<void> {
    await this.#open();
    await restore({ connection: this.#connection, models: this.#models }, entities, relations);
  }
  async forget(target: ForgetTarget, by: ForgetBy): Promise<Forgotten> {
    await this.#open();
    return forget(this.#connection, target, by);
  }
  async unembedded(model: string, limit: number): Promise<readonly Entity[]> {
    await this.#open();
    return this.#models.lacking(model, limit);
  }
  async embedded(of: PassageUpdate): Promise<boolean> {
    await this.#open();
    return this.#models.embedded(of);
  }
  async switchModel(model: string): Promise<void> {
    await this.#open();
    await this.#models.activate(model);
  }
  async dropOthers(model: string, limit: number): Promise<boolean> {
    await this.#open();
    return this.#models.dropOthers(model, limit);
  }
  async model(): Promise<string | undefined> {
    await this.#open();
    return this.#models.active();
  }
  /** Done before memory comes here, and not at each opening: a server that is used knows its statements. */
  async warmUp(): Promise<void> {
    await this.#open();
    await warmUp({ connection: this.#connection, models: this.#models });
  }
  async stats(): Promise<StoreStats> {
    await this.#open();
    return stats({ connection: this.#connection, models: this.#models });
  }
  async check(repair: boolean): Promise<readonly StoreProblem[]> {
    await this.#open();
    return check({ connection: this.#connection, models: this.#models }, repair);
  }
  async reindex(progress: (done: number, all: number) => void): Promise<void> {
    await this.#open();
    await reindex({ connection: this.#connection, models: this.#models }, progress);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#connection.close();
  }

  #open(): Promise<void> {
    if (this.#isClosed)
      return Promise.reject(
        new MemoryUnavailableError("memory is closed", "The server is ending; try again when it is there again.", {
          backend: this.name,
        }),
      );
    this.#opened ??= openSchema(this.#connection, this.#url).catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }
}
