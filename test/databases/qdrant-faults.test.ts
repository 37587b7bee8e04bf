import { QdrantClient } from "@qdrant/js-client-rest";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { QdrantMemoryStore } from "../../src/memory/stores/qdrant/index.ts";
import { type Clock, systemClock } from "../../src/kernel/clock.ts";
import { Memory, type MemoryPage, SEARCH_DEFAULTS } from "../../src/memory/knowledge/index.ts";
import { Mortal } from "../helpers/qdrant/mortal.ts";
import { QdrantServer } from "../helpers/qdrant/qdrant-server.ts";
import { WordEmbedder } from "../helpers/word-embedder.ts";
import { AGAIN, BY, names, PAGE, said, TEAM } from "../contracts/memory/within.ts";

// What only a place elsewhere can break. The engine is Qdrant's own; test/helpers/qdrant/server.py says what around it is not.
const KEY = "a key that may not be read";
let server: QdrantServer;
let collections = 0;
beforeAll(async () => {
  server = await QdrantServer.start({ apiKey: KEY });
});
afterAll(() => server[Symbol.asyncDispose]());

/** Waits for nothing; hours later than the others. */
const later = (ms: number): Clock => ({
  ...systemClock,
  nowMs: () => systemClock.nowMs() + ms,
  sleep: async () => undefined,
});
const collection = () => `faults_${(collections += 1)}`;
const storeOf = (of: {
  readonly collection: string;
  readonly url?: string;
  readonly clock?: Clock;
  readonly apiKey?: string;
}) =>
  new QdrantMemoryStore({
    url: of.url ?? server.url,
    collection: of.collection,
    clock: of.clock ?? later(0),
    apiKey: () => of.apiKey ?? KEY,
  });
const memoryOf = async (store: QdrantMemoryStore) => {
  const memory = new Memory({ store, embedder: new WordEmbedder(), clock: systemClock, defaults: SEARCH_DEFAULTS });
  await memory.open();
  return memory;
};

describe("a Qdrant that stops", () => {
  test("loses no acknowledged change, and memory continues after its restart", async () => {
    await using memory = await memoryOf(storeOf({ collection: collection() }));
    await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("plays chess") }], BY);
    await server.kill();
    const refused = memory.get(TEAM, "Ada");
    await expect(refused).rejects.toMatchObject({ code: "MEMORY_UNAVAILABLE", details: { backend: "qdrant" } });
    await expect(refused).rejects.toThrow(server.url);
    await server.begin();
    expect(await memory.get(TEAM, "Ada")).toMatchObject({ version: 1, observations: [{ text: "plays chess" }] });
    expect(names(await memory.search({ scopes: [TEAM], text: "chess" }))).toEqual(["Ada"]);
    await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("sings") }], BY);
    expect(await memory.get(TEAM, "Ada")).toMatchObject({ version: 2 });
  });

  test("with a removed collection is reported, and the next call starts with an empty memory", async () => {
    const name = collection();
    await using memory = await memoryOf(storeOf({ collection: name }));
    await memory.changes.remember(TEAM, [{ name: "Ada" }], BY);
    await server.drop(name);
    await expect(memory.get(TEAM, "Ada")).rejects.toMatchObject({ code: "MEMORY_UNAVAILABLE" });
    await expect(memory.get(TEAM, "Ada")).rejects.toMatchObject({ code: "ENTITY_NOT_FOUND" });
  });
});

describe("a Qdrant with an invalid state", () => {
  test("refuses a wrong key: the error has a hint and not the key; a right key works from the next call on", async () => {
    let key = "not the key";
    const store = new QdrantMemoryStore({ url: server.url, collection: collection(), apiKey: () => key });
    const refused: unknown = await store.model().catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: "MEMORY_UNAVAILABLE", hint: expect.stringContaining("api_key_secret") });
    expect(String(refused)).toContain(server.url);
    expect(JSON.stringify([refused, String(refused)])).not.toContain(key);
    key = KEY;
    expect(await store.model()).toBeUndefined();
    await store.close();
  });

  test("that is too old is reported", async () => {
    await using way = await Mortal.before(server.url);
    way.version = "1.17.1";
    await expect(storeOf({ collection: collection(), url: way.url }).model()).rejects.toThrow(
      "has version 1.17.1, memory needs 1.18",
    );
  });

  test("with another program's collection of the name is reported, and the collection stays unchanged", async () => {
    const name = collection();
    const headers = { "api-key": KEY, "content-type": "application/json" };
    const put = (path: string, body: object) =>
      fetch(`${server.url}/collections/${name}${path}`, { method: "PUT", headers, body: JSON.stringify(body) });
    await put("", { sparse_vectors: { tags: {} } });
    await put("/points?wait=true", { points: [{ id: 1, vector: {}, payload: { theirs: true } }] });
    await expect(storeOf({ collection: name }).model()).rejects.toThrow("is not a memory");
    const info = await (await fetch(`${server.url}/collections/${name}`, { headers })).json();
    expect(info).toMatchObject({ result: { points_count: 1, payload_schema: {} } });
  });
});

