import * as z from "zod";
import type { Clock } from "../../kernel/clock.ts";
import { log } from "../../kernel/log.ts";
import type { Memory, MemoryStore } from "../knowledge/index.ts";
import { type Checkpoints, activeBackend, type ActiveBackend, type ActiveBackendFile } from "./checkpoints.ts";
import { type Comparison, compareStores, drawSamples } from "./comparison.ts";
import { MigrationRefusedError } from "./errors.ts";
import type { SwitchableStore } from "./switchable-store.ts";
import { Migration, type MigrationProgress, type MigrationState } from "./migration.ts";
import { cutOver } from "./cutover.ts";

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
  /** Resumes an interrupted migration; after a complete one, copies later changes. */
  readonly isResumed: boolean;
  /** Cuts over to the target when it holds all data. */
  readonly isCutover: boolean;
  readonly onProgress: (progress: MigrationProgress) => void;
  readonly signal: AbortSignal | undefined;
};

export type MigrationReport = {
  readonly progress: MigrationProgress;
  readonly comparison: Comparison;
  /** The server uses the target from now on. */
  readonly hasCutOver: boolean;
};

/** The active backend, and the target of a running migration. */
export type MemoryLocation = {
  readonly place: string;
  /** Value of `memory.backend`. */
  readonly configured: string;
  readonly note: ActiveBackend | undefined;
  readonly running: Readonly<Running> | undefined;
};

type Running = { readonly from: string; readonly to: string; progress: MigrationProgress | undefined };

type Deps = {
  readonly memory: Memory;
  readonly place: SwitchableStore;
  /** Value of `memory.backend`. */
  readonly configured: string;
  /** Opens a configured backend besides the active one. */
  readonly open: (backend: string) => Promise<MemoryStore>;
  readonly checkpoints: Checkpoints;
  readonly notes: ActiveBackendFile;
  readonly clock: Clock;
};

