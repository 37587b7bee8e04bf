import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SqliteMemoryStore } from "../../../../src/memory/stores/sqlite/index.ts";
import { systemClock } from "../../../../src/kernel/clock.ts";
import { Memory, scopeKey, SEARCH_DEFAULTS } from "../../../../src/memory/knowledge/index.ts";
import { tempDirectory } from "../../../helpers/temp.ts";

const SCOPE = scopeKey({ type: "workspace", workspace: "default" });

/** The file as the first version made it, with two entities, one of them changed once, a relation, and one forgotten. */
const FIRST = `
  CREATE TABLE scope (n INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE provenance (n INTEGER PRIMARY KEY, source TEXT NOT NULL, source_id TEXT NOT NULL, agent TEXT NOT NULL,
    UNIQUE (source, source_id, agent)) STRICT;
  CREATE TABLE entity (row INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE, scope INTEGER NOT NULL REFERENCES scope,
    name TEXT NOT NULL, type TEXT NOT NULL, confidence REAL NOT NULL, strength REAL NOT NULL, valid_from_ms INTEGER,
    valid_to_ms INTEGER, metadata TEXT, version INTEGER NOT NULL, created_at_ms INTEGER NOT NULL,
    updated_at_ms INTEGER NOT NULL, UNIQUE (scope, name)) STRICT;
  CREATE TABLE observation (row INTEGER PRIMARY KEY, id BLOB NOT NULL,
    entity INTEGER NOT NULL REFERENCES entity ON DELETE CASCADE, text TEXT NOT NULL, confidence REAL NOT NULL,
    valid_from_ms INTEGER, valid_to_ms INTEGER, provenance INTEGER NOT NULL REFERENCES provenance, at_ms INTEGER NOT NULL,
    since INTEGER NOT NULL, until INTEGER) STRICT;
  CREATE INDEX observation_of ON observation (entity);
  CREATE TABLE relation (row INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE,
    src INTEGER NOT NULL REFERENCES entity ON DELETE CASCADE, dst INTEGER NOT NULL REFERENCES entity ON DELETE CASCADE,
    type TEXT NOT NULL, strength REAL NOT NULL, confidence REAL NOT NULL, is_both INTEGER NOT NULL, valid_from_ms INTEGER,
    valid_to_ms INTEGER, metadata TEXT, provenance INTEGER NOT NULL REFERENCES provenance, created_at_ms INTEGER NOT NULL,
    UNIQUE (src, dst, type)) STRICT;
  CREATE INDEX relation_to ON relation (dst);
  CREATE TABLE model (n INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, dims INTEGER NOT NULL, is_active INTEGER NOT NULL) STRICT;
  CREATE TABLE passage (row INTEGER PRIMARY KEY, entity INTEGER NOT NULL REFERENCES entity ON DELETE CASCADE,
    ordinal INTEGER NOT NULL, model INTEGER REFERENCES model, scale REAL, vector BLOB, UNIQUE (entity, ordinal)) STRICT;
  CREATE INDEX passage_without ON passage (row) WHERE vector IS NULL;
  CREATE TABLE coming (passage INTEGER PRIMARY KEY REFERENCES passage ON DELETE CASCADE,
    model INTEGER NOT NULL REFERENCES model, scale REAL NOT NULL, vector BLOB NOT NULL) STRICT;
  CREATE TABLE change (seq INTEGER PRIMARY KEY AUTOINCREMENT, entity BLOB, scope INTEGER NOT NULL REFERENCES scope,
    version INTEGER NOT NULL, action TEXT NOT NULL, provenance INTEGER NOT NULL REFERENCES provenance,
    at_ms INTEGER NOT NULL, details TEXT) STRICT;
  CREATE INDEX change_of ON change (entity, seq);
  PRAGMA application_id=1129858353; PRAGMA user_version=1;

  INSERT INTO scope VALUES (3, '${SCOPE}');
  INSERT INTO provenance VALUES (1, 'user', '', 'scribe');
  INSERT INTO entity VALUES (1, x'019a9c2e5f5a7abc8def000000000001', 3, 'Ada', 'person', 1, 0.5, NULL, NULL, NULL, 2, 10, 20);
  INSERT INTO entity VALUES (4, x'019a9c2e5f5a7abc8def000000000002', 3, 'Oslo', 'city', 1, 1, NULL, NULL, '{"a":1}', 1, 10, 10);
  INSERT INTO observation VALUES (5, x'019a9c2e5f5a7abc8def000000000011', 1, 'plays tennis', 1, NULL, NULL, 1, 10, 1, 2);
  INSERT INTO observation VALUES (9, x'019a9c2e5f5a7abc8def000000000012', 1, 'plays chess', 1, NULL, NULL, 1, 20, 2, NULL);
  INSERT INTO relation VALUES (7, x'019a9c2e5f5a7abc8def000000000021', 1, 4, 'lives_in', 0.5, 1, 0, NULL, NULL, NULL, 1, 30);
  INSERT INTO passage (row, entity, ordinal) VALUES (1, 1, 0), (2, 4, 0);
  INSERT INTO change VALUES (1, x'019a9c2e5f5a7abc8def000000000001', 3, 1, 'create', 1, 10, NULL);
  INSERT INTO change VALUES (2, x'019a9c2e5f5a7abc8def000000000002', 3, 1, 'create', 1, 10, NULL);
  INSERT INTO change VALUES (5, x'019a9c2e5f5a7abc8def000000000001', 3, 2, 'withdraw', 1, 20, NULL);
  INSERT INTO change VALUES (6, x'019a9c2e5f5a7abc8def000000000001', 3, 2, 'relate', 1, 30, '{"type":"lives_in"}');
  INSERT INTO change VALUES (8, x'019a9c2e5f5a7abc8def000000000009', 3, 0, 'forget', 1, 40, '{"entities":1}');
`;

