import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Client } from "pg";
import { PostgresqlMemoryStore, type PostgresqlMemoryOptions } from "../../src/memory/stores/postgresql/index.ts";
import { SCRUB_LIMITS } from "../../src/memory/stores/postgresql/page-scrubber.ts";
import { SqliteMemoryStore } from "../../src/memory/stores/sqlite/index.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { Memory, SEARCH_DEFAULTS, type SearchInput } from "../../src/memory/knowledge/index.ts";
import { ManualClock } from "../helpers/manual-clock.ts";
import { PASSWORD, Postgresql } from "../helpers/postgresql.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { WordEmbedder } from "../helpers/word-embedder.ts";
import { memoryStoreContract } from "../contracts/memory/memory-store.ts";
import { AGAIN, BY, names, OTHER, PAGE, said, TEAM } from "../contracts/memory/within.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("memory.backend-postgresql");

let server: Postgresql;
let schemas = 0;
beforeAll(async () => void (server = await Postgresql.start()));
afterAll(() => server[Symbol.asyncDispose]());

const optionsOf = (schema: string): PostgresqlMemoryOptions => ({
  url: server.url,
  password: () => PASSWORD,
  schema,
  connections: 4,
});
const elsewhere = (database: string) => server.url.replace(/[^/]*$/u, database);
const freshSchema = () => `memory_${(schemas += 1)}`;

