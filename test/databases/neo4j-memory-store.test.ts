import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Neo4jMemoryOptions, Neo4jMemoryStore } from "../../src/memory/stores/neo4j/index.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { Memory, SEARCH_DEFAULTS } from "../../src/memory/knowledge/index.ts";
import { Neo4jServer } from "../helpers/neo4j.ts";
import { WordEmbedder } from "../helpers/word-embedder.ts";
import { memoryStoreContract } from "../contracts/memory/memory-store.ts";
import { AGAIN, BY, found, names, OTHER, PAGE, said, TEAM } from "../contracts/memory/within.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("memory.backend-neo4j");

const START_MS = 120_000;

let server: Neo4jServer;
beforeAll(async () => {
  server = await Neo4jServer.start();
}, START_MS);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
}, START_MS);

const clean = () => server.ask("MATCH (n) DETACH DELETE n");

/** Two memories over the same empty database, as two servers have them. */
async function within(use: (one: Memory, other: Memory) => Promise<void>, over: Partial<Neo4jMemoryOptions> = {}) {
  await clean();
  const open = () =>
    new Memory({
      store: new Neo4jMemoryStore({ ...server.place, ...over }),
      embedder: new WordEmbedder(),
      clock: systemClock,
      defaults: SEARCH_DEFAULTS,
    });
  await using one = open();
  await using other = open();
  await use(one, other);
}

describe("memory in Neo4j", { timeout: 60_000 }, () => {
  memoryStoreContract(async () => {
    await clean();
    const opened: Neo4jMemoryStore[] = [];
    const open = () => {
      const store = new Neo4jMemoryStore(server.place);
      opened.push(store);
      return store;
    };
    return {
      store: open(),
      reopen: async () => {
        await opened[0]?.close();
        return open();
      },
      [Symbol.asyncDispose]: async () => {
        for (const store of opened) await store.close();
      },
    };
  });
});

describe("memory in Neo4j, with others", { timeout: 60_000 }, () => {
  test("two servers that change one entity concurrently lose no change", () =>
    within(async (one, other) => {
      const texts = Array.from({ length: 6 }, (_, index) => `fact ${index}`);
      await Promise.all(
        texts.map((text, index) =>
          (index % 2 ? one : other).changes.remember(TEAM, [{ name: "Ada", observations: said(text) }], BY),
        ),
      );
      const ada = await one.get(TEAM, "Ada");
      expect(ada.observations.map(({ text }) => text).toSorted()).toEqual(texts);
      expect(ada.version).toBe(6);
      const { entries } = await other.log({ scopes: [TEAM] }, PAGE);
      expect(entries.map(({ version }) => version)).toEqual([6, 5, 4, 3, 2, 1]);
      expect(new Set(entries.map(({ seq }) => seq)).size).toBe(6);
    }));

  test("two servers that start at once on an empty database make one schema, and what one remembers the other finds", async () => {
    for (const { name } of await server.ask("SHOW CONSTRAINTS YIELD name"))
      await server.ask(`DROP CONSTRAINT ${String(name)}`);
    await within(async (one, other) => {
      await Promise.all([one.open(), other.open()]);
      await one.changes.remember(TEAM, [{ name: "Ada", observations: said("drives a car") }], BY);
      await other.open();
      expect(names(await found(other, "automobile", { similarityMin: 0.2 }))).toEqual(["Ada"]);
      expect(await other.store.check(false)).toEqual([]);
    });
  });

  test("people walk the relations with Cypher, and what was forgotten is in no node", () =>
    within(async (one) => {
      await one.changes.remember(TEAM, [{ name: "Ada", observations: said("a secret") }, { name: "Bo" }], BY);
      await one.changes.relate(TEAM, [{ from: "Ada", to: "Bo", type: "works with" }], AGAIN);
      expect(
        await server.ask(
          "MATCH (a:CaxtonEntity {name: 'Ada'})-[r:CAXTON_RELATION {type: 'works with'}]->(b:CaxtonEntity) RETURN b.name AS name",
        ),
      ).toEqual([{ name: "Bo" }]);
      const { id } = await one.get(TEAM, "Ada");
      await one.forget({ type: "entities", ids: [id] }, BY);
      expect(
        await server.ask(
          "MATCH (n) WHERE any(key IN keys(n) WHERE toStringOrNull(n[key]) CONTAINS 'secret' OR toStringOrNull(n[key]) = 'Ada') RETURN labels(n) AS labels",
        ),
      ).toEqual([]);
    }));

  test("in scopes too large to compare one by one the vector index finds what is in the scope and passes the filter", () =>
    within(async (one) => {
      const many = (scope: string, at: number) =>
        one.changes.remember(
          scope,
          Array.from({ length: 50 }, (_, index) => ({
            name: `n${at + index}`,
            type: index === 7 ? "rare" : "thing",
            observations: said(index === 7 ? "drives a car far away" : `number ${index} of the red boats`),
          })),
          BY,
        );
      await many(OTHER, 0);
      await many(TEAM, 0);
      await one.embeddings.caughtUp();
      const [store, limits] = [one.store, { comparedMax: 10 }];
      const direct = new Neo4jMemoryStore({ ...server.place, limits });
      try {
        const [vector] = await new WordEmbedder().embed(["automobile far away"]);
        const search = (types: readonly string[] | undefined) => ({
          filter: { scopes: [TEAM], types },
          text: "",
          vector,
          model: "words-64@1",
          limit: 3,
          similarityMin: 0.3,
          keywordWeight: 0,
          recencyBoost: 1,
          expand: 0,
          nowMs: 0,
        });
        for (const types of [undefined, ["rare"]]) {
          const [exact, indexed] = [await store.search(search(types)), await direct.search(search(types))];
          expect(names(indexed)).toEqual(names(exact));
          expect(indexed.isPartial).toBe(false);
          expect(indexed.hits[0]?.entity.scope).toBe(TEAM);
          expect(indexed.hits[0]?.score.similarity).toBeCloseTo(exact.hits[0]?.score.similarity ?? 0, 6);
        }
      } finally {
        await direct.close();
      }
    }));

  test("check finds and repairs what is missing or left over", () =>
    within(async (one) => {
      await one.changes.remember(TEAM, [{ name: "Ada", observations: said("plays chess") }, { name: "Bo" }], BY);
      await server.ask("MATCH (:CaxtonEntity {name: 'Ada'})-[:PASSAGE]->(p) DETACH DELETE p");
      await server.ask("DROP INDEX caxton_change_scope");
      await server.ask("CREATE (:CaxtonObservation {text: 'of no entity'})");
      await server.ask("MATCH (p:CaxtonPassage) SET p.vector_of_another = [1.0]");
      expect((await one.store.check(false)).map(({ isRepaired }) => isRepaired)).toEqual([false, false, false, false]);
      expect((await one.store.check(true)).map(({ isRepaired }) => isRepaired)).toEqual([true, true, true, true]);
      expect(await one.store.check(false)).toEqual([]);
      expect(names(await found(one, "chess", { mode: "keyword" }))).toEqual(["Ada"]);
      const reported: number[] = [];
      await one.store.reindex((done) => reported.push(done));
      expect(reported.at(-1)).toBe(2);
    }));
});

