import { expect, test } from "vitest";
import { MemoryScopeError, type MemoryStore, MemoryTooLargeError } from "../../../src/memory/knowledge/index.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { BY, exported, GLOBAL, imported, inFile, openMemory, pieces, remember, SCOPE } from "./within.ts";
import { verifies } from "../../helpers/verifies.ts";

verifies("memory.export");

const jsonLines = (lines: readonly object[]): string => lines.map((line) => JSON.stringify(line)).join("\n");
/** Text as Latin-1, in which no letter beyond ASCII is UTF-8. */
const latin = (text: string): Buffer => Buffer.from(text, "latin1");
const NOTHING = { created: 0, changed: 0, unchanged: 0, skipped: 0 };
const LIST = { limit: 100, cursor: undefined };

async function filled() {
  const opened = await openMemory();
  const { memory } = opened;
  await remember(memory, [
    {
      name: "Ada",
      type: "person",
      observations: [
        { text: "drives an automobile", confidence: 0.8 },
        { text: 'says "hm", {sometimes}\nalways', validity: { fromMs: 1_000, toMs: undefined } },
      ],
      confidence: 0.9,
      strength: 0.4,
      metadata: { team: "billing" },
    },
    { name: "Acme", type: "company", observations: [{ text: "sells anvils" }] },
  ]);
  await remember(memory, [{ name: "Ada", observations: [{ text: "is another person here" }] }], GLOBAL);
  await memory.changes.withdraw(SCOPE, "Acme", ["sells anvils"], BY);
  await memory.changes.relate(SCOPE, [{ from: "Ada", to: "Acme", type: "works_at", metadata: { since: 1999 } }], BY);
  return opened;
}

/** All that documents say, but for when they were written. */
const comparable = (text: string): string => text.replace(/"exported_at":"[^"]*"/, "");

for (const format of ["json", "jsonl"] as const) {
  test(`what was exported as ${format} is the same memory when it is imported, with ids, sources and times`, async () => {
    await using one = await filled();
    await using other = await openMemory();
    const text = await exported(one.memory, { format });
    const report = await imported(other.memory, text);
    expect(report).toMatchObject({
      entities: { ...NOTHING, created: 3 },
      relations: { ...NOTHING, created: 1 },
      problems: 0,
      isWhole: true,
    });
    const [was, is] = await Promise.all([one.memory.get(SCOPE, "Ada"), other.memory.get(SCOPE, "Ada")]);
    const said = (entity: typeof was) => entity.observations.map(({ id: _id, ...rest }) => rest);
    expect({ ...is, observations: said(is) }).toEqual({ ...was, observations: said(was) });
    expect((await other.memory.get(GLOBAL, "Ada")).observations).toMatchObject([{ text: "is another person here" }]);
    expect((await other.memory.search({ scopes: [SCOPE], text: "drives a car" })).hits[0]?.entity.name).toBe("Ada");
    // A repetition changes nothing.
    const again = await imported(other.memory, text, { merge: "error" });
    expect(again).toMatchObject({ entities: { ...NOTHING, unchanged: 3 }, relations: { ...NOTHING, unchanged: 1 } });
    expect((await other.memory.get(SCOPE, "Ada")).version).toBe(1);
  });
}

test("with history an import has what was withdrawn, the versions and each change", async () => {
  await using one = await filled();
  await using other = await openMemory();
  await imported(other.memory, await exported(one.memory, { hasHistory: true }));
  const [was, is] = [await one.memory.history(SCOPE, "Acme"), await other.memory.history(SCOPE, "Acme")];
  const changes = (all: typeof was) => all.changes.map(({ seq: _seq, ...change }) => change);
  expect({ ...is, changes: changes(is) }).toEqual({ ...was, changes: changes(was) });
  expect((await other.memory.at(SCOPE, "Acme", 1)).observations).toMatchObject([{ text: "sells anvils" }]);
});

test("vectors that come along are used where the model is the same, and made where it is another", async () => {
  await using one = await filled();
  const text = await exported(one.memory, { hasEmbeddings: true });
  await using same = await openMemory();
  await imported(same.memory, text);
  expect(same.embedder.texts).toBe(0);
  expect((await same.memory.search({ scopes: [SCOPE], text: "vehicle" })).hits[0]?.entity.name).toBe("Ada");
  await using other = await openMemory();
  await imported(other.memory, text.replaceAll(one.embedder.id, "another@1"));
  expect(other.embedder.texts).toBe(3);
});

