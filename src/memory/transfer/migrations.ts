import * as z from "zod";
import type { Clock } from "../../kernel/clock.ts";
import { log } from "../../kernel/log.ts";
import type { Memory, MemoryStore } from "../knowledge/index.ts";
import { type Checkpoints, placeInUse, type PlaceNote, type PlaceNotes } from "./checkpoints.ts";
import { type Comparison, compareStores, drawSamples } from "./comparison.ts";
import { MigrationRefusedError } from "./errors.ts";
import type { MemoryPlace } from "./memory-place.ts";
import { Migration, type MigrationProgress, type MigrationState } from "./migration.ts";
import { goOver } from "./going-over.ts";

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
  /** The server goes over to the new place when that holds all. */
  readonly isSwitching: boolean;
  readonly onProgress: (progress: MigrationProgress) => void;
  readonly signal: AbortSignal | undefined;
};

export type MigrationReport = {
  readonly progress: MigrationProgress;
  readonly comparison: Comparison;
  /** The server uses the new place from now on. */
  readonly hasSwitched: boolean;
};

/** Where memory is, and where it is going. */
export type MemoryWhereabouts = {
  readonly place: string;
  /** What `memory.backend` says. */
  readonly configured: string;
  readonly note: PlaceNote | undefined;
  readonly running: Readonly<Running> | undefined;
};

type Running = { readonly from: string; readonly to: string; progress: MigrationProgress | undefined };

type Deps = {
  readonly memory: Memory;
  readonly place: MemoryPlace;
  /** What `memory.backend` says. */
  readonly configured: string;
  /** Opens a place that is configured besides the one in use. */
  readonly open: (backend: string) => Promise<MemoryStore>;
  readonly checkpoints: Checkpoints;
  readonly notes: PlaceNotes;
  readonly clock: Clock;
};

/** Memory goes from one place to another, while the server goes on with the one in use, and over to the new one if it is to. */
export class MemoryMigrations {
  readonly #deps: Deps;
  #running: Running | undefined;
  #isReplaced = false;

  constructor(deps: Deps) {
    this.#deps = deps;
  }

  async whereabouts(): Promise<MemoryWhereabouts> {
    const { place, configured, notes } = this.#deps;
    const running = this.#running && { ...this.#running };
    return { place: place.name, configured, note: await notes.read(), running };
  }