/** Migrates memory to another backend while the server uses the active one, and cuts over if requested. */
export class MemoryMigrations {
  readonly #deps: Deps;
  #running: Running | undefined;
  #isReplaced = false;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  async location(): Promise<MemoryLocation> {
    const { place, configured, notes } = this.#deps;
    const running = this.#running && { ...this.#running };
    return { place: place.name, configured, note: await notes.read(), running };
  }

  /** Rejects with MigrationRefusedError, MigrationNotCaughtUpError, CancelledError, and what the stores reject with. */
  async migrate(request: MigrationRequest): Promise<MigrationReport> {
    const { from, to, isCutover } = request;
    const { place } = this.#deps;
    const refusal = this.#running
      ? "a migration is already running"
      : this.#isReplaced
        ? "a snapshot is being restored"
        : from === to
          ? `source and target are both ${from}`
          : isCutover && from !== place.name
            ? `the server uses ${place.name}, so it cannot cut over from ${from}`
            : undefined;
    if (refusal !== undefined) throw new MigrationRefusedError(refusal, "`caxton memory migrate --help`", { from, to });
    const running: Running = { from, to, progress: undefined };
    this.#running = running;
    await using opened = new AsyncDisposableStack();
    opened.defer(() => void (this.#running = undefined));
    const storeOf = async (backend: string): Promise<MemoryStore> => {
      if (backend === place.name) return place.current;
      const store = await this.#deps.open(backend);
      // After a cutover it is the active one, whatever failed later.
      opened.defer(() => (store === place.current ? undefined : store.close()));
      return store;
    };
    const [source, target] = [await storeOf(from), await storeOf(to)];
    return await this.#migrate(source, target, {
      ...request,
      onProgress: (progress) => {
        running.progress = progress;
        request.onProgress(progress);
      },
    });
  }

  /**
   * Runs the restore of an earlier state, which no log records: discards checkpoints of migrations from here, and blocks new migrations.
   * Rejects with MigrationRefusedError while a migration is running.
   */
  async aroundRestore(restoring: () => Promise<void>): Promise<void> {
    if (this.#running) {
      const { from, to } = this.#running;
      throw new MigrationRefusedError(
        `memory is being migrated from ${from} to ${to}`,
        "Wait for the migration, or stop it; then restore the snapshot.",
        { from, to },
      );
    }
    this.#isReplaced = true;
    try {
      await this.#discardCheckpoints();
      await restoring();
    } finally {
      this.#isReplaced = false;
    }
  }

  async #discardCheckpoints(): Promise<void> {
    const { place, checkpoints, notes } = this.#deps;
    await checkpoints.removeAll(`migration-${place.name}-`);
    const note = await notes.read();
    if (note?.seq !== undefined) await notes.write({ ...note, seq: undefined });
  }

  /** Call before the first use of memory. Discards checkpoints of backends that memory left, or returned to by configuration. */
  static async settle(
    configured: string,
    { notes, checkpoints }: Pick<Deps, "notes" | "checkpoints">,
  ): Promise<string> {
    const before = await notes.read();
    const { place, note } = activeBackend(configured, before);
    if (before) {
      await checkpoints.remove(noteOf(before.was, before.now));
      if (!note) await checkpoints.remove(noteOf(before.now, before.was));
    }
    if (!note && before) {
      await notes.remove();
      log.warn(
        { place, left: before.now },
        `switched back to the configured backend ${place}; facts added to ${before.now} since the cutover are only there`,
      );
    }
    if (note && note.isConfirmed !== before?.isConfirmed) await notes.write(note);
    if (place !== configured)
      log.warn(
        { place, configured },
        `memory was switched to ${place}; set memory.backend = "${place}" in caxton.toml instead of ${configured}`,
      );
    return place;
  }

  async #migrate(from: MemoryStore, to: MemoryStore, request: MigrationRequest): Promise<MigrationReport> {
    const { checkpoints, clock, memory, place, configured } = this.#deps;
    const name = noteOf(request.from, request.to);
    const begun = await this.#state(request);
    const state = request.isResumed || request.isCutover ? begun : undefined;
    if (state === undefined) {
      await requireEmpty(to, request, begun !== undefined);
      // Checkpoints of the reverse migration count changes of data that no longer exists.
      await checkpoints.remove(noteOf(request.to, request.from));
    }
    const { embeddings } = memory;
    const migration = new Migration({
      from,
      to,
      embeddings,
      state,
      nowMs: () => clock.nowMs(),
      signal: request.signal,
      settled: () => place.settled(),
      saveCheckpoint: async (now) => {
        await checkpoints.write(name, now);
        request.onProgress(now);
      },
    });
    await migration.run();
    const samples = await drawSamples(from, { embeddings, nowMs: clock.nowMs(), chance: () => Math.random() });
    if (!request.isCutover) {
      const comparison = await compareStores(from, to, samples);
      return { progress: migration.progress(), comparison, hasCutOver: false };
    }
    const result = await cutOver(
      { from, to, store: place, migration, samples, signal: request.signal },
      async (seq) => {
        const note = { configured, was: request.from, now: request.to, seq, atMs: clock.nowMs() };
        // Only the next start knows the configuration.
        await this.#keep({ ...note, isConfirmed: false });
      },
    );
    if (result.hasCutOver) {
      await this.#cleanUp(request).catch((error: unknown) =>
        log.error({ err: error }, "cutover committed; cleanup deferred to the next start"),
      );
    }
    return { progress: migration.progress(), ...result };
  }

  /** A record that was written despite an error counts: the next start uses it. */
  async #keep(note: ActiveBackend): Promise<void> {
    const { notes } = this.#deps;
    try {
      await notes.write(note);
    } catch (error) {
      const there = await notes.read().catch(() => undefined);
      if (there?.atMs !== note.atMs || there.now !== note.now) throw error;
    }
  }

  async #cleanUp({ from, to }: MigrationRequest): Promise<void> {
    const { checkpoints, configured, memory } = this.#deps;
    const hint = to === configured ? "" : `; set memory.backend = "${to}" in caxton.toml`;
    log.warn({ from, to }, `memory switched from ${from} to ${to}${hint}`);
    // From now on the active-backend record gives the start of each.
    for (const name of [noteOf(from, to), noteOf(to, from)]) await checkpoints.remove(name);
    memory.capacity.uncounted();
    // The target may lack vectors, or have those of another model.
    await memory.embeddings.open();
  }

  /** The checkpoint of an interrupted migration; on the way back, the cutover, when both backends were equal. */
  async #state({ from, to }: MigrationRequest): Promise<MigrationState | undefined> {
    const { checkpoints, notes } = this.#deps;
    const read = State.safeParse(await checkpoints.read(noteOf(from, to)));
    if (read.success) return { scope: undefined, cursor: undefined, ...read.data };
    const note = await notes.read();
    if (note?.seq === undefined || note.now !== from || note.was !== to) return undefined;
    return { phase: "changes", scope: undefined, cursor: undefined, entities: 0, relations: 0, seq: note.seq };
  }
}

const noteOf = (from: string, to: string): string => `migration-${from}-${to}`;

/** Rejects a target with data, which would be mixed with the copied data. `isBegun`: the migration can be resumed. */
async function requireEmpty(
  to: MemoryStore,
  { from, to: target, isResumed, isCutover }: MigrationRequest,
  isBegun: boolean,
): Promise<void> {
  const { scopes } = await to.stats();
  const entities = scopes.reduce((sum, one) => sum + one.entities, 0);
  if (entities === 0) return;
  const resume = isResumed || isCutover;
  throw new MigrationRefusedError(
    `${target} already holds ${entities} entities`,
    resume
      ? `No migration from ${from} to ${target} was started, so none can be resumed. To return to the previous backend, set memory.backend to it; to copy all data, use an empty target.`
      : `${isBegun ? `Resume the migration: caxton memory migrate --from ${from} --to ${target} --resume; or use` : "Use"} an empty target: another schema, database or collection.`,
    { from, to: target },
  );
}
