import { expect, test } from "vitest";
import {
  Memory,
  type MemoryStore,
  type Provenance,
  scopeKey,
  SEARCH_DEFAULTS,
  type SearchInput,
} from "../../src/memory/index.ts";
import { ManualClock } from "../helpers/manual-clock.ts";
import { WordEmbedder } from "../helpers/word-embedder.ts";

const TEAM = scopeKey({ type: "workspace", workspace: "team" });
const OTHER = scopeKey({ type: "workspace", workspace: "other" });
const BY: Provenance = { source: "run", sourceId: "run-1", agent: "scribe" };
const AGAIN: Provenance = { source: "message", sourceId: "m-2", agent: "reader" };
const PAGE = { limit: 10, cursor: undefined };
const WALK = { depth: 3, direction: "both", order: "breadth", strengthMin: 0, visitsMax: 100 } as const;

export type OpenedStore = AsyncDisposable & {
  readonly store: MemoryStore;
  /** The same memory as another process would open it; the first store is closed. */
  readonly reopen: () => Promise<MemoryStore>;
};

type Used = {
  readonly memory: Memory;
  readonly embedder: WordEmbedder;
  readonly clock: ManualClock;
  readonly store: MemoryStore;
  readonly opened: OpenedStore;
};
type Within = (use: (used: Used) => Promise<void>) => Promise<void>;

/** What every MemoryStore does, seen through `Memory`. `open` gives a fresh, empty one. */
export function memoryStoreContract(open: () => Promise<OpenedStore>): void {
  const within: Within = async (use) => {
    await using opened = await open();
    const { store } = opened;
    const [embedder, clock] = [new WordEmbedder(), new ManualClock()];
    await using memory = new Memory({ store, embedder, clock, defaults: SEARCH_DEFAULTS });
    await memory.open();
    await use({ memory, embedder, clock, store, opened });
  };
  rememberingContract(within);
  searchingContract(within);
  historyContract(within);
  graphContract(within);
  forgettingContract(within);
  modelContract(within);
}

const said = (...texts: string[]) => texts.map((text) => ({ text }));
const names = (result: { readonly hits: readonly { readonly entity: { readonly name: string } }[] }) =>
  result.hits.map(({ entity }) => entity.name);

async function found(memory: Memory, text: string, over: Partial<SearchInput> = {}) {
  await memory.embeddings.caughtUp();
  return memory.search({ scopes: [TEAM], text, ...over });
}