test("a memory of the first version is taken over with its history", async () => {
  using directory = tempDirectory();
  const db = new DatabaseSync(join(directory.path, "memory.db"));
  db.exec(FIRST);
  db.close();
  const store = new SqliteMemoryStore({ directory: directory.path, synchronous: "full" });
  await using memory = new Memory({ store, embedder: undefined, clock: systemClock, defaults: SEARCH_DEFAULTS });
  await memory.open();
  expect(await store.check(false)).toEqual([]);
  const { head, observations, changes } = await memory.history(SCOPE, "Ada");
  expect(head).toMatchObject({ type: "person", strength: 0.5, version: 2, createdAtMs: 10, updatedAtMs: 20 });
  expect(observations.map(({ text, until }) => [text, until])).toEqual([
    ["plays tennis", 2],
    ["plays chess", undefined],
  ]);
  expect(changes.map(({ seq, action }) => [seq, action])).toEqual([
    [1, "create"],
    [5, "withdraw"],
    [6, "relate"],
  ]);
  expect((await memory.get(SCOPE, "Oslo")).metadata).toEqual({ a: 1 });
  const { entries } = await memory.log({ scopes: [SCOPE] }, { limit: 1, cursor: undefined });
  expect(entries).toMatchObject([{ action: "forget", entity: "019a9c2e-5f5a-7abc-8def-000000000009" }]);
  await expect.poll(async () => (await store.figures()).indexed).toBe(1);
  const { hits } = await memory.search({ scopes: [SCOPE], text: "chess", expand: 1 });
  expect(hits.map(({ entity }) => entity.name)).toEqual(["Ada", "Oslo"]);
  const by = { source: "user", sourceId: undefined, agent: undefined } as const;
  await memory.changes.relate(SCOPE, [{ from: "Ada", to: "Oslo", type: "knows" }], by);
  expect((await memory.log({ entity: head.id }, { limit: 1, cursor: undefined })).entries[0]).toMatchObject({
    action: "relate",
    details: { type: "knows" },
  });
});

test("a relation's change stays in the history when another takes its place, and when it is taken away", async () => {
  using directory = tempDirectory();
  const store = new SqliteMemoryStore({ directory: directory.path, synchronous: "full" });
  await using memory = new Memory({ store, embedder: undefined, clock: systemClock, defaults: SEARCH_DEFAULTS });
  const by = { source: "user", sourceId: undefined, agent: undefined } as const;
  await memory.changes.remember(SCOPE, [{ name: "Ada" }, { name: "Oslo" }], by);
  const relation = { from: "Ada", to: "Oslo", type: "knows" };
  const [first] = await memory.changes.relate(SCOPE, [relation], by);
  const [second] = await memory.changes.relate(SCOPE, [{ ...relation, strength: 1 }], by);
  if (second) await memory.changes.unrelate(second.id, by);
  const { changes } = await memory.history(SCOPE, "Ada");
  expect(changes.map(({ action, details }) => [action, details["relation"]])).toEqual([
    ["create", undefined],
    ["relate", first?.id],
    ["relate", second?.id],
    ["unrelate", second?.id],
  ]);
  const { entries } = await memory.log({ scopes: [SCOPE] }, { limit: 10, cursor: undefined });
  expect(entries.map(({ action }) => action)).toEqual(["unrelate", "relate", "relate", "create", "create"]);
  expect(await store.check(false)).toEqual([]);
});