test("the reference memory server's lines are read and written", async () => {
  await using one = await openMemory();
  const lines = [
    { type: "entity", name: "Ada", entityType: "person", observations: ["likes tea"] },
    { type: "entity", name: "Acme", entityType: "company", observations: [] },
    { type: "relation", from: "Ada", to: "Acme", relationType: "works_at" },
  ];
  const report = await imported(one.memory, jsonLines(lines));
  expect(report).toMatchObject({ entities: { created: 2 }, relations: { created: 1 }, problems: 0, isWhole: true });
  const written = await exported(one.memory, { format: "mcp", scopes: [SCOPE] });
  expect(
    written
      .trim()
      .split("\n")
      .map((line): unknown => JSON.parse(line)),
  ).toEqual([lines[1], lines[0], lines[2]]);
  // As its read_graph answers: one document.
  await using other = await openMemory();
  const graph = { entities: lines.slice(0, 2), relations: lines.slice(2) };
  expect(await imported(other.memory, JSON.stringify(graph))).toMatchObject({
    entities: { created: 2 },
    relations: { created: 1 },
  });
});

test("an entity of the reference memory server whose type is empty has none, and keeps its relations", async () => {
  await using opened = await openMemory();
  const lines = [
    { type: "entity", name: "Ada", entityType: "person", observations: [] },
    { type: "entity", name: "Harbour", entityType: "", observations: [] },
    { type: "relation", from: "Ada", to: "Harbour", relationType: "moors at" },
  ];
  const report = await imported(opened.memory, jsonLines(lines));
  expect(report).toMatchObject({ entities: { created: 2 }, relations: { created: 1 }, problems: 0 });
});

test("empty observations of the reference memory server are skipped, and their entity keeps the others and its relations", async () => {
  await using opened = await openMemory();
  const report = await imported(
    opened.memory,
    jsonLines([
      { type: "entity", name: "Ada", entityType: "person", observations: ["", "likes tea", "  "] },
      { type: "entity", name: "Bob", entityType: "person", observations: [""] },
      { type: "relation", from: "Ada", to: "Bob", relationType: "knows" },
    ]),
  );
  expect(report).toMatchObject({
    entities: { ...NOTHING, created: 2 },
    relations: { ...NOTHING, created: 1 },
    problems: 0,
  });
  expect((await opened.memory.get(SCOPE, "Ada")).observations).toMatchObject([{ text: "likes tea" }]);
});

test("what is there already gets what is new, stays as it is, or ends the import", async () => {
  const lines = jsonLines([
    { name: "Ada", observations: ["likes tea", "likes cake"] },
    { name: "Bo", type: "person", observations: ["is new"] },
    { from: "Ada", to: "Bo", type: "knows", strength: 0.9 },
  ]);
  const merged = async (merge: "update" | "skip" | "error") => {
    await using opened = await openMemory();
    const { memory } = opened;
    await remember(memory, [
      { name: "Ada", observations: [{ text: "likes tea" }] },
      { name: "Bo", type: "person" },
    ]);
    await memory.changes.relate(SCOPE, [{ from: "Ada", to: "Bo", type: "knows" }], BY);
    const report = await imported(memory, lines, { merge }).catch((error: unknown) => error);
    const [relation] = (await memory.store.relations({ scopes: [SCOPE], entities: undefined }, LIST)).entries;
    const ada = await memory.get(SCOPE, "Ada");
    return { report, texts: ada.observations.map(({ text }) => text), strength: relation?.strength };
  };
  expect(await merged("update")).toMatchObject({
    report: { entities: { created: 0, changed: 2 }, relations: { changed: 1 } },
    texts: ["likes tea", "likes cake"],
    strength: 0.9,
  });
  expect(await merged("skip")).toMatchObject({
    report: { entities: { skipped: 2 }, relations: { skipped: 1 } },
    texts: ["likes tea"],
    strength: 0.5,
  });
  expect(await merged("error")).toMatchObject({
    report: { code: "MEMORY_MERGE_CONFLICT", message: expect.stringContaining("line 1: Ada exists already") },
    texts: ["likes tea"],
    strength: 0.5,
  });
});

