import * as z from "zod";
import type { Clock } from "../kernel/clock.ts";
import type { Memory, MemoryStore } from "../memory/index.ts";
import type { Checkpoints } from "./checkpoints.ts";
import { type Comparison, compareStores } from "./comparison.ts";
import { MigrationRefusedError } from "./errors.ts";
import { Migration, type MigrationProgress, type MigrationState } from "./migration.ts";

const State = z.object({
  phase: z.enum(["entities", "relations", "changes"]),
  scope: z.string().optional(),
  cursor: z.string().optional(),
  entities: z.int(),
  relations: z.int(),
  seq: z.int(),
});

export type MigrationRequest = {
  readonly from: string;
  readonly to: string;
  /** Goes on where an earlier one stopped; after a whole one it takes over what was changed since. */
  readonly isResumed: boolean;
  readonly onProgress: (progress: MigrationProgress) => void;
  readonly signal: AbortSignal | undefined;
};

export type MigrationReport = { readonly progress: MigrationProgress; readonly comparison: Comparison };

/** Memory goes from one place to another, while the server goes on with the one that is configured. */
export class MemoryMigrations {
  readonly #memory: Memory;
  readonly #open: (backend: string) => Promise<MemoryStore>;
  readonly #checkpoints: Checkpoints;
  readonly #clock: Clock;
  #isRunning = false;

  constructor(deps: {
    readonly memory: Memory;
    /** Opens a place that is configured besides the one in use. */
    readonly open: (backend: string) => Promise<MemoryStore>;
    readonly checkpoints: Checkpoints;
    readonly clock: Clock;
  }) {
    this.#memory = deps.memory;
    this.#open = deps.open;
    this.#checkpoints = deps.checkpoints;
    this.#clock = deps.clock;
  }

  /** Rejects with MigrationRefusedError, CancelledError, and what the stores reject with. */
  async migrate(request: MigrationRequest): Promise<MigrationReport> {
    const { from, to } = request;
    const refusal = this.#isRunning
      ? "a migration is under way already"
      : from === to
        ? `memory would go from ${from} to itself`
        : undefined;
    if (refusal !== undefined) throw new MigrationRefusedError(refusal, "`caxton memory migrate --help`", { from, to });
    this.#isRunning = true;
    const opened: MemoryStore[] = [];
    const storeOf = async (backend: string): Promise<MemoryStore> => {
      if (backend === this.#memory.store.name) return this.#memory.store;
      const store = await this.#open(backend);
      opened.push(store);
      return store;
    };
    try {
      return await this.#migrate(await storeOf(from), await storeOf(to), request);
    } finally {
      this.#isRunning = false;
      for (const store of opened) await store.close();
    }
  }

  async #migrate(from: MemoryStore, to: MemoryStore, request: MigrationRequest): Promise<MigrationReport> {
    const name = noteOf(request.from, request.to);
    const state = request.isResumed ? stateOf(await this.#checkpoints.read(name)) : undefined;
    if (state === undefined) {
      await refuseFull(to, request);
      // What was noted of the way back counts changes of a memory that is no longer there.
      await this.#checkpoints.remove(noteOf(request.to, request.from));
    }
    const { embeddings } = this.#memory;
    const progress = await new Migration({
      from,
      to,
      embeddings,
      state,
      nowMs: () => this.#clock.nowMs(),
      signal: request.signal,
      note: async (now) => {
        await this.#checkpoints.write(name, now);
        request.onProgress(now);
      },
    }).run();
    const comparison = await compareStores(from, to, {
      embeddings,
      nowMs: this.#clock.nowMs(),
      chance: () => Math.random(),
    });
    return { progress, comparison };
  }
}

const noteOf = (from: string, to: string): string => `migration-${from}-${to}`;

function stateOf(noted: unknown): MigrationState | undefined {
  const read = State.safeParse(noted);
  return read.success ? { scope: undefined, cursor: undefined, ...read.data } : undefined;
}

/** What is there already would be mixed with what comes. */
async function refuseFull(to: MemoryStore, request: MigrationRequest): Promise<void> {
  const { scopes } = await to.figures();
  const entities = scopes.reduce((sum, one) => sum + one.entities, 0);
  if (entities === 0) return;
  throw new MigrationRefusedError(
    `${request.to} already holds ${entities} entities`,
    request.isResumed
      ? `No migration from ${request.from} to ${request.to} was begun, so none can be gone on with. To go back to where memory came from set memory.backend back; to copy all of it give it an empty place.`
      : "Go on with an earlier migration by --resume, or give it an empty place: another schema, database or collection.",
    { from: request.from, to: request.to },
  );
}
