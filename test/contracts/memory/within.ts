import {
  type Memory,
  type MemoryStore,
  type Provenance,
  scopeKey,
  type SearchInput,
} from "../../../src/memory/knowledge/index.ts";
import type { ManualClock } from "../../helpers/manual-clock.ts";
import type { WordEmbedder } from "../../helpers/word-embedder.ts";

export const TEAM = scopeKey({ type: "workspace", workspace: "team" });
export const OTHER = scopeKey({ type: "workspace", workspace: "other" });
export const BY: Provenance = { source: "run", sourceId: "run-1", agent: "scribe" };
export const AGAIN: Provenance = { source: "message", sourceId: "m-2", agent: "reader" };
export const PAGE = { limit: 10, cursor: undefined };
/** A server of its own may have much to do. */
export const POLL = { timeout: 15_000 };
export const WALK = { depth: 3, direction: "both", order: "breadth", strengthMin: 0, visitsMax: 100 } as const;

export type OpenedStore = AsyncDisposable & {
  readonly store: MemoryStore;
  /** The same memory as another process would open it; the first store is closed. */
  readonly reopen: () => Promise<MemoryStore>;
};

export type Used = {
  readonly memory: Memory;
  readonly embedder: WordEmbedder;
  readonly clock: ManualClock;
  readonly store: MemoryStore;
  readonly opened: OpenedStore;
};
export type Within = (use: (used: Used) => Promise<void>) => Promise<void>;

export const said = (...texts: string[]) => texts.map((text) => ({ text }));
export const names = (result: { readonly hits: readonly { readonly entity: { readonly name: string } }[] }) =>
  result.hits.map(({ entity }) => entity.name);

/** What a search of the team's memory finds when all has vectors. */
export async function found(memory: Memory, text: string, over: Partial<SearchInput> = {}) {
  await memory.embeddings.caughtUp();
  return memory.search({ scopes: [TEAM], text, ...over });
}