describe("lists in Qdrant, which orders by numbers alone", () => {
  test("go by names, however long they are alike, and on where they ended, whatever the pages", async () => {
    await using memory = await memoryOf(storeOf({ collection: collection() }));
    const alike = "a person whose name begins as all the others do ";
    const all = [
      ...["b", "B", "a", "aa", "Ä", "ä", "東京", "", "ab", "a b"].map((end) => `${end}x`),
      ...Array.from({ length: 9 }, (_, index) => `${alike}${index % 2 ? "ä" : ""}${index}`),
      ...Array.from({ length: 5 }, (_, index) => `somebo${index}`),
    ];
    await memory.changes.remember(
      TEAM,
      all.map((name) => ({ name })),
      BY,
    );
    await memory.changes.relate(
      TEAM,
      all.slice(1).map((to) => ({ from: "bx", to, type: "knows" })),
      BY,
    );
    const bx = (await memory.get(TEAM, "bx")).id;
    const sorted = all.toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
    for (const limit of [1, 4, 50]) {
      const listed = await inPages((page) => memory.list({ scopes: [TEAM] }, page), limit);
      expect(listed.map(({ name }) => name)).toEqual(sorted);
      const relations = await inPages(
        (page) => memory.store.relations({ scopes: [TEAM], entities: [bx] }, page),
        limit,
      );
      expect(new Set(relations.map(({ to }) => to)).size).toBe(all.length - 1);
      const log = await inPages((page) => memory.log({ scopes: [TEAM] }, page), limit);
      expect(log).toHaveLength(2 * all.length - 1);
      expect(log.map(({ seq }) => seq)).toEqual(log.map(({ seq }) => seq).toSorted((one, other) => other - one));
    }
    await expect(memory.list({ scopes: [TEAM] }, { limit: 1, cursor: "n12" })).rejects.toMatchObject({
      code: "MEMORY_CURSOR_INVALID",
    });
  });
});

/** All entries of a list, so many at a time. */
async function inPages<Entry>(
  list: (page: { readonly limit: number; readonly cursor: string | undefined }) => Promise<MemoryPage<Entry>>,
  limit: number,
): Promise<readonly Entry[]> {
  const entries: Entry[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ limit, cursor });
    entries.push(...page.entries);
    cursor = page.next;
  } while (cursor !== undefined);
  return entries;
}

describe("two servers with one memory", () => {
  // qdrant.qdrant-memory-store.Q2
  test("lose nothing of what each says of one entity, and make one of what both make", async () => {
    const name = collection();
    const pair = await Promise.all([1, 2].map(() => memoryOf(storeOf({ collection: name }))));
    const texts = Array.from({ length: 6 }, (_, index) => index);
    await Promise.all(
      pair.map(async (memory, who) => {
        for (const index of texts) {
          await memory.changes.remember(
            TEAM,
            [{ name: "Ada", observations: said(`${who}-${index}`) }],
            who ? AGAIN : BY,
          );
        }
      }),
    );
    const [one, other] = pair;
    if (!one || !other) throw new Error("two were opened");
    const ada = await one.get(TEAM, "Ada");
    expect(ada.observations.map(({ text }) => text).toSorted()).toEqual(
      texts.flatMap((n) => [`0-${n}`, `1-${n}`]).toSorted(),
    );
    expect(ada.version).toBe(12);
    const history = await other.store.history(ada.id);
    expect(history?.changes.map(({ version }) => version)).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
    const log = await one.log({ scopes: [TEAM] }, { limit: 50, cursor: undefined });
    expect(log.entries).toHaveLength(12);
    expect((await one.list({ scopes: [TEAM] }, PAGE)).entries).toHaveLength(1);
    expect(await other.store.check(false)).toEqual([]);
    for (const memory of pair) await memory[Symbol.asyncDispose]();
  });

  test("continue if one has named its model and has not created its vector index yet", async () => {
    const name = collection();
    const qdrant = new QdrantClient({ url: server.url, apiKey: KEY, checkCompatibility: false });
    await using first = await memoryOf(storeOf({ collection: name }));
    await first.changes.remember(TEAM, [{ name: "Ada", observations: said("plays chess") }], BY);
    const { config } = await qdrant.getCollection(name);
    const named = Object.keys(config.params.vectors ?? {});
    expect(named).toHaveLength(1);
    for (const vectors of named) await qdrant.deleteVectorName(name, vectors, { wait: true });
    await using second = await memoryOf(storeOf({ collection: name }));
    await second.changes.remember(TEAM, [{ name: "Bo", observations: said("sings songs") }], BY);
    expect(names(await second.search({ scopes: [TEAM], text: "sings" }))).toContain("Bo");
  });
});