test("a relation that occurs twice is judged by what the first made of it", async () => {
  const lines = jsonLines([
    { name: "Ada" },
    { name: "Bo" },
    { from: "Ada", to: "Bo", type: "knows", strength: 0.9 },
    { from: "Ada", to: "Bo", type: "knows", strength: 0.9 },
    { from: "Ada", to: "Bo", type: "knows", strength: 0.4 },
  ]);
  const merged = async (merge: "update" | "skip" | "error") => {
    await using opened = await openMemory();
    const { memory } = opened;
    const report = await imported(memory, lines, { merge }).catch((error: unknown) => error);
    const { entries } = await memory.store.relations({ scopes: [SCOPE], entities: undefined }, LIST);
    return { report, strengths: entries.map(({ strength }) => strength) };
  };
  expect(await merged("update")).toMatchObject({
    report: { relations: { created: 1, unchanged: 1, changed: 1 } },
    strengths: [0.4],
  });
  expect(await merged("skip")).toMatchObject({
    report: { relations: { created: 1, unchanged: 1, skipped: 1 } },
    strengths: [0.9],
  });
  expect(await merged("error")).toMatchObject({
    report: { code: "MEMORY_MERGE_CONFLICT", message: expect.stringContaining("line 5: that Ada knows Bo") },
    strengths: [0.9],
  });
});

test("what is wrong is named by its line and passed over", async () => {
  await using opened = await openMemory();
  await remember(opened.memory, [{ name: "Rome", type: "place" }]);
  const report = await imported(
    opened.memory,
    [
      '{"name":"Ada","observations":["likes tea"]}',
      '{"name":"Bo", "observations": [',
      "",
      '{"name":"  ","observations":["nonexistent"]}',
      '{"name":"Rome","type":"person"}',
      '{"name":"Cy","confidence":7}',
      '{"from":"Ada","to":"Nonexistent","type":"knows"}',
      '{"from":"Ada","to":"Rome"}',
      '{"name":"Di","scope":"nowhere"}',
      '{"from":"Ada","to":"Eve","type":"knows"}',
      '{"name":"Eve"}',
    ].join("\n"),
    {
      scopeKey: (text) => {
        if (text === "nowhere") throw new MemoryScopeError("that is no scope", "", { scope: text });
        return SCOPE;
      },
    },
  );
  expect(report).toMatchObject({ entities: { created: 2 }, relations: { created: 1 }, problems: 7 });
  expect(report.shown.map(({ line, code }) => `${line} ${code}`).toSorted()).toEqual([
    "2 MEMORY_IMPORT_INVALID",
    "4 MEMORY_VALUE_INVALID",
    "5 MEMORY_MERGE_CONFLICT",
    "6 MEMORY_IMPORT_INVALID",
    "7 ENTITY_NOT_FOUND",
    "8 MEMORY_IMPORT_INVALID",
    "9 MEMORY_SCOPE_INVALID",
  ]);
});

/** So many people, each of whom knows the first one; some of what is said of that cannot be. */
const acquainted = (all: number, isBad: (one: number) => boolean): string =>
  jsonLines([
    ...Array.from({ length: all + 1 }, (_none, one) => ({ name: `p${one}` })),
    ...Array.from({ length: all }, (_none, one) => ({
      from: `p${one + 1}`,
      to: "p0",
      type: isBad(one) ? "x".repeat(65) : "knows",
    })),
  ]);

/** Counts the transactions that relations take. */
function counting(store: MemoryStore, refuses: (types: readonly string[]) => Error | undefined = () => undefined) {
  const counted = { writes: 0 };
  const write: MemoryStore["write"] = async (writes) => {
    const related = writes.flatMap((one) => (one.type === "relation" ? [one.relation.type] : []));
    if (related.length > 0) counted.writes += 1;
    const refusal = refuses(related);
    if (refusal) throw refusal;
    return store.write(writes);
  };
  return { counted, store: new Proxy(store, { get: (of, name) => (name === "write" ? write : memberOf(of, name)) }) };
}