  /** Rejects with MigrationRefusedError, MigrationNotCaughtUpError, CancelledError, and what the stores reject with. */
  async migrate(request: MigrationRequest): Promise<MigrationReport> {
    const { from, to, isSwitching } = request;
    const { place } = this.#deps;
    const refusal = this.#running
      ? "a migration is under way already"
      : this.#isReplaced
        ? "memory is being put back to a snapshot"
        : from === to
          ? `memory would go from ${from} to itself`
          : isSwitching && from !== place.name
            ? `the server can go over from ${place.name}, which it uses, and not from ${from}`
            : undefined;
    if (refusal !== undefined) throw new MigrationRefusedError(refusal, "`caxton memory migrate --help`", { from, to });
    const running: Running = { from, to, progress: undefined };
    this.#running = running;
    await using opened = new AsyncDisposableStack();
    opened.defer(() => void (this.#running = undefined));
    const storeOf = async (backend: string): Promise<MemoryStore> => {
      if (backend === place.name) return place.current;
      const store = await this.#deps.open(backend);
      // It is the one in use by then when memory went over to it, whatever failed after that.
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
   * Around what makes memory what it was at another time, which no log tells: what was begun from here is begun anew after it,
   * and nothing is begun meanwhile. Rejects with MigrationRefusedError while one is under way.
   */
  async disowning(restoring: () => Promise<void>): Promise<void> {
    if (this.#running) {
      const { from, to } = this.#running;
      throw new MigrationRefusedError(
        `memory is going from ${from} to ${to}`,
        "Wait for the migration, or stop it; then put the snapshot back.",
        { from, to },
      );
    }
    this.#isReplaced = true;
    try {
      await this.#disown();
      await restoring();
    } finally {
      this.#isReplaced = false;
    }
  }

  async #disown(): Promise<void> {
    const { place, checkpoints, notes } = this.#deps;
    await checkpoints.removeAll(`migration-${place.name}-`);
    const note = await notes.read();
    if (note?.seq !== undefined) await notes.write({ ...note, seq: undefined });
  }

  /**
   * Before the first use of memory: what was noted of a place that memory left, or came back to by the configuration, tells
   * nothing any more.
   */
  static async settle(
    configured: string,
    { notes, checkpoints }: Pick<Deps, "notes" | "checkpoints">,
  ): Promise<string> {
    const before = await notes.read();
    const { place, note } = placeInUse(configured, before);
    if (before) {
      await checkpoints.remove(noteOf(before.was, before.now));
      if (!note) await checkpoints.remove(noteOf(before.now, before.was));
    }
    if (!note && before) {
      await notes.remove();
      log.warn(
        { place, left: before.now },
        `${place} is configured and used as it is; what memory learned in ${before.now} since it went there is only there`,
      );
    }
    if (note && note.isConfirmed !== before?.isConfirmed) await notes.write(note);
    if (place !== configured)
      log.warn(
        { place, configured },
        `memory went over to ${place}, which is used; set memory.backend = "${place}" in caxton.toml, which still says ${configured}`,
      );
    return place;
  }

  async #migrate(from: MemoryStore, to: MemoryStore, request: MigrationRequest): Promise<MigrationReport> {
    const { checkpoints, clock, memory, place, configured } = this.#deps;
    const name = noteOf(request.from, request.to);
    const begun = await this.#state(request);
    const state = request.isResumed || request.isSwitching ? begun : undefined;
    if (state === undefined) {
      await refuseFull(to, request, begun !== undefined);
      // What was noted of the way back counts changes of a memory that is no longer there.
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
      note: async (now) => {
        await checkpoints.write(name, now);
        request.onProgress(now);
      },
    });
    await migration.run();
    const samples = await drawSamples(from, { embeddings, nowMs: clock.nowMs(), chance: () => Math.random() });
    if (!request.isSwitching) {
      const comparison = await compareStores(from, to, samples);
      return { progress: migration.progress(), comparison, hasSwitched: false };
    }
    const went = await goOver({ from, to, place, migration, samples, signal: request.signal }, async (seq) => {
      const note = { configured, was: request.from, now: request.to, seq, atMs: clock.nowMs() };
      // Only a start knows what the configuration says by then.
      await this.#keep({ ...note, isConfirmed: false });
    });
    if (went.hasSwitched) {
      await this.#wentOver(request).catch((error: unknown) =>
        log.error({ err: error }, "memory went over, and what follows from that is done at the next start"),
      );
    }
    return { progress: migration.progress(), ...went };
  }

  /** What is there after an error holds all the same: the next start goes by it. */
  async #keep(note: PlaceNote): Promise<void> {
    const { notes } = this.#deps;
    try {
      await notes.write(note);
    } catch (error) {
      const there = await notes.read().catch(() => undefined);
      if (there?.atMs !== note.atMs || there.now !== note.now) throw error;
    }
  }

  async #wentOver({ from, to }: MigrationRequest): Promise<void> {
    const { checkpoints, configured, memory } = this.#deps;
    const hint = to === configured ? "" : `; set memory.backend = "${to}" in caxton.toml`;
    log.warn({ from, to }, `memory went over from ${from} to ${to}, which is used from now on${hint}`);
    // From here on the note says where each begins.
    for (const name of [noteOf(from, to), noteOf(to, from)]) await checkpoints.remove(name);
    memory.capacity.uncounted();
    // It may lack vectors, or have those of another model.
    await memory.embeddings.open();
  }

  /** Where an earlier one stopped; or, on the way back, where memory went over: both places held the same then. */
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

/** What is there already would be mixed with what comes. `isBegun`: it can be gone on with. */
async function refuseFull(
  to: MemoryStore,
  { from, to: target, isResumed, isSwitching }: MigrationRequest,
  isBegun: boolean,
): Promise<void> {
  const { scopes } = await to.figures();
  const entities = scopes.reduce((sum, one) => sum + one.entities, 0);
  if (entities === 0) return;
  const goOn = isResumed || isSwitching;
  throw new MigrationRefusedError(
    `${target} already holds ${entities} entities`,
    goOn
      ? `No migration from ${from} to ${target} was begun, so none can be gone on with. To go back to where memory came from set memory.backend back; to copy all of it give it an empty place.`
      : `${isBegun ? `Go on with the migration that was begun: caxton memory migrate --from ${from} --to ${target} --resume; or give` : "Give"} it an empty place: another schema, database or collection.`,
    { from, to: target },
  );
}