function rememberingContract(within: Within): void {
  test("what is remembered is given back as it was said", () =>
    within(async ({ memory, clock }) => {
      const [ada] = await memory.changes.remember(
        TEAM,
        [
          {
            name: " Ada ",
            type: "person",
            observations: [{ text: "likes tea", confidence: 0.5, validity: { fromMs: 5 } }],
            metadata: { floor: 3 },
            strength: 0.25,
          },
        ],
        BY,
      );
      const entity = await memory.get(TEAM, "Ada");
      expect(ada).toMatchObject({ outcome: "created", entity });
      expect(entity).toMatchObject({
        name: "Ada",
        type: "person",
        scope: TEAM,
        version: 1,
        strength: 0.25,
        confidence: 1,
        metadata: { floor: 3 },
        createdAtMs: clock.nowMs(),
        observations: [
          {
            text: "likes tea",
            confidence: 0.5,
            validity: { fromMs: 5, toMs: undefined },
            provenance: BY,
            since: 1,
            until: undefined,
          },
        ],
      });
    }));

  test("the same said twice is known once", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("likes tea") }], BY);
      const [again] = await memory.changes.remember(
        TEAM,
        [{ name: "Ada", observations: said("likes tea ", "likes tea") }],
        AGAIN,
      );
      expect(again).toMatchObject({ outcome: "known", entity: { version: 1 }, added: [] });
    }));

  test("more of an entity makes its next version, also twice in one call", () =>
    within(async ({ memory }) => {
      const [first, second] = await memory.changes.remember(
        TEAM,
        [
          { name: "Ada", observations: said("a") },
          { name: "Ada", observations: said("b") },
        ],
        BY,
      );
      expect([first?.outcome, second?.outcome]).toEqual(["created", "changed"]);
      expect(await memory.get(TEAM, "Ada")).toMatchObject({
        version: 2,
        observations: [
          { text: "a", since: 1 },
          { text: "b", since: 2 },
        ],
      });
    }));

  test("what many say of one entity at one moment is all kept", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(TEAM, [{ name: "Ada" }], BY);
      await Promise.all(
        ["a", "b", "c", "d"].map((text) =>
          memory.changes.remember(TEAM, [{ name: "Ada", observations: said(text) }], BY),
        ),
      );
      const { observations, version } = await memory.get(TEAM, "Ada");
      expect(observations.map(({ text }) => text).toSorted()).toEqual(["a", "b", "c", "d"]);
      expect(version).toBe(5);
    }));

  test("another type for a known name is refused, and nothing of the call is remembered", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(TEAM, [{ name: "Ada", type: "person" }], BY);
      const refused = memory.changes.remember(TEAM, [{ name: "Bo" }, { name: "Ada", type: "ship" }], BY);
      await expect(refused).rejects.toMatchObject({ code: "ENTITY_TYPE_CONFLICT", kind: "conflict" });
      await expect(memory.get(TEAM, "Bo")).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" });
    }));

  test("one name in two scopes is two entities", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("ours") }], BY);
      await memory.changes.remember(OTHER, [{ name: "Ada", observations: said("theirs") }], BY);
      expect((await memory.get(TEAM, "Ada")).observations.map(({ text }) => text)).toEqual(["ours"]);
      expect((await memory.get(OTHER, "Ada")).observations.map(({ text }) => text)).toEqual(["theirs"]);
    }));

  test("entities are listed by name, page by page, each once", () =>
    within(async ({ memory }) => {
      const all = Array.from({ length: 25 }, (_, index) => `e${String(index).padStart(2, "0")}`);
      await memory.changes.remember(
        TEAM,
        all.toReversed().map((name) => ({ name, type: "x" })),
        BY,
      );
      await memory.changes.remember(OTHER, [{ name: "e00-other" }], BY);
      const listed: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await memory.list({ scopes: [TEAM] }, { limit: 7, cursor });
        listed.push(...page.entries.map(({ name }) => name));
        cursor = page.next;
      } while (cursor !== undefined);
      expect(listed).toEqual(all);
    }));

  test("everything is there again in another process", () =>
    within(async ({ memory, opened, clock, embedder }) => {
      await memory.changes.remember(
        TEAM,
        [{ name: "Ada", type: "person", observations: said("drives a car") }, { name: "Bo" }],
        BY,
      );
      await memory.changes.relate(TEAM, [{ from: "Ada", to: "Bo", type: "knows" }], BY);
      const before = await memory.get(TEAM, "Ada");
      const store = await opened.reopen();
      const again = new Memory({ store, embedder, clock, defaults: SEARCH_DEFAULTS });
      await again.open();
      expect(await again.get(TEAM, "Ada")).toEqual(before);
      await expect.poll(async () => names(await again.search({ scopes: [TEAM], text: "automobile" }))).toEqual(["Ada"]);
      await expect
        .poll(async () =>
          (await again.graph({ ...WALK, scopes: [TEAM], start: [before.id] })).entities.map(
            ({ entity }) => entity.name,
          ),
        )
        .toEqual(["Ada", "Bo"]);
    }));
}

