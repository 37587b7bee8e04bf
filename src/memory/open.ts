import { join } from "node:path";
import type { Clock } from "../kernel/clock.ts";
import { CaxtonError } from "../kernel/errors.ts";
import { log } from "../kernel/log.ts";
import { Embedders, type EmbeddersOptions, type NamedEndpoint, STATIC } from "./embeddings/index.ts";
import { type Embedder, type EntityQuotas, Memory, type MemoryDeps, type SearchDefaults } from "./knowledge/index.ts";
import { type FindSecret, type MemoryBackend, type MemoryStoreOptions, storeOpener } from "./open-store.ts";
import { SqliteMemoryStore, SqliteSnapshots } from "./stores/sqlite/index.ts";
import { ArchiveFiles, CheckpointFiles, MemoryBackendFile } from "./transfer/files/index.ts";
import {
  MemoryMigrations,
  SwitchableStore,
  MemoryRetention,
  MemorySnapshots,
  MemoryTransfers,
  type RetentionPolicy,
  type SnapshotOptions,
} from "./transfer/index.ts";

export type MemoryOptions = {
  /** Data directory of the server. */
  readonly directory: string;
  readonly backend: MemoryBackend;
  readonly stores: MemoryStoreOptions;
  readonly embedders: EmbeddersOptions;
  readonly defaults: SearchDefaults;
  /** 0 sets no limit. */
  readonly entitiesMax: number;
  readonly snapshots: SnapshotOptions;
  readonly retention: RetentionPolicy;
};

export type MemoryPorts = {
  readonly clock: Clock;
  /** Finds the endpoint of an embedding model by `provider/model`. */
  readonly endpoint: NamedEndpoint;
  readonly hide: MemoryDeps["hide"];
  readonly secret: FindSecret;
  readonly quotas: EntityQuotas;
};

/**
 * Opens memory in the configured backend, or the one it was migrated to. Logs failures: without an embedder,
 * searches use keywords only; without its backend, each call reports why. Rejects with MemoryBackendUnknownError.
 */
export async function openMemory(options: MemoryOptions, { clock, endpoint, hide, secret, quotas }: MemoryPorts) {
  await using opening = new AsyncDisposableStack();
  const { directory, backend } = options;
  const embedders = opening.use(new Embedders({ options: options.embedders, endpoint, clock }));
  const notes = new MemoryBackendFile(directory);
  const checkpoints = new CheckpointFiles(join(directory, "transfers"));
  const open = storeOpener(options.stores, directory, secret);
  const store = await open(await MemoryMigrations.settle(backend, { notes, checkpoints }));
  const place = new SwitchableStore({ store, clock });
  const { embedder, failure: embedderFailure } = await openOr(embedders, embedders.used);
  const isSlow = embedder !== undefined && embedder.isQuick !== true;
  const { embedder: ranker } = isSlow ? await openOr(embedders, STATIC) : {};
  const memory = opening.use(
    new Memory({
      store: place,
      embedder,
      ranker,
      formerly: (id) => embedders.formerly(id),
      clock,
      defaults: options.defaults,
      hide,
      entitiesMax: options.entitiesMax,
    }),
  );
  memory.capacity.limitWorkspaces(quotas);
  memory.open().catch((error: unknown) => log.error({ err: error }, "memory cannot be opened; agents run without it"));
  const migrations = new MemoryMigrations({ memory, place, notes, checkpoints, clock, configured: backend, open });
  const archive = new ArchiveFiles(join(directory, "archive"));
  const retention = opening.use(new MemoryRetention({ memory, clock, archive }, options.retention));
  const snapshots = opening.use(
    new MemorySnapshots(
      {
        place: () =>
          place.current instanceof SqliteMemoryStore
            ? new SqliteSnapshots({ store: place.current, directory })
            : undefined,
        memory,
        clock,
        around: (restoring) => migrations.aroundRestore(() => place.changing(restoring)),
      },
      options.snapshots,
    ),
  );
  const opened = opening.move();
  return {
    memory,
    embedders,
    /** Why the embedder cannot be used; undefined while it can. */
    embedderFailure,
    transfers: new MemoryTransfers({ memory, clock, checkpoints }),
    migrations,
    retention,
    snapshots,
    /** Starts retention and snapshots, and logs a memory that is nearly full. */
    start: () => {
      retention.start();
      snapshots.start();
      memory.capacity.limits().catch((error: unknown) => log.debug({ err: error }, "memory is not counted"));
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
/** The services of the module. */
export type MemoryServices = Awaited<ReturnType<typeof openMemory>>;

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
