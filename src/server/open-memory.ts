import { join } from "node:path";
import { MemoryTools } from "../agent-memory/index.ts";
import { ArchiveFiles, CheckpointFiles } from "../backends/disk/index.ts";
import { SqliteMemoryStore, SqliteSnapshots } from "../backends/sqlite/memory/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { log } from "../kernel/log.ts";
import { packageVersion } from "../kernel/package.ts";
import { type Embedder, Memory } from "../memory/index.ts";
import { MemoryMigrations, MemoryRetention, MemorySnapshots, MemoryTransfers } from "../memory-transfer/index.ts";
import type { Redactors } from "../redaction/runs/index.ts";
import { type ToolRunner, withNativeTools } from "../tools/index.ts";
import type { Config, LoadedConfig } from "./config.ts";
import type { Embedders } from "./embedders.ts";
import { openMemoryStore } from "./memory-backends.ts";
import { MEMORY_BACKENDS, retentionPolicy, searchDefaults, snapshotOptions } from "./memory-config.ts";
import type { SecretFound } from "./references.ts";
import { SecretVault } from "./secret-vault.ts";

type Parts = {
  readonly clock: Clock;
  readonly embedders: Embedders;
  readonly redactors: Redactors;
  readonly secretFound?: SecretFound | undefined;
};

/**
 * Memory, in the place that is configured. What cannot be opened is told in the log: without an embedder memory goes by
 * words, without its place each call says why; the server goes on.
 */
export async function openMemory(
  loaded: LoadedConfig,
  { clock, embedders, redactors, secretFound }: Parts,
): Promise<Memory> {
  const { config } = loaded;
  const vault = SecretVault.of(loaded, secretFound);
  const store = await openMemoryStore(config, { secret: (name) => vault.find(name) });
  const embedder = await openOr(embedders, embedders.used);
  const formerly = (id: string) => embedders.formerly(id);
  const memory = new Memory({
    store,
    embedder,
    formerly,
    clock,
    defaults: searchDefaults(config.memory),
    hide: redactors.memory,
    entitiesMax: config.memory.max_entities,
  });
  memory.open().catch((error: unknown) => log.error({ err: error }, "memory cannot be opened; agents run without it"));
  return memory;
}

/** Exports and imports, which note how far they are in the data directory. */
export const openTransfers = (
  { data }: Config,
  deps: { readonly memory: Memory; readonly clock: Clock },
): MemoryTransfers =>
  new MemoryTransfers({ ...deps, checkpoints: new CheckpointFiles(join(data.directory, "transfers")) });

/** Memory on its way to another of the places that are configured. */
export function openMigrations(
  loaded: LoadedConfig,
  { secretFound, ...deps }: { readonly memory: Memory; readonly clock: Clock; readonly secretFound: SecretFound },
): MemoryMigrations {
  const { config } = loaded;
  const vault = SecretVault.of(loaded, secretFound);
  const open = (name: string) => {
    const backend = MEMORY_BACKENDS.find((one) => one === name);
    return openMemoryStore(config, { secret: (secret) => vault.find(secret), ...(backend && { backend }) });
  };
  return new MemoryMigrations({
    ...deps,
    open,
    checkpoints: new CheckpointFiles(join(config.data.directory, "transfers")),
  });
}

/** Copies of an embedded memory, made by themselves from now on. */
export function openSnapshots(
  { data, memory: table }: Config,
  { memory, clock }: { readonly memory: Memory; readonly clock: Clock },
): MemorySnapshots {
  const { store } = memory;
  const place =
    store instanceof SqliteMemoryStore ? new SqliteSnapshots({ store, directory: data.directory }) : undefined;
  const snapshots = new MemorySnapshots({ place, memory, clock }, snapshotOptions(table));
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

async function openOr(embedders: Embedders, name: string): Promise<Embedder | undefined> {
  try {
    return await embedders.open(name);
  } catch (error) {
    log.error({ err: error, embedder: name }, "memory is searched by words alone: its embedder cannot be opened");
    return undefined;
  }
}

/** Puts the tools for memory beside a runner's own. */
export function withMemoryTools(runner: ToolRunner, memory: Memory): ToolRunner {
  return withNativeTools(runner, [new MemoryTools({ memory, version: packageVersion() })]);
}
