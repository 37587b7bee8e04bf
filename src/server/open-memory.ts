import { join } from "node:path";
import { MemoryTools } from "../runs/remembering/index.ts";
import { ArchiveFiles, CheckpointFiles, PlaceNoteFile } from "../memory/transfer/files/index.ts";
import { STATIC } from "../memory/embeddings/index.ts";
import { SqliteMemoryStore, SqliteSnapshots } from "../memory/stores/sqlite/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { log } from "../kernel/log.ts";
import { CaxtonError } from "../kernel/errors.ts";
import { packageVersion } from "../kernel/package.ts";
import { type Embedder, Memory, type MemoryStore } from "../memory/knowledge/index.ts";
import {
  type Checkpoints,
  MemoryMigrations,
  MemoryPlace,
  MemoryPlaceUnknownError,
  MemoryRetention,
  MemorySnapshots,
  MemoryTransfers,
  type PlaceNotes,
} from "../memory/transfer/index.ts";
import type { Redactors } from "../runs/redaction/index.ts";
import { type ToolRunner, withNativeTools } from "../tools/catalogue/index.ts";
import {
  type Config,
  type LoadedConfig,
  MEMORY_BACKENDS,
  retentionPolicy,
  searchDefaults,
  snapshotOptions,
} from "./config/index.ts";
import type { Embedders } from "../memory/embeddings/embedders.ts";
import { openMemoryStore } from "../memory/open-store.ts";
import type { SecretFound } from "../text/references/index.ts";
import { SecretVault } from "./secret-vault.ts";

type Parts = {
  readonly clock: Clock;
  readonly embedders: Embedders;
  readonly redactors: Redactors;
  readonly secretFound?: SecretFound | undefined;
};

/** Memory, with where it is. */
export type OpenedMemory = {
  readonly memory: Memory;
  readonly place: MemoryPlace;
  readonly notes: PlaceNotes;
  readonly checkpoints: Checkpoints;
  /** Why the embedder cannot be used; undefined while it can. */
  readonly embedderFailure: string | undefined;
};

/**
 * Memory, in the place that is configured or that it went over to. What cannot be opened is told in the log: without an
 * embedder memory goes by words, without its place each call says why; the server goes on. Throws MemoryPlaceUnknownError.
 */
export async function openMemory(
  loaded: LoadedConfig,
  { clock, embedders, redactors, secretFound }: Parts,
): Promise<OpenedMemory> {
  const { config } = loaded;
  const notes = new PlaceNoteFile(config.data.directory);
  const checkpoints = new CheckpointFiles(join(config.data.directory, "transfers"));
  const used = await MemoryMigrations.settle(config.memory.backend, { notes, checkpoints });
  const store = await storeOpener(loaded, secretFound)(used);
  const place = new MemoryPlace({ store, clock });
  const { embedder, failure: embedderFailure } = await openOr(embedders, embedders.used);
  const isSlow = embedder !== undefined && embedder.isQuick !== true;
  const { embedder: ranker } = isSlow ? await openOr(embedders, STATIC) : {};
  const formerly = (id: string) => embedders.formerly(id);
  const memory = new Memory({
    store: place,
    embedder,
    ranker,
    formerly,
    clock,
    defaults: searchDefaults(config.memory),
    hide: redactors.memory,
    entitiesMax: config.memory.max_entities,
  });
  memory.open().catch((error: unknown) => log.error({ err: error }, "memory cannot be opened; agents run without it"));
  return { memory, place, notes, checkpoints, embedderFailure };
}

/** Opens memory's places by their names. Rejects with MemoryPlaceUnknownError for a name that this version does not know. */
function storeOpener(loaded: LoadedConfig, secretFound: SecretFound | undefined) {
  const vault = SecretVault.of(loaded, secretFound);
  return async (name: string): Promise<MemoryStore> => {
    const backend = MEMORY_BACKENDS.find((one) => one === name);
    if (backend) return openMemoryStore(loaded.config, { secret: (secret) => vault.find(secret), backend });
    const file = join(loaded.config.data.directory, "memory-place.json");
    throw new MemoryPlaceUnknownError(
      `${file} says that memory is in ${name.slice(0, 100)}, which is none of ${MEMORY_BACKENDS.join(", ")}`,
      "Use the version of Caxton that wrote it, or set memory.backend to the place that memory went to, and remove the file.",
      { file },
    );
  };
}

/** Exports and imports, which note how far they are in the data directory. */
export const openTransfers = (deps: {
  readonly memory: Memory;
  readonly clock: Clock;
  readonly checkpoints: Checkpoints;
}): MemoryTransfers => new MemoryTransfers(deps);

/** Memory on its way to another of the places that are configured. */
export const openMigrations = (
  loaded: LoadedConfig,
  { secretFound, ...deps }: OpenedMemory & { readonly clock: Clock; readonly secretFound: SecretFound },
): MemoryMigrations =>
  new MemoryMigrations({
    ...deps,
    configured: loaded.config.memory.backend,
    open: storeOpener(loaded, secretFound),
  });

/** Copies of an embedded memory, made by themselves from now on. */
export function openSnapshots(
  { data, memory: table }: Config,
  { memory, place, clock, migrations }: OpenedMemory & { readonly clock: Clock; readonly migrations: MemoryMigrations },
): MemorySnapshots {
  const snapshotsNow = () =>
    place.current instanceof SqliteMemoryStore
      ? new SqliteSnapshots({ store: place.current, directory: data.directory })
      : undefined;
  const around = (restoring: () => Promise<void>): Promise<void> =>
    migrations.disowning(() => place.changing(restoring));
  const snapshots = new MemorySnapshots({ place: snapshotsNow, memory, clock, around }, snapshotOptions(table));
  snapshots.start();
  return snapshots;
}

/** What takes out of memory what the policy says, by itself from now on. */
export function openRetention(
  { data, memory: table }: Config,
  deps: { readonly memory: Memory; readonly clock: Clock },
): MemoryRetention {
  const archive = new ArchiveFiles(join(data.directory, "archive"));
  const retention = new MemoryRetention({ ...deps, archive }, retentionPolicy(table));
  retention.start();
  return retention;
}

async function openOr(
  embedders: Embedders,
  name: string,
): Promise<{ readonly embedder?: Embedder; readonly failure?: string }> {
  try {
    return { embedder: await embedders.open(name) };
  } catch (error) {
    log.error({ err: error, embedder: name }, "memory is searched by words alone: its embedder cannot be opened");
    return { failure: error instanceof CaxtonError ? `${error.message}. ${error.hint}` : String(error) };
  }
}

/** Puts the tools for memory beside a runner's own. */
export function withMemoryTools(runner: ToolRunner, memory: Memory): ToolRunner {
  return withNativeTools(runner, [new MemoryTools({ memory, version: packageVersion() })]);
}
