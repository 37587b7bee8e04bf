import { MemoryTools } from "../agent-memory/index.ts";
import { SqliteMemoryStore } from "../backends/sqlite/memory/index.ts";
import type { Clock } from "../kernel/clock.ts";
import { log } from "../kernel/log.ts";
import { packageVersion } from "../kernel/package.ts";
import { type Embedder, Memory } from "../memory/index.ts";
import { type ToolRunner, withNativeTools } from "../tools/index.ts";
import type { Config } from "./config.ts";
import { searchDefaults } from "./memory-config.ts";

/** Memory, over what is on disk. A memory that cannot be opened is told in the log and by each call; the server goes on without. */
export function openMemory(
  config: Config,
  { clock, embedder }: { readonly clock: Clock; readonly embedder: Embedder | undefined },
): Memory {
  const store = new SqliteMemoryStore({ directory: config.data.directory, synchronous: config.memory.synchronous });
  const memory = new Memory({ store, embedder, clock, defaults: searchDefaults(config.memory) });
  memory.open().catch((error: unknown) => log.error({ err: error }, "memory cannot be opened; agents run without it"));
  return memory;
}

/** Puts the tools for memory beside a runner's own. */
export function withMemoryTools(runner: ToolRunner, memory: () => Memory): ToolRunner {
  return withNativeTools(runner, [new MemoryTools({ memory, version: packageVersion() })]);
}
