import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SqliteMemoryStore } from "../../memory/stores/sqlite/index.ts";
import type { Clock } from "../../kernel/clock.ts";
import { Memory, type ScopeKey, SEARCH_DEFAULTS } from "../../memory/knowledge/index.ts";
import type { MemoryGrantScope } from "../catalogue/index.ts";

/** Something that is remembered during a trial. */
export type Remembered = {
  readonly name: string;
  readonly type: string;
  readonly scope: MemoryGrantScope;
  readonly observations: readonly string[];
};

/** On whose behalf calls of a trial are made. */
export const TRIAL_CONTEXT = { workspace: "default", agent: "tester", conversation: "test" } as const;

const SCOPES: { readonly [Scope in MemoryGrantScope]: ScopeKey } = {
  workspace: `workspace:${TRIAL_CONTEXT.workspace}`,
  "agent-only": `agent-only:${TRIAL_CONTEXT.workspace}/${TRIAL_CONTEXT.agent}`,
  conversation: `conversation:${TRIAL_CONTEXT.workspace}/${TRIAL_CONTEXT.conversation}`,
  global: "global",
};

export type TrialMemory = Pick<Memory, "search"> & AsyncDisposable;

/** Memory that is as it is in a server without an embedder, and gone afterwards. Throws MemoryValueError, MemoryTooLargeError. */
export async function openTrialMemory(remembered: readonly Remembered[], clock: Clock): Promise<TrialMemory> {
  if (remembered.length === 0) return NOTHING;
  const directory = await mkdtemp(join(tmpdir(), "caxton-trial-"));
  await using cleanup = new AsyncDisposableStack();
  cleanup.defer(() => rm(directory, { recursive: true, force: true }));
  const store = new SqliteMemoryStore({ directory, synchronous: "normal" });
  const memory = cleanup.use(new Memory({ store, embedder: undefined, clock, defaults: SEARCH_DEFAULTS }));
  await memory.open();
  for (const { scope, observations, ...entity } of remembered) {
    const input = { ...entity, observations: observations.map((text) => ({ text })) };
    await memory.changes.remember(SCOPES[scope], [input], { source: "user", sourceId: undefined, agent: undefined });
  }
  const held = cleanup.move();
  return {
    search: (...input) => memory.search(...input),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

const NOTHING: TrialMemory = {
  search: () => Promise.resolve({ hits: [], next: undefined, notices: [], tokens: 0 }),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};
