import { type Clock, systemClock } from "../../../kernel/clock.ts";
import type { EntityId, RelationId } from "../../../kernel/ids.ts";
import type {
  Change,
  Entity,
  EntityFilter,
  EntityHistory,
  EntityRestore,
  EntityWrite,
  Forgotten,
  ForgetTarget,
  MemoryPage,
  MemoryStore,
  PageOf,
  Relation,
  RelationWrite,
  StoreStats,
  StoreHits,
  StoreProblem,
  StoreSearch,
  StoreWalk,
  StoreWalked,
  WriteOutcome,
  ChangeFilter,
  EntityKey,
  ForgetBy,
  PassageUpdate,
  RelationFilter,
} from "../../knowledge/index.ts";
import { Connections } from "./connections.ts";
import { BACKEND } from "./errors.ts";
import { Forgetting } from "./forgetting.ts";
import { Keywords } from "./search/keywords.ts";
import { Lookup } from "./search/lookup.ts";
import { SurrogateKeys } from "./surrogate-keys.ts";
import { Reading } from "./reading.ts";
import { Restoring } from "./restoring.ts";
import { schemaMaker } from "./schema.ts";
import { Maintenance } from "./maintenance.ts";
import { Vectors } from "./vectors.ts";
import { walkFrom } from "./search/walking.ts";
import { PageScrubber } from "./page-scrubber.ts";
import { Writing } from "./writing.ts";

export type PostgresqlMemoryOptions = {
  /** `postgresql://user@host:port/database?…`, without a password. */
  readonly url: string;
  /** Read for each new connection; may throw a CaxtonError that says why there is none. */
  readonly password?: (() => string | undefined) | undefined;
  /** Small letters, digits and _; it is made where it is missing. */
  readonly schema: string;
  /** At most; 1 or more. */
  readonly connections: number;
  readonly clock?: Clock | undefined;
  /** Up to so many passages of a search's scopes are compared one by one; beyond, by an index. */
  readonly exactMax?: number | undefined;
};

const EXACT_MAX = 20_000;
/** Passages that are written between two looks whether there are so many that an index is due. */
const LOOK_AFTER = 1_000;

/** Memory in a schema of a PostgreSQL database with pgvector, which several servers may share. Connects at the first use. */
export class PostgresqlMemoryStore implements MemoryStore {
  readonly name = BACKEND;
  readonly #connections: Connections;
  readonly #reading: Reading;
  readonly #writing: Writing;
  readonly #restoring: Restoring;
  readonly #forgetting: Forgetting;
  readonly #vectors: Vectors;
  readonly #lookup: Lookup;
  readonly #maintenance: Maintenance;
  readonly #scrubber: PageScrubber;
  #written = 0;

  constructor(options: PostgresqlMemoryOptions) {
    const { url, password, schema, connections: most, clock = systemClock, exactMax = EXACT_MAX } = options;
    const make = schemaMaker(schema);
    const connections: Connections = new Connections({
      url,
      password,
      schema,
      connections: most,
      clock,
      prepare: async (session) => {
        await make(session);
        // A server that ended while it forgot has left it to the next.
        void scrubber.resume();
      },
    });
    const numbers = new SurrogateKeys(connections);
    const scrubber = new PageScrubber({ connections, clock });
    this.#scrubber = scrubber;
    const vectors = new Vectors({ connections, numbers, indexFrom: exactMax });
    this.#connections = connections;
    this.#vectors = vectors;
    this.#reading = new Reading(connections);
    this.#writing = new Writing({ connections, numbers });
    this.#restoring = new Restoring({ connections, numbers });
    this.#forgetting = new Forgetting({ connections, numbers, scrubber });
    this.#lookup = new Lookup({ connections, numbers, keywords: new Keywords(clock), exactMax });
    this.#maintenance = new Maintenance({ connections, numbers, vectors, scrubber });
  }

  async write(writes: readonly (EntityWrite | RelationWrite)[]): Promise<readonly WriteOutcome[]> {
    if (writes.length === 0) return [];
    const outcomes = await this.#writing.write(writes);
    this.#wrote(writes.reduce((sum, write) => sum + (write.type === "entity" ? write.passages.length : 0), 0));
    return outcomes;
  }

  find(keys: readonly EntityKey[]): Promise<readonly (Entity | undefined)[]> {
    return this.#reading.find(keys);
  }

  get(ids: readonly EntityId[]): Promise<readonly (Entity | undefined)[]> {
    return this.#reading.get(ids);
  }

  search(search: StoreSearch): Promise<StoreHits> {
    return this.#lookup.search(search);
  }

  list(filter: EntityFilter, page: PageOf): Promise<MemoryPage<Entity>> {
    return this.#reading.list(filter, page);
  }

  relations(of: RelationFilter, page: PageOf): Promise<MemoryPage<Relation>> {
    return this.#reading.relations(of, page);
  }

  relation(id: RelationId): Promise<Relation | undefined> {
    return this.#reading.relation(id);
  }

  walk(asked: StoreWalk): Promise<StoreWalked> {
    return this.#connections.readWith("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", (session) =>
      walkFrom(session, asked),
    );
  }

  log(of: ChangeFilter, page: PageOf): Promise<MemoryPage<Change>> {
    return this.#reading.log(of, page);
  }

  history(id: EntityId): Promise<EntityHistory | undefined> {
    return this.#reading.history(id);
  }

  async restore(entities: readonly EntityRestore[], relations: readonly Relation[]): Promise<void> {
    await this.#restoring.restore(entities, relations);
    this.#wrote(entities.reduce((sum, { passages }) => sum + passages.length, 0));
  }

  forget(target: ForgetTarget, by: ForgetBy): Promise<Forgotten> {
    return this.#forgetting.forget(target, by);
  }

  unembedded(model: string, limit: number): Promise<readonly Entity[]> {
    return this.#vectors.unembedded(model, limit);
  }

  async embedded(of: PassageUpdate): Promise<boolean> {
    const isStill = await this.#vectors.embedded(of);
    this.#wrote(of.passages.length);
    return isStill;
  }

  switchModel(model: string): Promise<void> {
    return this.#vectors.switchModel(model);
  }

  dropOthers(model: string, limit: number): Promise<boolean> {
    return this.#vectors.dropOthers(model, limit);
  }

  model(): Promise<string | undefined> {
    return this.#vectors.model();
  }

  stats(): Promise<StoreStats> {
    return this.#maintenance.figures();
  }

  check(repair: boolean): Promise<readonly StoreProblem[]> {
    return this.#maintenance.check(repair);
  }

  reindex(progress: (done: number, all: number) => void): Promise<void> {
    return this.#maintenance.reindex(progress);
  }

  close(): Promise<void> {
    this.#scrubber.close();
    return this.#connections.close();
  }

  #wrote(passages: number): void {
    this.#written += passages;
    if (this.#written < LOOK_AFTER) return;
    this.#written = 0;
    this.#vectors.considerIndex();
  }
}