describe("memory in Neo4j, when it is not there", { timeout: START_MS }, () => {
  test("no server, a wrong password and a missing database are reported clearly, without the password", async () => {
    const refusal = async (over: Partial<Neo4jMemoryOptions>) => {
      const store = new Neo4jMemoryStore({ ...server.place, ...over });
      const error: unknown = await store.model().catch((thrown: unknown) => thrown);
      await store.close();
      expect(error).toMatchObject({ code: "MEMORY_UNAVAILABLE", kind: "unavailable" });
      expect(JSON.stringify(error)).not.toContain("not-this-one");
      return error;
    };
    expect(await refusal({ url: "bolt://127.0.0.1:1" })).toMatchObject({
      message: "Neo4j at bolt://127.0.0.1:1 does not answer",
    });
    expect(await refusal({ password: () => "not-this-one" })).toMatchObject({
      message: `Neo4j at ${server.place.url} refused the password of neo4j`,
    });
    expect(await refusal({ database: "elsewhere" })).toMatchObject({
      message: `Neo4j at ${server.place.url} has no database elsewhere`,
    });
  });

  test("a server that is killed and started again has every acknowledged change, and memory reconnects automatically", () =>
    within(async (one) => {
      await one.changes.remember(TEAM, [{ name: "Ada", observations: said("plays chess") }], BY);
      await server.kill();
      await expect(one.get(TEAM, "Ada")).rejects.toMatchObject({ code: "MEMORY_UNAVAILABLE" });
      await expect(one.changes.remember(TEAM, [{ name: "Bo" }], BY)).rejects.toMatchObject({
        code: "MEMORY_UNAVAILABLE",
      });
      await server.run();
      expect((await one.get(TEAM, "Ada")).observations).toMatchObject([{ text: "plays chess" }]);
      await one.changes.remember(TEAM, [{ name: "Ada", observations: said("sings") }], BY);
      expect(names(await found(one, "chess sings"))).toEqual(["Ada"]);
    }));
});