function memberOf(of: MemoryStore, name: string | symbol): unknown {
  const value: unknown = Reflect.get(of, name, of);
  return typeof value === "function" ? value.bind(of) : value;
}

/** The outcome of an import of 500 acquaintances, and in how many transactions. */
async function importedPartly(isBad: (one: number) => boolean) {
  using directory = tempDirectory();
  const { counted, store } = counting(inFile(directory.path));
  await using opened = await openMemory(directory.path, store);
  const report = await imported(opened.memory, acquainted(500, isBad));
  return { ...counted, created: report.relations.created, lines: report.shown.map(({ line }) => line) };
}

test("relations that memory does not take cost no transaction of their own, and are named by their lines", async () => {
  expect(await importedPartly((one) => one === 250)).toEqual({ writes: 1, created: 499, lines: [752] });
  const odd = await importedPartly((one) => one % 2 === 1);
  expect([odd.writes, odd.created, odd.lines.length, odd.lines[0]]).toEqual([1, 250, 250, 503]);
});

test("where a store refuses a batch for the sake of one relation, that one is found in halves", async () => {
  using directory = tempDirectory();
  const tooLarge = new MemoryTooLargeError("the request is too large", "Say less.", { field: "metadata", max: 1 });
  const { counted, store } = counting(inFile(directory.path), (types) =>
    types.includes("shouts at") ? tooLarge : undefined,
  );
  await using opened = await openMemory(directory.path, store);
  const text = acquainted(500, () => false).replace(
    '"from":"p251","to":"p0","type":"knows"',
    '"from":"p251","to":"p0","type":"shouts at"',
  );
  const report = await imported(opened.memory, text);
  expect(report).toMatchObject({
    relations: { created: 499 },
    problems: 1,
    shown: [{ line: 752, code: "MEMORY_TOO_LARGE", message: "the request is too large" }],
  });
  // The whole, then two for each time that it is halved: 500, 250, 125, 63, 32, 16, 8, 4, 2, 1.
  expect(counted.writes).toBeLessThanOrEqual(1 + 2 * 9);
});

test("a relation whose end is forgotten while it is imported is named, and the others are written once", async () => {
  using directory = tempDirectory();
  const { counted, store } = counting(inFile(directory.path));
  const find = async (...of: Parameters<NonNullable<MemoryStore["findIds"]>>) => {
    const found = (await store.findIds?.(...of)) ?? [];
    const [gone] = await store.find([{ scope: SCOPE, name: "p7" }]);
    if (gone) await store.forget({ type: "entities", ids: [gone.id] }, { provenance: BY, atMs: 1 });
    return found;
  };
  const losing = new Proxy(store, { get: (of, name) => (name === "findIds" ? find : memberOf(of, name)) });
  await using opened = await openMemory(directory.path, losing);
  const report = await imported(
    opened.memory,
    acquainted(20, () => false),
  );
  expect(report).toMatchObject({
    relations: { created: 19 },
    problems: 1,
    shown: [{ line: 28, code: "MEMORY_CONFLICT" }],
  });
  expect(counted.writes).toBe(2);
});

test("a line that is not UTF-8 is named and passed over, wherever the pieces are cut, and what others hold is taken as it is", async () => {
  const lines = [
    Buffer.from('\uFEFF{"name":"Zoë","observations":["says \uFFFD, and 🎈"]}\n'),
    latin('{"name":"Bo","observations":["likes café"]}\n'),
    Buffer.from('{"name":"Cy","observations":["likes café, not \uFFFD"]}\n'),
    latin('{"name":"Renée"}'),
  ];
  await using opened = await openMemory();
  for (const size of [1_000, 7, 3, 2, 1]) {
    const { shown } = await imported(opened.memory, pieces(Buffer.concat(lines), size));
    expect(shown.map(({ line, message }) => `${line} ${message}`)).toEqual(["2 not UTF-8", "4 not UTF-8"]);
  }
  const all = await opened.memory.list({ scopes: [SCOPE], types: undefined }, LIST);
  const texts = all.entries.map(
    ({ name, observations }) => `${name} ${observations.map(({ text }) => text).join("; ")}`,
  );
  expect(texts.toSorted()).toEqual(["Cy likes café, not \uFFFD", "Zoë says \uFFFD, and 🎈"]);
});