function searchingContract(within: Within): void {
  test("a question finds what means the same, and what has its words first", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(
        TEAM,
        [
          { name: "Ada", type: "person", observations: said("owns a red vehicle") },
          { name: "Bo", type: "person", observations: said("owns a red car") },
          { name: "Cy", type: "person", observations: said("sings in the morning") },
        ],
        BY,
      );
      const result = await found(memory, "red car", { similarityMin: 0.3 });
      expect(names(result)).toEqual(["Bo", "Ada"]);
      expect(result.notices).toEqual([]);
      const [best] = result.hits;
      expect(best?.score.matched.toSorted()).toEqual(["car", "red"]);
      expect(best?.score.similarity).toBeGreaterThan(0.3);
      expect(best?.score.keyword).toBeGreaterThan(0);
      expect(best?.score.total).toBeGreaterThan(result.hits[1]?.score.total ?? Number.NaN);
    }));

  test("a search sees its scopes and no others", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(TEAM, [{ name: "ours", observations: said("red car") }], BY);
      await memory.changes.remember(OTHER, [{ name: "theirs", observations: said("red car") }], BY);
      expect(names(await found(memory, "red car"))).toEqual(["ours"]);
      expect(names(await found(memory, "red car", { scopes: [TEAM, OTHER] })).toSorted()).toEqual(["ours", "theirs"]);
      expect(names(await found(memory, "red car", { scopes: ["workspace:nobody"] }))).toEqual([]);
    }));

  test("what was just remembered, changed and withdrawn is found, and not found, by the next search", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("plays chess") }], BY);
      expect(names(await found(memory, "chess"))).toEqual(["Ada"]);
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("plays tennis") }], BY);
      expect(names(await found(memory, "tennis"))).toEqual(["Ada"]);
      await memory.changes.withdraw(TEAM, "Ada", ["plays chess"], BY);
      expect(names(await found(memory, "chess", { mode: "keyword" }))).toEqual([]);
    }));

  test("filters narrow a search", () =>
    within(async ({ memory, clock }) => {
      await memory.changes.remember(
        TEAM,
        [{ name: "old", type: "note", observations: said("red car"), metadata: { lang: "en" }, confidence: 0.4 }],
        BY,
      );
      await clock.advance(10_000);
      await memory.changes.remember(
        TEAM,
        [{ name: "new", type: "fact", observations: said("red car"), metadata: { lang: "de" } }],
        AGAIN,
      );
      const by = async (filter: NonNullable<SearchInput["filter"]>) =>
        names(await found(memory, "red car", { filter }));
      expect(await by({ types: ["fact"] })).toEqual(["new"]);
      expect(await by({ types: ["none"] })).toEqual([]);
      expect(await by({ agent: "scribe" })).toEqual(["old"]);
      expect(await by({ metadata: { lang: "de" } })).toEqual(["new"]);
      expect(await by({ confidenceMin: 0.5 })).toEqual(["new"]);
      expect(await by({ updatedToMs: clock.nowMs() - 1 })).toEqual(["old"]);
      expect(await by({ updatedFromMs: clock.nowMs() })).toEqual(["new"]);
    }));

  test("a search finds what holds now, or at another time", () =>
    within(async ({ memory, clock }) => {
      const now = clock.nowMs();
      await memory.changes.remember(
        TEAM,
        [
          { name: "former", observations: said("chief of the ship"), validity: { toMs: now } },
          { name: "present", observations: said("chief of the ship"), validity: { fromMs: now } },
        ],
        BY,
      );
      expect(names(await found(memory, "chief"))).toEqual(["present"]);
      expect(names(await found(memory, "chief", { temporal: { fromMs: now - 1, toMs: now - 1 } }))).toEqual(["former"]);
      expect(names(await found(memory, "chief", { temporal: "all" })).toSorted()).toEqual(["former", "present"]);
    }));

  test("observations that no longer hold are not shown", () =>
    within(async ({ memory, clock }) => {
      const now = clock.nowMs();
      await memory.changes.remember(
        TEAM,
        [
          {
            name: "Ada",
            observations: [{ text: "lives in Rome", validity: { toMs: now } }, { text: "lives in Oslo" }],
          },
        ],
        BY,
      );
      const [hit] = (await found(memory, "lives")).hits;
      expect(hit?.entity.observations.map(({ text }) => text)).toEqual(["lives in Oslo"]);
    }));

  test("what was changed lately comes before what is as near", () =>
    within(async ({ memory, clock }) => {
      await memory.changes.remember(TEAM, [{ name: "first", type: "note", observations: said("red car") }], BY);
      await clock.advance(7 * 86_400_000);
      await memory.changes.remember(TEAM, [{ name: "later", type: "note", observations: said("red car") }], BY);
      const result = await found(memory, "red car", { mode: "keyword" });
      expect(names(result)).toEqual(["later", "first"]);
      expect(result.hits[0]?.score.recency).toBeCloseTo(1.2);
    }));

  test("what is related to a hit is found too when it is asked for", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(
        TEAM,
        [
          { name: "Ada", observations: said("plays chess") },
          { name: "Oslo", type: "city" },
          { name: "Rome", type: "city" },
        ],
        BY,
      );
      await memory.changes.relate(TEAM, [{ from: "Ada", to: "Oslo", type: "lives_in" }], BY);
      expect(names(await found(memory, "chess"))).toEqual(["Ada"]);
      const expanded = await found(memory, "chess", { expand: 1 });
      expect(names(expanded)).toEqual(["Ada", "Oslo"]);
      expect(expanded.hits[1]?.score.graph).toBeGreaterThan(0);
    }));

  test("hits come page by page, and within a budget of tokens", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(
        TEAM,
        Array.from({ length: 12 }, (_, index) => ({
          name: `n${index}`,
          observations: said(`red car number ${index}`),
        })),
        BY,
      );
      const first = await found(memory, "red car", { limit: 5 });
      const second = await found(memory, "red car", { limit: 5, cursor: first.next });
      const third = await found(memory, "red car", { limit: 5, cursor: second.next });
      expect(new Set([...names(first), ...names(second), ...names(third)]).size).toBe(12);
      expect(third.next).toBeUndefined();
      const short = await found(memory, "red car", { tokensMax: 30 });
      expect(short.hits.length).toBeGreaterThan(0);
      expect(short.tokens).toBeLessThanOrEqual(30);
      expect(short.next).toBeDefined();
    }));
}

