import { expect, test } from "vitest";
import { EmbedderUnavailableError, type Memory, type SearchInput } from "../../memory/knowledge/index.ts";
import { recallFor } from "./recall.ts";

// verifies("memory.failure-harmless")

const OF = { workspace: "default", agent: "Ann", conversationId: "talk", input: "who?" };
const SETTINGS = { scope: "global", limit: 5, isSemantic: true } as const;

/** A memory that answers with what `search` gives. */
const memoryOf = (search: Memory["search"]): Pick<Memory, "search"> => ({ search });
const EMPTY = { hits: [], next: undefined, notices: [], tokens: 0 };

test("the scope of the definition says how far it looks", async () => {
  const asked: SearchInput[] = [];
  const memory = memoryOf(async (input) => {
    asked.push(input);
    return EMPTY;
  });
  for (const scope of ["global", "workspace", "agent-only", "conversation"] as const) {
    await recallFor(memory, { ...OF, memory: { ...SETTINGS, scope } });
  }
  await recallFor(memory, { ...OF, conversationId: undefined, memory: { ...SETTINGS, scope: "conversation" } });
  expect(asked.map(({ scopes }) => scopes)).toEqual([
    ["conversation:default/talk", "agent-only:default/ann", "workspace:default", "global"],
    ["conversation:default/talk", "agent-only:default/ann", "workspace:default"],
    ["conversation:default/talk", "agent-only:default/ann"],
    ["conversation:default/talk"],
    ["agent-only:default/ann"],
  ]);
});

test("a memory that fails is a notice, and one without vectors another", async () => {
  const failing = memoryOf(() => Promise.reject(new EmbedderUnavailableError("it is down", "", { embedder: "x" })));
  expect(await recallFor(failing, { ...OF, memory: SETTINGS })).toMatchObject({
    text: "",
    notices: [{ code: "memory-failed" }],
  });
  const keywordsOnly = memoryOf(async () => ({ ...EMPTY, notices: ["embedder-failed"] }));
  expect(await recallFor(keywordsOnly, { ...OF, memory: SETTINGS })).toMatchObject({
    notices: [{ code: "memory-degraded" }],
  });
  expect(await recallFor(keywordsOnly, { ...OF, memory: { ...SETTINGS, isSemantic: false } })).toEqual({
    text: "",
    notices: [],
  });
});

/** Comes to an end only when it is given up. */
const unanswered = (signal: AbortSignal | undefined): Promise<never> =>
  new Promise((_, reject) => signal?.addEventListener("abort", () => reject(new Error("too late"))));

test("a search by meaning that takes too long is made by words alone, and one that takes too long by words is given up", async () => {
  const modes: unknown[] = [];
  const slowEmbedder = memoryOf(({ mode }, signal) =>
    modes.push(mode) === 1 ? unanswered(signal) : Promise.resolve(EMPTY),
  );
  expect(
    await recallFor(slowEmbedder, { ...OF, memory: SETTINGS }, { allMs: 60_000, embeddingTimeoutMs: 1 }),
  ).toMatchObject({
    notices: [{ code: "memory-degraded", message: expect.stringContaining("took too long") }],
  });
  expect(modes).toEqual(["hybrid", "keyword"]);
  const slow = memoryOf((_, signal) => unanswered(signal));
  expect(await recallFor(slow, { ...OF, memory: SETTINGS }, { allMs: 50, embeddingTimeoutMs: 1 })).toMatchObject({
    notices: [{ code: "memory-failed" }],
  });
});

test("a request without words asks nothing", async () => {
  const never = memoryOf(() => Promise.reject(new Error("asked")));
  expect(await recallFor(never, { ...OF, input: " \n", memory: SETTINGS })).toEqual({ text: "", notices: [] });
});