test("in a document the element that is not UTF-8 is named, and what begins so is refused", async () => {
  await using opened = await openMemory();
  const document = latin('{"entities":[\n{"name":"Ada"},\n{"name":"Zoë"},\n{"name":"Bo"}]}');
  const report = await imported(opened.memory, pieces(document));
  expect(report).toMatchObject({ entities: { created: 2 }, problems: 1, shown: [{ line: 3, message: "not UTF-8" }] });
  await expect(imported(opened.memory, pieces(Buffer.from([0x1f, 0x8b, 0x08])))).rejects.toThrow(
    'begins with "\\u001f"',
  );
  await expect(imported(opened.memory, pieces(Buffer.from([0xff, 0xfe, 0x7b])))).rejects.toThrow(
    "line 1 does not begin with UTF-8 text",
  );
});

test("what is no export, or one of another time, is refused before anything of it is taken", async () => {
  await using opened = await openMemory();
  const code = async (text: string) =>
    imported(opened.memory, text).then(
      () => "taken",
      (error: unknown) => error,
    );
  expect(await code("name,type\nAda,person\n")).toMatchObject({ code: "MEMORY_IMPORT_INVALID", details: { line: 1 } });
  expect(await code('{"version":"2.0","entities":[{"name":"Ada"}]}')).toMatchObject({ code: "MEMORY_EXPORT_VERSION" });
  expect(await code('{"type":"caxton-memory","version":"2.0"}\n{"name":"Ada"}')).toMatchObject({
    code: "MEMORY_EXPORT_VERSION",
  });
  expect((await opened.memory.figures()).scopes).toEqual([]);
});

test("an interrupted export is reported, and its complete records are imported", async () => {
  await using one = await filled();
  const [json, jsonl] = [await exported(one.memory, { format: "json" }), await exported(one.memory)];
  await using other = await openMemory();
  await expect(imported(other.memory, json.slice(0, -4))).rejects.toMatchObject({ code: "MEMORY_IMPORT_INVALID" });
  const cut = await imported(other.memory, jsonl.slice(0, jsonl.lastIndexOf('{"type":"end"')));
  expect(cut).toMatchObject({ isWhole: false, problems: 0, entities: { unchanged: 3 } });
});

test("a dry run reports the outcome of each, and writes nothing", async () => {
  await using one = await filled();
  await using other = await openMemory();
  await remember(other.memory, [{ name: "Acme", type: "place" }]);
  const report = await imported(other.memory, await exported(one.memory), { isTrial: true });
  expect(report).toMatchObject({ entities: { created: 2 }, relations: { created: 1 }, problems: 1 });
  expect(await other.memory.figures()).toMatchObject({ scopes: [{ entities: 1, relations: 0 }] });
});

test("a trial counts more relations than an import would hold back", async () => {
  await using opened = await openMemory();
  const relation = '{"from":"Ada","to":"Bo","type":"knows"}\n';
  const report = await imported(opened.memory, `{"name":"Ada"}\n{"name":"Bo"}\n${relation.repeat(100_001)}`, {
    isTrial: true,
  });
  expect(report).toMatchObject({ relations: { created: 100_001 }, problems: 0 });
});

test("all goes into the scope that is given, as others than they were", async () => {
  await using one = await filled();
  const report = await imported(one.memory, await exported(one.memory, { scopes: [SCOPE] }), { scope: GLOBAL });
  expect(report).toMatchObject({ entities: { created: 1, changed: 0 }, relations: { created: 1 }, problems: 1 });
  expect(report.shown[0]?.message).toBe("Ada exists already, as a thing, not as a person");
});

test("a document is read whatever pieces it comes in", async () => {
  await using one = await filled();
  const text = await exported(one.memory, { format: "json" });
  await using other = await openMemory();
  for (const size of [1, 7]) {
    expect(await imported(other.memory, pieces(text, size))).toMatchObject({ problems: 0 });
  }
  expect(comparable(await exported(other.memory, { format: "json" })).length).toBe(comparable(text).length);
});