function historyContract(within: Within): void {
  test("each change is in the log, newest first, with who made it", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("a") }], BY);
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("b") }], AGAIN);
      await memory.changes.withdraw(TEAM, "Ada", ["a"], BY);
      await memory.changes.revise(TEAM, "Ada", { type: "person" }, AGAIN);
      const { id } = await memory.get(TEAM, "Ada");
      const log = await memory.log({ entity: id }, PAGE);
      expect(log.entries.map(({ action, version }) => [action, version])).toEqual([
        ["revise", 4],
        ["withdraw", 3],
        ["observe", 2],
        ["create", 1],
      ]);
      expect(log.entries.map(({ provenance }) => provenance.agent)).toEqual(["reader", "scribe", "reader", "scribe"]);
      expect(log.entries[0]?.details).toEqual({ type: { before: "thing", after: "person" } });
      const all = await memory.log({ scopes: [TEAM] }, { limit: 3, cursor: undefined });
      const rest = await memory.log({ scopes: [TEAM] }, { limit: 3, cursor: all.next });
      expect([...all.entries, ...rest.entries].map(({ version }) => version)).toEqual([4, 3, 2, 1]);
    }));

  test("an entity is seen as it was, and what is otherwise since", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(
        TEAM,
        [{ name: "Ada", type: "person", observations: said("a"), strength: 0.5 }],
        BY,
      );
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("b"), strength: 0.75 }], BY);
      await memory.changes.withdraw(TEAM, "Ada", ["a"], BY);
      expect(await memory.at(TEAM, "Ada", 1)).toMatchObject({
        version: 1,
        strength: 0.5,
        observations: [{ text: "a" }],
      });
      const diff = await memory.diff(TEAM, "Ada", { from: 1, to: 3 });
      expect(diff).toMatchObject({
        added: [{ text: "b" }],
        withdrawn: [{ text: "a" }],
        fields: { strength: { before: 0.5, after: 0.75 } },
      });
      await expect(memory.at(TEAM, "Ada", 9)).rejects.toMatchObject({ code: "ENTITY_VERSION_NOT_FOUND" });
    }));

  test("blame names the change that brought what counts now", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("a") }], BY);
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("b") }], AGAIN);
      expect(
        (await memory.blame(TEAM, "Ada")).map(({ observation, change }) => [
          observation.text,
          change?.provenance.agent,
          change?.version,
        ]),
      ).toEqual([
        ["a", "scribe", 1],
        ["b", "reader", 2],
      ]);
    }));

  test("reverting makes it what it was, as a new version", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(
        TEAM,
        [{ name: "Ada", type: "person", observations: said("a", "b"), strength: 0.5 }],
        BY,
      );
      await memory.changes.withdraw(TEAM, "Ada", ["a"], BY);
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("c"), strength: 1 }], BY);
      const reverted = await memory.changes.revert(TEAM, "Ada", 1, BY);
      expect(reverted).toMatchObject({ version: 4, strength: 0.5 });
      const entity = await memory.get(TEAM, "Ada");
      expect(entity.observations.map(({ text }) => text).toSorted()).toEqual(["a", "b"]);
      expect(names(await found(memory, "c", { mode: "keyword" }))).toEqual([]);
    }));
}