/** What is begun, and what is to be seen of it: one of these, whenever its process ends. */
const BEGUN: Readonly<
  Record<string, { readonly begin: (memory: Memory) => Promise<unknown>; readonly seen: readonly string[] }>
> = {
  remembering: {
    begin: (memory) => memory.changes.remember(TEAM, [{ name: "Cy", observations: said("new") }], AGAIN),
    seen: ["Ada@1:old Bo@1: Ada-Bo", "Ada@1:old Bo@1: Cy@1:new Ada-Bo"],
  },
  "saying more": {
    begin: (memory) => memory.changes.remember(TEAM, [{ name: "Ada", observations: said("new") }], AGAIN),
    seen: ["Ada@1:old Bo@1: Ada-Bo", "Ada@2:old,new Bo@1: Ada-Bo"],
  },
  "giving another name": {
    begin: (memory) => memory.changes.revise(TEAM, "Ada", { name: "Zoe" }, AGAIN),
    seen: ["Ada@1:old Bo@1: Ada-Bo", "Bo@1: Zoe@2:old Zoe-Bo"],
  },
  relating: {
    begin: (memory) => memory.changes.relate(TEAM, [{ from: "Bo", to: "Ada", type: "knows" }], AGAIN),
    seen: ["Ada@1:old Bo@1: Ada-Bo", "Ada@1:old Bo@1: Ada-Bo Bo-Ada"],
  },
  "forgetting an entity": {
    begin: async (memory) => memory.forget({ type: "entities", ids: [(await memory.get(TEAM, "Ada")).id] }, AGAIN),
    seen: ["Ada@1:old Bo@1: Ada-Bo", "Bo@1:"],
  },
  "forgetting what was said": {
    begin: async (memory) => {
      const { id, observations } = await memory.get(TEAM, "Ada");
      return memory.forget({ type: "observations", entity: id, ids: observations.map((one) => one.id) }, AGAIN);
    },
    seen: ["Ada@1:old Bo@1: Ada-Bo", "Ada@2: Bo@1: Ada-Bo"],
  },
  "forgetting all": {
    begin: (memory) => memory.forget({ type: "scope", scope: TEAM }, AGAIN),
    seen: ["Ada@1:old Bo@1: Ada-Bo", ""],
  },
};

/** All that is to be seen of memory, as one line. */
async function look({ store }: Memory): Promise<string> {
  const { entries } = await store.list({ scopes: [TEAM] }, { limit: 50, cursor: undefined });
  const relations = await store.relations({ scopes: [TEAM], entities: undefined }, PAGE);
  const name = new Map(entries.map((entity) => [entity.id, entity.name]));
  return [
    ...entries.map((one) => `${one.name}@${one.version}:${one.observations.map(({ text }) => text).join()}`),
    ...relations.entries.map(({ from, to }) => `${name.get(from)}-${name.get(to)}`),
  ].join(" ");
}

describe("a server that dies between two of its requests", () => {
  // qdrant.qdrant-memory-store.Q1, qdrant.qdrant-memory-store.Q3, qdrant.qdrant-memory-store.Q4
  test.each(Object.keys(BEGUN))(
    "leaves all or nothing of %s, and nothing is in disorder after the next start",
    async (what) => {
      const { begin, seen } = BEGUN[what] ?? { begin: async () => undefined, seen: [] };
      const found = new Set<string>();
      let isWhole = false;
      for (let changes = 0; !isWhole; changes += 1) {
        const name = collection();
        await using way = await Mortal.before(server.url);
        await using memory = await memoryOf(storeOf({ collection: name, url: way.url }));
        await memory.changes.remember(TEAM, [{ name: "Ada", observations: said("old") }, { name: "Bo" }], BY);
        await memory.changes.relate(TEAM, [{ from: "Ada", to: "Bo", type: "knows" }], BY);
        way.left = changes;
        isWhole = await begin(memory).then(
          () => true,
          () => false,
        );
        await using next = await memoryOf(storeOf({ collection: name, clock: later(3_600_000) }));
        const now = await look(next);
        expect(seen).toContain(now);
        expect(await next.store.check(false)).toEqual([]);
        for (const { id, version } of (await next.list({ scopes: [TEAM] }, PAGE)).entries) {
          const history = await next.store.history(id);
          expect(history?.changes.filter(({ action }) => action !== "relate").map((one) => one.version)).toEqual(
            Array.from({ length: version }, (_, index) => index + 1),
          );
        }
        found.add(now);
        await server.drop(name);
      }
      expect([...found]).toEqual(expect.arrayContaining([seen[0], seen.at(-1)]));
    },
  );
});