describe("memory in PostgreSQL", () => {
  memoryStoreContract(async () => {
    const options = optionsOf(freshSchema());
    const opened: PostgresqlMemoryStore[] = [];
    const open = () => {
      const store = new PostgresqlMemoryStore(options);
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

type Opener = (over?: Partial<PostgresqlMemoryOptions>) => Memory;

/** Memories of several servers over one fresh schema. */
async function within(use: (open: Opener, schema: string) => Promise<void>): Promise<void> {
  const schema = freshSchema();
  const opened: Memory[] = [];
  try {
    await use((over = {}) => {
      const store = new PostgresqlMemoryStore({ ...optionsOf(schema), ...over });
      const memory = new Memory({ store, embedder: new WordEmbedder(), clock: systemClock, defaults: SEARCH_DEFAULTS });
      opened.push(memory);
      return memory;
    }, schema);
  } finally {
    for (const memory of opened) await memory[Symbol.asyncDispose]();
  }
}

const WAIT = { timeout: 10_000, interval: 20 };
const TEXTS = [
  "drives an old red car to the harbour, and the car is loud",
  "sings in the harbour choir",
  "getUserName reads user_name of E1042",
  "owns a red vehicle",
  "is the chief of the ship of the harbour",
];
const people = () => TEXTS.map((text, index) => ({ name: `p${index}`, type: "person", observations: said(text) }));

describe("several servers", () => {
  test("that start at once make one schema, and see each other's memory", () =>
    within(async (open) => {
      const [one, other, third] = [open(), open(), open()];
      await Promise.all([one, other, third].map((memory) => memory.open()));
      await one.changes.remember(TEAM, [{ name: "Ada", observations: said("plays chess") }], BY);
      expect(names(await other.search({ scopes: [TEAM], text: "chess" }))).toEqual(["Ada"]);
      await other.forget({ type: "scope", scope: TEAM }, BY);
      expect(names(await third.search({ scopes: [TEAM], text: "chess" }))).toEqual([]);
    }));

  test("that change one entity at once lose nothing of what is said", () =>
    within(async (open) => {
      const [one, other] = [open(), open()];
      await Promise.all(
        Array.from({ length: 6 }, async (_, index) => {
          const memory = index % 2 === 0 ? one : other;
          const inputs = ["Ada", "Bo"].map((name) => ({ name, observations: said(`says ${index}`) }));
          await memory.changes.remember(TEAM, index % 3 === 0 ? inputs : inputs.toReversed(), BY);
        }),
      );
      for (const name of ["Ada", "Bo"]) {
        const { observations, version } = await other.get(TEAM, name);
        expect([observations.length, version]).toEqual([6, 6]);
      }
      expect(names(await one.search({ scopes: [TEAM], text: "says 5" })).toSorted()).toEqual(["Ada", "Bo"]);
    }));

  test("number their changes so that who has seen one has seen all before it", () =>
    within(async (open, schema) => {
      const [one, other] = [open(), open()];
      await one.changes.remember(OTHER, [{ name: "Ada", observations: said("was first") }], BY);
      // Who writes into the one scope comes to its commit, and gets no further before the gate is open.
      await server.run(
        `CREATE TABLE ${schema}.gate (); CREATE FUNCTION ${schema}.linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           WHILE NOT EXISTS (SELECT 1 FROM ${schema}.gate) LOOP PERFORM pg_sleep(0.01); END LOOP; RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER linger AFTER INSERT ON ${schema}.change DEFERRABLE INITIALLY DEFERRED
           FOR EACH ROW WHEN (new.scope = 1) EXECUTE FUNCTION ${schema}.linger()`,
      );
      const waiting = async (event: string) =>
        (await server.rows(`SELECT 1 FROM pg_stat_activity WHERE wait_event = '${event}'`)).length;
      const slow = one.changes.remember(OTHER, [{ name: "Slow", observations: said("is late") }], BY);
      await vi.waitFor(async () => expect(await waiting("PgSleep")).toBe(1), WAIT);
      let isDone = false;
      const fast = other.changes
        .remember(TEAM, [{ name: "Fast", observations: said("is quick") }], BY)
        .then(() => (isDone = true));
      await vi.waitFor(async () => expect(isDone || (await waiting("advisory")) === 1).toBe(true), WAIT);
      const log = async () => (await other.log({ scopes: [TEAM, OTHER] }, PAGE)).entries.map(({ seq }) => seq);
      const seen = await log();
      await server.run(`INSERT INTO ${schema}.gate DEFAULT VALUES`);
      await Promise.all([slow, fast]);
      const fresh = (await log()).filter((seq) => !seen.includes(seq));
      expect(fresh).toHaveLength(2);
      expect(Math.min(...fresh)).toBeGreaterThan(Math.max(...seen));
    }));

  test("of which one forgets while another removes vectors of a model that was given up leave none of these", () =>
    within(async (open, schema) => {
      const { changes, store, embeddings } = open();
      await changes.remember(TEAM, people(), BY);
      await embeddings.caughtUp();
      const active = (await store.model()) ?? "";
      await server.run(
        `INSERT INTO ${schema}.model (name, dims, is_active) VALUES ('given-up', 2, false);
         INSERT INTO ${schema}.embedding SELECT passage, (SELECT n FROM ${schema}.model WHERE name = 'given-up'), scope, entity, '[1,0]'
           FROM ${schema}.embedding`,
      );
      const givenUp = async () =>
        (
          await server.rows(
            `SELECT 1 FROM ${schema}.embedding e JOIN ${schema}.model m ON m.n = e.model WHERE NOT is_active`,
          )
        ).length;
      const all = await givenUp();
      const forgetting = await connected();
      try {
        await forgetting.query(
          `BEGIN; DELETE FROM ${schema}.embedding WHERE passage = (SELECT min(passage) FROM ${schema}.embedding)`,
        );
        const dropping = store.dropOthers(active, 2);
        const waiting = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'transactionid'";
        await vi.waitFor(async () => expect(await server.rows(waiting)).toHaveLength(1), WAIT);
        await forgetting.query("COMMIT");
        expect(await dropping).toBe(true);
      } finally {
        await forgetting.end();
      }
      expect(await givenUp()).toBe(all - 2);
      while (await store.dropOthers(active, 2));
      expect(
        await server.rows(`SELECT 1 FROM ${schema}.embedding WHERE model NOT IN (SELECT n FROM ${schema}.model)`),
      ).toEqual([]);
      expect((await store.stats()).passagesByModel).toEqual({ [active]: all - 1 });
    }));

  test("that have one connection each do everything", () =>
    within(async (open) => {
      const memory = open({ connections: 1 });
      await memory.changes.remember(TEAM, people(), BY);
      expect(await memory.store.check(true)).toEqual([]);
      await memory.store.reindex(() => undefined);
      const { id } = await memory.get(TEAM, "p1");
      await memory.forget({ type: "entities", ids: [id] }, BY);
      expect(names(await memory.search({ scopes: [TEAM], text: "loud car", limit: 1 }))).toEqual(["p0"]);
    }));
});

describe("a database that fails", () => {
  test("is reconnected automatically, and its entities are there", () =>
    within(async (open) => {
      const memory = open();
      await memory.changes.remember(TEAM, people(), BY);
      await server.stop();
      await expect(memory.get(TEAM, "p0")).rejects.toMatchObject({
        code: "MEMORY_UNAVAILABLE",
        message: expect.stringMatching(/PostgreSQL at 127.0.0.1:\d+, database caxton, does not answer/u),
        hint: expect.stringContaining("memory.postgresql.url"),
      });
      await server.resume();
      expect(names(await memory.search({ scopes: [TEAM], text: "choir", limit: 1 }))).toEqual(["p1"]);
    }));

  test("at the start is used when it answers, with the vectors that are there", () =>
    within(async (open) => {
      await open().changes.remember(TEAM, people(), BY);
      const memory = open();
      await server.stop();
      await expect(memory.open()).rejects.toMatchObject({ code: "MEMORY_UNAVAILABLE" });
      await server.resume();
      expect(names(await memory.search({ scopes: [TEAM], text: "choir", mode: "semantic", limit: 1 }))).toEqual(["p1"]);
      expect(memory.embeddings.models.active).toBe("words-64@1");
    }));

  // postgresql.connections.P1
  test("that cuts connections is asked again", () =>
    within(async (open) => {
      const memory = open();
      await memory.changes.remember(TEAM, people(), BY);
      await server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'caxton'");
      const [added] = await memory.changes.remember(TEAM, [{ name: "p0", observations: said("is back") }], AGAIN);
      expect(added?.outcome).toBe("changed");
      await server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'caxton'");
      expect(names(await memory.search({ scopes: [TEAM], text: "choir", limit: 1 }))).toEqual(["p1"]);
    }));

  test.each([
    ["a wrong password", () => ({ password: () => "guessed" }), /does not let caxton in/u, /password_secret/u],
    ["no password", () => ({ password: () => undefined }), /wants a password of caxton/u, /password_secret/u],
    ["no database", () => ({ url: elsewhere("nowhere") }), /nowhere, does not exist/u, /CREATE DATABASE nowhere/u],
    ["no server", () => ({ url: "postgresql://127.0.0.1:1/a" }), /does not answer: .*ECONNREFUSED/u, /runs/u],
  ])("says what is wrong: %s", (_, over, message, hint) =>
    within(async (open) => {
      await expect(open(over()).get(TEAM, "p0")).rejects.toMatchObject({
        code: "MEMORY_UNAVAILABLE",
        message: expect.stringMatching(message),
        hint: expect.stringMatching(hint),
      });
    }),
  );

  test("that has no pgvector and does not allow adding it says how to add it", () =>
    within(async (open) => {
      await server.run("CREATE DATABASE bare");
      await server.run(`CREATE ROLE guest LOGIN PASSWORD '${PASSWORD}'`);
      await server.run("CREATE SCHEMA owned AUTHORIZATION guest", "bare");
      const memory = open({ url: elsewhere("bare").replace("//caxton@", "//guest@"), schema: "owned" });
      await expect(memory.get(TEAM, "p0")).rejects.toMatchObject({
        code: "MEMORY_UNAVAILABLE",
        message: expect.stringContaining("does not allow that to guest"),
        hint: expect.stringContaining("CREATE EXTENSION vector"),
      });
    }));

  test("with the schema of a newer version, or with foreign tables, is not changed", () =>
    within(async (open, schema) => {
      await open().open();
      await server.run(`UPDATE ${schema}.setting SET value = '99' WHERE key = 'schema'`);
      await expect(open().open()).rejects.toThrow(/written by a newer Caxton/u);
      await server.run("CREATE SCHEMA theirs; CREATE TABLE theirs.entity (n int)");
      await expect(open({ schema: "theirs" }).open()).rejects.toThrow(/other tables where memory should be/u);
    }));
});

test("words and scores are those of the embedded memory", () =>
  within(async (open) => {
    using directory = tempDirectory();
    const store = new SqliteMemoryStore({ directory: directory.path, synchronous: "normal" });
    const deps = { embedder: new WordEmbedder(), clock: systemClock, defaults: SEARCH_DEFAULTS };
    await using embedded = new Memory({ ...deps, store });
    const memory = open();
    for (const each of [embedded, memory]) await each.changes.remember(TEAM, people(), BY);
    for (const text of ["the red cars", "user name", "E1042", "who sings in the harbour?", "nothing of it"]) {
      for (const mode of ["keyword", "hybrid"] as const) {
        const asked: SearchInput = { scopes: [TEAM], text, mode, similarityMin: 0.05 };
        const [expected, got] = [await embedded.search(asked), await memory.search(asked)];
        expect([text, mode, names(got)]).toEqual([text, mode, names(expected)]);
        for (const [index, { score }] of got.hits.entries()) {
          const known = expected.hits[index]?.score;
          expect(score.keyword).toBeCloseTo(known?.keyword ?? Number.NaN, 5);
          // The embedded one rounds vectors to bytes.
          expect(score.similarity ?? 0).toBeCloseTo(known?.similarity ?? 0, 1);
        }
      }
    }
  }));

test("texts of all characters come back as they were, and are found", () =>
  within(async (open) => {
    const memory = open();
    const text = "one\u0000two \uFDD0 three \uFDD01 🚢 \\u0000 东京";
    await memory.changes.remember(
      TEAM,
      [{ name: "Zoë 🚢", observations: said(text), metadata: { "k\u0000": ["v\u0000\uFDD0"] } }],
      BY,
    );
    expect(await memory.get(TEAM, "Zoë 🚢")).toMatchObject({
      observations: [{ text }],
      metadata: { "k\u0000": ["v\u0000\uFDD0"] },
    });
    expect(
      names(
        await memory.search({ scopes: [TEAM], text: "东京", filter: { metadata: { "k\u0000": ["v\u0000\uFDD0"] } } }),
      ),
    ).toEqual(["Zoë 🚢"]);
  }));

test("many vectors are found by an index, which filters and scopes leave nothing out of", () =>
  within(async (open, schema) => {
    const memory = open({ exactMax: 50 });
    const all = Array.from({ length: 300 }, (_, index) => ({
      name: `n${index}`,
      type: index % 100 === 7 ? "rare" : "note",
      observations: said(`the red car number ${index} of the harbour`),
    }));
    for (let at = 0; at < all.length; at += 100) {
      await memory.changes.remember(at === 200 ? OTHER : TEAM, all.slice(at, at + 100), BY);
    }
    await memory.embeddings.caughtUp();
    await memory.store.reindex(() => undefined);
    const indexes = await server.rows(
      `SELECT indexdef FROM pg_indexes WHERE schemaname = '${schema}' AND indexdef LIKE '%hnsw%'`,
    );
    expect(indexes).toHaveLength(1);
    const found = async (over: Partial<SearchInput>) =>
      names(await memory.search({ scopes: [TEAM], text: "red car", mode: "semantic", limit: 100, ...over }));
    expect((await found({})).length).toBe(100);
    expect((await found({ filter: { types: ["rare"] } })).toSorted()).toEqual(["n107", "n7"]);
    expect(await found({ scopes: [OTHER], filter: { types: ["rare"] } })).toEqual(["n207"]);
    expect(await memory.store.check(false)).toEqual([]);
  }));

/** Undefined for a file that the server has deleted since it was listed, as it does with rewritten ones. */
function contentsOf(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

test("what was forgotten is in no table, index or statistics of the database any more", () =>
  within(async (open) => {
    const memory = open();
    const isThere = async (text: string) => {
      // What is in memory only is written first, and files that are no longer used go with the checkpoint.
      await server.run("CHECKPOINT");
      const base = join(server.directory, "data", "base");
      const files = readdirSync(base, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
      return files.some(({ parentPath, name }) => contentsOf(join(parentPath, name))?.includes(text) === true);
    };
    const ada = {
      name: "zebra-name",
      type: "zebra-type",
      observations: said("zebra-one", "zebra-two"),
      metadata: { zebra: "zebra-data" },
    };
    await memory.changes.remember(TEAM, [ada, { name: "Bo", observations: said("zebra-three") }], BY);
    await memory.changes.relate(TEAM, [{ from: "zebra-name", to: "Bo", type: "zebra-knows" }], BY);
    await server.run("ANALYZE");
    expect([await isThere("zebra-one"), await isThere("zebra-name")]).toEqual([true, true]);
    const { id, observations } = await memory.get(TEAM, "zebra-name");
    await memory.forget({ type: "observations", entity: id, ids: observations.slice(0, 1).map((one) => one.id) }, BY);
    expect([await isThere("zebra-one"), await isThere("zebra-two")]).toEqual([false, true]);
    await memory.forget({ type: "entities", ids: [id] }, BY);
    // Of two in a row the second is overwritten a moment later.
    await vi.waitFor(async () => expect(await memory.store.check(false)).toEqual([]), { ...WAIT, timeout: 60_000 });
    const gone = ["zebra-two", "zebra-name", "zebra-type", "zebra-data", "zebra-knows"];
    expect(await Promise.all(gone.map(isThere))).toEqual(gone.map(() => false));
    expect(await isThere("zebra-three")).toBe(true);
    expect(await memory.list({ scopes: [TEAM] }, PAGE)).toMatchObject({ entries: [{ name: "Bo" }] });
  }));

async function forgetEach(memory: Memory, all: readonly string[]): Promise<void> {
  for (const name of all) {
    const { id } = await memory.get(TEAM, name);
    await memory.forget({ type: "entities", ids: [id] }, BY);
  }
}

/** Another client of the same database. */
async function connected(): Promise<Client> {
  const client = new Client({ connectionString: server.url.replace("@", `:${encodeURIComponent(PASSWORD)}@`) });
  await client.connect();
  return client;
}

/** What doctor says while forgotten texts are on pages still: it is no fault. */
const still = (until: string) => [
  { what: `forgotten texts are deleted, and still on pages of the database until ${until}`, isPending: true },
];
const RUNNING = still("the pass that is being made has ended");
const dueAt = (ms: number) => still(`the pass that is due at ${new Date(ms).toISOString()} is made`);

describe("forgetting", () => {
  // postgresql.page-scrubber.W1
  test("many, one after another, rewrites the tables once for all of them", () =>
    within(async (open, schema) => {
      const clock = new ManualClock();
      const memory = open({ clock });
      await memory.changes.remember(TEAM, people(), BY);
      const fileOf = async () =>
        (await server.rows(`SELECT pg_relation_filenode('${schema}.observation')::int AS n`))[0]?.["n"];
      const files = [await fileOf()];
      await forgetEach(memory, ["p0"]);
      expect(await memory.store.check(false)).toEqual([]);
      files.push(await fileOf());
      await forgetEach(memory, ["p1", "p2", "p3"]);
      expect(await memory.store.check(false)).toMatchObject(dueAt(clock.nowMs() + SCRUB_LIMITS.restMs));
      files.push(await fileOf());
      await clock.advance(SCRUB_LIMITS.restMs);
      await vi.waitFor(async () => expect(await memory.store.check(false)).toEqual([]), { ...WAIT, timeout: 60_000 });
      files.push(await fileOf());
      expect([files[0] === files[1], files[1] === files[2], files[2] === files[3]]).toEqual([false, true, false]);
      // Another server forgets something.
      await server.run(`INSERT INTO ${schema}.setting VALUES ('wipe', pg_current_xact_id()::text)`);
      expect(await memory.store.check(false)).toMatchObject(
        still("the server that forgot them, or the next one that opens memory, makes a pass"),
      );
    }));

  // postgresql.page-scrubber.W2, postgresql.page-scrubber.W3
  test("during a long read of a table blocks no other client, and the next open overwrites the rows", () =>
    within(async (open, schema) => {
      const memory = open();
      await memory.changes.remember(TEAM, people(), BY);
      const backup = await connected();
      try {
        await backup.query(`BEGIN; LOCK TABLE ${schema}.entity IN ACCESS SHARE MODE`);
        await forgetEach(memory, ["p0"]);
        expect(names(await memory.search({ scopes: [TEAM], text: "choir", limit: 1 }))).toEqual(["p1"]);
        await memory.changes.remember(TEAM, [{ name: "p1", observations: said("is heard") }], AGAIN);
        expect(await memory.store.check(false)).toMatchObject(RUNNING);
        await memory.store.close();
      } finally {
        await backup.end();
      }
      const next = open();
      await next.open();
      await vi.waitFor(async () => expect(await next.store.check(false)).toEqual([]), { ...WAIT, timeout: 60_000 });
    }));

  test("during a rewrite of all tables is overwritten afterwards", () =>
    within(async (open, schema) => {
      const clock = new ManualClock();
      const memory = open({ clock });
      await memory.changes.remember(TEAM, people(), BY);
      await forgetEach(memory, ["p0"]);
      const reader = await connected();
      let reindexed: Promise<void>;
      try {
        await reader.query(`BEGIN; LOCK TABLE ${schema}.model IN ACCESS SHARE MODE`);
        reindexed = memory.store.reindex(() => undefined);
        const waiting =
          "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'VACUUM (FULL, ANALYZE)%'";
        await vi.waitFor(async () => expect(await server.rows(waiting)).toHaveLength(1), WAIT);
        await forgetEach(memory, ["p1"]);
      } finally {
        await reader.end();
      }
      await reindexed;
      expect(await memory.store.check(false)).toMatchObject(dueAt(clock.nowMs() + SCRUB_LIMITS.restMs));
      await clock.advance(SCRUB_LIMITS.restMs);
      await vi.waitFor(async () => expect(await memory.store.check(false)).toEqual([]), { ...WAIT, timeout: 60_000 });
    }));

  test("in tables of another user reports that they cannot be rewritten, until they can", () =>
    within(async (open, schema) => {
      const owner = open();
      await owner.changes.remember(TEAM, people(), BY);
      await server.run(
        `CREATE USER tenant PASSWORD '${PASSWORD}'; GRANT USAGE ON SCHEMA ${schema} TO tenant;
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO tenant`,
      );
      const guest = open({ url: server.url.replace("caxton@", "tenant@") });
      // It says so at once unless that takes longer than anybody waits.
      await forgetEach(guest, ["p0"]).catch((error: unknown) => error);
      const refused = expect.stringContaining("observation as tenant: it belongs to another user");
      const failed = [{ what: refused, hint: expect.stringMatching(/^It is tried again at \d{4}-[^]*Z;/) }];
      await vi.waitFor(async () => expect(await guest.store.check(false)).toMatchObject(failed), WAIT);
      expect(await guest.store.check(false)).not.toMatchObject([{ isPending: true }]);
      await expect(guest.store.check(true)).rejects.toMatchObject({
        code: "MEMORY_UNAVAILABLE",
        message: expect.stringContaining("observation as tenant: it belongs to another user"),
      });
      await owner.store.check(true);
      expect(await guest.store.check(false)).toEqual([]);
    }));
});

test("lost words are detected and repaired", () =>
  within(async (open, schema) => {
    const memory = open();
    await memory.changes.remember(TEAM, people(), BY);
    await server.run(`DELETE FROM ${schema}.posting WHERE passage IN (SELECT min(row) FROM ${schema}.passage)`);
    await server.run(`INSERT INTO ${schema}.posting VALUES (1, 1, 999999, 1, 1)`);
    const problems = [
      { what: "1 entities cannot be found by all of their words" },
      { what: "1 words are of texts that are gone" },
    ];
    expect(await memory.store.check(true)).toMatchObject(problems.map((one) => ({ ...one, isRepaired: true })));
    expect(await memory.store.check(false)).toEqual([]);
    expect(names(await memory.search({ scopes: [TEAM], text: "loud", mode: "keyword" }))).toEqual(["p0"]);
  }));