function graphContract(within: Within): void {
  const chain = async (memory: Memory) => {
    await memory.changes.remember(
      TEAM,
      ["a", "b", "c", "d", "alone"].map((name) => ({ name })),
      BY,
    );
    await memory.changes.relate(
      TEAM,
      [
        { from: "a", to: "b", type: "knows" },
        { from: "b", to: "c", type: "knows", strength: 0.9 },
        { from: "d", to: "b", type: "owns" },
      ],
      BY,
    );
    return memory.get(TEAM, "b");
  };

  test("a walk follows relations as far, and in the direction, that was asked", () =>
    within(async ({ memory }) => {
      const { id: b } = await chain(memory);
      const { id: a } = await memory.get(TEAM, "a");
      const around = async (over: object) =>
        (await memory.graph({ ...WALK, scopes: [TEAM], start: [b], ...over })).entities
          .map(({ entity }) => entity.name)
          .toSorted();
      expect(await around({})).toEqual(["a", "b", "c", "d"]);
      expect(await around({ direction: "outgoing" })).toEqual(["b", "c"]);
      expect(await around({ direction: "incoming" })).toEqual(["a", "b", "d"]);
      expect(await around({ types: ["owns"] })).toEqual(["b", "d"]);
      expect(await around({ strengthMin: 0.8 })).toEqual(["b", "c"]);
      expect(await around({ start: [a], depth: 1 })).toEqual(["a", "b"]);
      expect(await around({ scopes: [OTHER] })).toEqual([]);
      const cut = await memory.graph({ ...WALK, scopes: [TEAM], start: [b], visitsMax: 2 });
      expect([cut.entities.length, cut.isCut]).toEqual([2, true]);
    }));

  test("relations are unique by their ends and type, and gone when they are taken away", () =>
    within(async ({ memory }) => {
      await chain(memory);
      const [again] = await memory.changes.relate(TEAM, [{ from: "a", to: "b", type: "knows", strength: 1 }], AGAIN);
      const { id: a } = await memory.get(TEAM, "a");
      const of = async () => (await memory.store.relations({ scopes: [TEAM], entities: [a] }, PAGE)).entries;
      expect(await of()).toMatchObject([{ id: again?.id, type: "knows", strength: 1 }]);
      if (again) await memory.changes.unrelate(again.id, BY);
      expect(await of()).toEqual([]);
      await expect(memory.changes.relate(TEAM, [{ from: "a", to: "nobody", type: "knows" }], BY)).rejects.toMatchObject(
        { code: "ENTITY_NOT_FOUND" },
      );
    }));
}

