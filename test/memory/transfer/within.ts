import { join } from "node:path";
import { CheckpointFiles } from "../../../src/memory/transfer/files/checkpoint-files.ts";
import { MemoryBackendFile } from "../../../src/memory/transfer/files/memory-backend-file.ts";
import { SqliteMemoryStore } from "../../../src/memory/stores/sqlite/index.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import {
  type EntityInput,
  Memory,
  type MemoryStore,
  type ScopeKey,
  scopeKey,
  SEARCH_DEFAULTS,
} from "../../../src/memory/knowledge/index.ts";
import {
  exportMemory,
  type ExportOptions,
  importMemory,
  type ImportOptions,
  MemoryMigrations,
  SwitchableStore,
  type ActiveBackendFile,
  type MigrationReport,
  type MigrationRequest,
} from "../../../src/memory/transfer/index.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { WordEmbedder } from "../../helpers/word-embedder.ts";

export const SCOPE = scopeKey({ type: "workspace", workspace: "default" });
export const GLOBAL = scopeKey({ type: "global" });
export const BY = { source: "run", sourceId: "run-1", agent: "scribe" } as const;

/** The keys of scopes as documents write them. */
export const keyOf = (text: string): ScopeKey => (text === "global" ? GLOBAL : SCOPE);

export type MemoryServices = AsyncDisposable & {
  readonly memory: Memory;
  /** Where it is; migrations change that. */
  readonly place: SwitchableStore;
  readonly embedder: WordEmbedder;
  readonly directory: string;
};

export const inFile = (directory: string): MemoryStore => new SqliteMemoryStore({ directory, synchronous: "full" });

/** One in a file that goes by another name. */
export const elsewhere = (directory: string): MemoryStore =>
  Object.defineProperty(inFile(directory), "name", { value: "other" });

/** A real memory in a directory of its own, or in this one, or in another store. */
export async function openMemory(directory?: string, store?: MemoryStore): Promise<MemoryServices> {
  const own = directory === undefined ? tempDirectory() : undefined;
  const path = directory ?? own?.path ?? "";
  const embedder = new WordEmbedder();
  const place = new SwitchableStore({ store: store ?? inFile(path), clock: systemClock });
  const memory = new Memory({ store: place, embedder, clock: systemClock, defaults: SEARCH_DEFAULTS });
  await memory.open();
  return {
    memory,
    place,
    embedder,
    directory: path,
    [Symbol.asyncDispose]: async () => {
      await memory[Symbol.asyncDispose]();
      own?.[Symbol.dispose]();
    },
  };
}

export async function exported(memory: Memory, over: Partial<ExportOptions> = {}): Promise<string> {
  const options = { format: "jsonl", scopes: undefined, hasEmbeddings: false, hasHistory: false, nowMs: 0 } as const;
  let text = "";
  for await (const piece of exportMemory(memory, { ...options, ...over })) text += piece;
  return text;
}

/** A text in small pieces, cut anywhere. */
export async function* pieces(text: string | Uint8Array, size = 1_000): AsyncGenerator<Uint8Array, void, undefined> {
  const bytes = typeof text === "string" ? Buffer.from(text) : text;
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

export const imported = (memory: Memory, text: string | AsyncIterable<Uint8Array>, over: Partial<ImportOptions> = {}) =>
  importMemory(memory, typeof text === "string" ? pieces(text) : text, {
    merge: "update",
    scope: undefined,
    scopeKey: keyOf,
    isTrial: false,
    source: "export.jsonl",
    from: undefined,
    clock: systemClock,
    ...over,
  });

export const remember = (memory: Memory, entities: readonly EntityInput[], scope = SCOPE) =>
  memory.changes.remember(scope, entities, BY);

/** Places other than the one in use, opened by their names. */
export type Places = Readonly<Record<string, () => MemoryStore>>;
/** Memory in a file of a directory, or in another place. */
export const inPlace = (name: string, directory: string, places: Places): MemoryStore =>
  places[name]?.() ?? inFile(directory);

export type Migrate = (from: string, to: string, over?: Partial<MigrationRequest>) => Promise<MigrationReport>;

/** Migrations of a memory, noted in its directory. */
export function migrationsOf(
  {
    memory,
    place,
    directory,
    notes,
  }: Pick<MemoryServices, "memory" | "place" | "directory"> & { readonly notes?: ActiveBackendFile },
  places: Places,
  configured = "embedded",
): { readonly migrations: MemoryMigrations; readonly migrate: Migrate } {
  const migrations = new MemoryMigrations({
    memory,
    place,
    configured,
    open: async (name) => {
      const open = places[name];
      if (!open) throw new Error(`no place ${name}`);
      return open();
    },
    ...notesOf(directory),
    ...(notes && { notes }),
    clock: systemClock,
  });
  const migrate: Migrate = (from, to, over) =>
    migrations.migrate({
      from,
      to,
      isResumed: false,
      isCutover: false,
      onProgress: () => undefined,
      signal: undefined,
      ...over,
    });
  return { migrations, migrate };
}

export const notesOf = (directory: string) => ({
  checkpoints: new CheckpointFiles(join(directory, "transfers")),
  notes: new MemoryBackendFile(directory),
});