function forgettingContract(within: Within): void {
  test("what is forgotten is in no answer any more, and only numbers tell of it", () =>
    within(async ({ memory }) => {
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("a secret") }, { name: "Bo" }], BY);
      await memory.changes.relate(TEAM, [{ from: "Ada", to: "Bo", type: "knows" }], BY);
      const { id } = await memory.get(TEAM, "Ada");
      expect(await memory.forget({ type: "entities", ids: [id] }, AGAIN)).toEqual({
        entities: 1,
        observations: 1,
        relations: 1,
      });
      expect(names(await found(memory, "secret Ada", { temporal: "all", similarityMin: 0 }))).not.toContain("Ada");
      expect(await memory.store.history(id)).toBeUndefined();
      const { entries } = await memory.log({ entity: id }, PAGE);
      expect(entries).toMatchObject([
        { action: "forget", details: { entities: 1, observations: 1, relations: 1 }, provenance: AGAIN },
      ]);
      expect(JSON.stringify(entries)).not.toContain("secret");
      expect(await memory.forget({ type: "entities", ids: [id] }, AGAIN)).toEqual({
        entities: 0,
        observations: 0,
        relations: 0,
      });
      const again = await memory.changes.remember(TEAM, [{ name: "Ada" }], BY);
      expect(again[0]).toMatchObject({ outcome: "created" });
    }));

  test("single observations and whole scopes are forgotten", () =>
    within(async ({ memory, embedder }) => {
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("a secret", "plays chess") }], BY);
      await memory.changes.remember(OTHER, [{ name: "theirs" }], BY);
      const { id, observations } = await memory.get(TEAM, "Ada");
      const secret = observations.filter(({ text }) => text === "a secret").map((one) => one.id);
      expect(await memory.forget({ type: "observations", entity: id, ids: secret }, BY)).toEqual({
        entities: 0,
        observations: 1,
        relations: 0,
      });
      expect(JSON.stringify(await memory.store.history(id))).not.toContain("secret");
      memory.embeddings.catchUp();
      expect(names(await found(memory, "chess"))).toEqual(["Ada"]);
      expect(embedder.texts).toBeGreaterThan(2);
      expect(await memory.forget({ type: "scope", scope: TEAM }, BY)).toMatchObject({ entities: 1 });
      expect((await memory.list({ scopes: [TEAM, OTHER] }, PAGE)).entries.map(({ name }) => name)).toEqual(["theirs"]);
    }));
}

function modelContract(within: Within): void {
  test("without vectors words still find, and vectors are made when the embedder answers again", () =>
    within(async ({ memory, embedder, clock }) => {
      embedder.failure = new Error("it is down");
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("owns a vehicle") }], BY);
      const byWords = await memory.search({ scopes: [TEAM], text: "vehicle" });
      expect([names(byWords), byWords.notices]).toEqual([["Ada"], ["embedder-failed"]]);
      embedder.failure = undefined;
      await memory.changes.remember(TEAM, [{ name: "Bo" }], BY);
      while (clock.sleeping > 0) await clock.advance(60_000);
      expect(names(await found(memory, "car", { mode: "semantic", similarityMin: 0.2 }))).toEqual(["Ada"]);
    }));

  test("another model's vectors are made in the background, and count all at once", () =>
    within(async ({ memory, store, clock }) => {
      await memory.changes.remember(
        TEAM,
        [
          { name: "Ada", observations: said("owns a vehicle") },
          { name: "Bo", observations: said("sings") },
        ],
        BY,
      );
      const other = new WordEmbedder("words-96@2", 96);
      const changed = new Memory({ store, embedder: other, clock, defaults: SEARCH_DEFAULTS });
      await changed.open();
      await changed.embeddings.caughtUp();
      expect(await store.model()).toBe("words-96@2");
      await expect
        .poll(async () =>
          names(await changed.search({ scopes: [TEAM], text: "car", mode: "semantic", similarityMin: 0.2 })),
        )
        .toEqual(["Ada"]);
      expect((await store.figures()).passagesByModel).toEqual({ "words-96@2": 2 });
    }));

  test("entities are put in as another memory had them, once", () =>
    within(async ({ memory, store }) => {
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("a") }, { name: "Bo" }], BY);
      await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("b") }], BY);
      await memory.changes.relate(TEAM, [{ from: "Ada", to: "Bo", type: "knows" }], BY);
      const ids = (await memory.list({ scopes: [TEAM] }, PAGE)).entries.map(({ id }) => id);
      const histories = await Promise.all(ids.map((id) => store.history(id)));
      const relations = (await store.relations({ scopes: [TEAM], entities: undefined }, PAGE)).entries;
      const restores = histories
        .filter((one) => one !== undefined)
        .map((one) => ({ ...one, passages: [{ ordinal: 0, text: "x", vector: undefined }], model: undefined }));
      await memory.forget({ type: "scope", scope: TEAM }, BY);
      await store.restore(restores, relations);
      await store.restore(restores, relations);
      const again = await Promise.all(ids.map((id) => store.history(id)));
      const without = (all: typeof again) =>
        all.map((one) => one && { ...one, changes: one.changes.map(({ seq: _seq, ...change }) => change) });
      expect(without(again)).toEqual(without(histories));
      expect((await store.relations({ scopes: [TEAM], entities: undefined }, PAGE)).entries).toEqual(relations);
    }));
}
