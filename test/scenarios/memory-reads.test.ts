import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import * as contract from "../../src/api/contract/index.ts";
import { estimateTokens } from "../../src/kernel/tokens.ts";
import { startServer, type TestServer } from "../helpers/server.ts";

const { memory } = contract;
const Answer = z.object({
  structured: z.looseObject({
    entities: z.array(z.looseObject({ name: z.string() })).default([]),
    next: z.string().optional(),
  }),
});
let server: TestServer;
beforeAll(async () => {
  server = await startServer({});
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

const remember = async (scope: string, entities: readonly object[]) =>
  memory.Remembered.parse((await server.ask("POST", "/api/v1/memory/entities", { scope, entities })).body).items;
const get = async (path: string, query: object = {}) => {
  const asked = new URLSearchParams(Object.entries(query).map(([key, value]) => [key, String(value)]));
  return server.ask("GET", `/api/v1/memory/${path}?${asked.toString()}`);
};
const textsOf = (body: unknown) => memory.Entity.parse(body).observations.map(({ text }) => text);
/** All pages of something, each within the bounds. */
async function pagesOf<Page extends { readonly next: string | null }>(read: (cursor: object) => Promise<Page>) {
  const pages = [await read({})];
  for (let next = pages[0]?.next ?? null; next !== null; next = pages.at(-1)?.next ?? null)
    pages.push(await read({ cursor: next }));
  return pages;
}

test("searches and lists narrow by certainty and by when something was changed", async () => {
  const scope = "agent-only:judge";
  await remember(scope, [{ name: "A", observations: ["is a kind rumour"], confidence: 0.4 }]);
  const [b] = await remember(scope, [{ name: "B", observations: ["is a kind fact"], confidence: 0.8 }]);
  const at = b?.entity.updated_at ?? "";
  const before = new Date(Date.parse(at) - 3_600_000).toISOString();
  const after = new Date(Date.parse(at) + 3_600_000).toISOString();
  const listed = async (query: object) =>
    memory.EntityPage.parse((await get("entities", { scopes: scope, ...query })).body).items.map(({ name }) => name);
  const found = async (body: object) => {
    const asked = { query: "kind", mode: "keyword", scopes: [scope], ...body };
    const { items } = memory.SearchResult.parse((await server.ask("POST", "/api/v1/memory/search", asked)).body);
    return items.map(({ entity }) => entity.name).toSorted();
  };
  for (const read of [listed, found]) {
    expect(await read({ min_confidence: 0.4 })).toEqual(["A", "B"]);
    expect(await read({ min_confidence: 0.5 })).toEqual(["B"]);
    expect(await read({ updated_from: at })).toContain("B");
    expect(await read({ updated_from: before, updated_to: after })).toEqual(["A", "B"]);
    expect(await read({ updated_from: after })).toEqual([]);
    expect(await read({ updated_to: before })).toEqual([]);
  }
  const refusals = [
    { min_confidence: 2 },
    { min_confidence: "sure" },
    { updated_from: "yesterday" },
    { updated_to: "2026-11-30" },
    { max_tokens: 0 },
    { max_tokens: -5 },
  ];
  for (const wrong of refusals) {
    expect(await get("entities", wrong), JSON.stringify(wrong)).toMatchObject({
      status: 400,
      body: { code: "REQUEST_INVALID" },
    });
    expect((await server.ask("POST", "/api/v1/memory/search", { query: "kind", ...wrong })).status).toBe(400);
  }
  expect(await get("entities", { updated_from: after, updated_to: before })).toMatchObject({
    status: 400,
    body: { code: "MEMORY_VALUE_INVALID", details: { field: "updated_to" } },
  });
});

test("one entity is read within so many tokens, with its newest observations, and says that it was cut", async () => {
  const observations = Array.from({ length: 20 }, (_none, at) => `learned lesson number ${at} of twenty`);
  const [one] = await remember("workspace", [{ name: "Uri", observations }]);
  for (const path of [`entities/${one?.entity.id}`, "entity"]) {
    const { body } = await get(path, { ...(path === "entity" && { name: "Uri" }), max_tokens: 40 });
    expect(body).toMatchObject({ name: "Uri", version: 1, truncated: true });
    const kept = textsOf(body);
    expect([kept.length > 1, kept]).toEqual([true, observations.slice(-kept.length)]);
  }
  const whole = await get(`entities/${one?.entity.id}`, { max_tokens: 10_000 });
  expect([whole.body, textsOf(whole.body).length]).toEqual([one?.entity, 20]);
  expect(whole.body).toMatchObject({ truncated: false });
});

test("a history is read page by page within so many tokens, which what the entity is now does not exceed", async () => {
  const [one] = await remember("workspace", [{ name: "Zita", observations: ["was first here"] }]);
  const path = `entities/${one?.entity.id}`;
  const more = Array.from({ length: 30 }, (_none, at) => `noticed bird number ${at}`);
  await remember("workspace", [{ name: "Zita", observations: more }]);
  await remember("workspace", [{ name: "Zita", observations: ["came last"] }]);
  const history = async (query: object) => memory.History.parse((await get(`${path}/history`, query)).body);
  const pages = await pagesOf((cursor) => history({ max_tokens: 60, ...cursor }));
  expect(pages.flatMap(({ changes }) => changes.map(({ version }) => version))).toEqual([3, 2, 1]);
  expect(pages.map(({ changes }) => changes.map(({ truncated }) => truncated))).toEqual([[false], [true], [false]]);
  const brought = pages.map(({ observations }) => observations.map(({ text }) => text));
  expect(brought).toEqual([["came last"], more.slice(-(brought[1]?.length ?? 0)), ["was first here"]]);
  expect(brought[1]?.length).toBeGreaterThan(1);
  for (const { entity } of pages) expect([entity.truncated, entity.observations.length < 30]).toEqual([true, true]);
  const whole = await history({ max_tokens: 10_000 });
  expect(whole).toEqual(await history({}));
  expect([whole.changes.length, whole.observations.length, whole.entity.truncated]).toEqual([3, 32, false]);
});

test("a comparison of two versions returns the newest differences within a token limit", async () => {
  const [one] = await remember("workspace", [{ name: "Otto", observations: ["sails"] }]);
  const more = Array.from({ length: 20 }, (_none, at) => `visited harbour number ${at}`);
  await remember("workspace", [{ name: "Otto", observations: more, strength: 0.9 }]);
  const diff = async (query: object) =>
    memory.Diff.parse((await get(`entities/${one?.entity.id}/diff`, { from: 1, to: 2, ...query })).body);
  const few = await diff({ max_tokens: 60 });
  expect(few).toMatchObject({ from: 1, to: 2, truncated: true, withdrawn: [], fields: { strength: { after: 0.9 } } });
  expect(few.added.map(({ text }) => text)).toEqual(more.slice(-few.added.length));
  expect(few.added.length).toBeGreaterThan(1);
  expect(await diff({ max_tokens: 1 })).toMatchObject({ added: [], fields: {}, truncated: true });
  expect(await diff({})).toMatchObject({ truncated: false, added: more.map((text) => ({ text })) });
});

test("the log is read page by page within so many tokens", async () => {
  const scope = "conversation:logged";
  const names = ["Ada", "Bo", "Cy"];
  const items = await remember(
    scope,
    names.map((name) => ({ name })),
  );
  for (const { entity } of items)
    await server.ask("PATCH", `/api/v1/memory/entities/${entity.id}`, { metadata: { note: "long words ".repeat(30) } });
  const log = async (query: object) => memory.ChangePage.parse((await get("log", { scopes: scope, ...query })).body);
  const whole = await log({});
  const pages = await pagesOf((cursor) => log({ max_tokens: 100, ...cursor }));
  expect(pages.flatMap(({ items: changes }) => changes)).toEqual(whole.items);
  expect(pages.length).toBeGreaterThan(1);
  const relations = [{ from: "Ada", to: "Bo", type: "knows" }];
  await server.ask("POST", "/api/v1/memory/relations", { scope, relations });
  const related = { action: "relate", details: { type: "knows", to: items[1]?.entity.id }, truncated: false };
  expect((await log({ max_tokens: 10 })).items, "ids cost nothing").toMatchObject([related]);
  const { next } = await log({ max_tokens: 10 });
  expect((await log({ max_tokens: 10, cursor: next })).items).toMatchObject([
    { action: "revise", details: {}, truncated: true },
  ]);
});

test("who calls writes and relates in each scope that is named", async () => {
  for (const scope of ["workspace", "global", "agent-only:Writer", "conversation:c-7"]) {
    const kept = scope.toLowerCase();
    const [one] = await remember(scope, [{ name: "Scoped" }, { name: "Other" }]);
    expect(one).toMatchObject({ outcome: "created", entity: { scope: kept } });
    const relations = [{ from: "Scoped", to: "Other", type: "knows" }];
    const related = await server.ask("POST", "/api/v1/memory/relations", { scope, relations });
    expect(related.body).toMatchObject({ items: [{ scope: kept }] });
    expect((await get("entity", { scope, name: "Scoped" })).body).toEqual(one?.entity);
  }
});

test("the reading tools answer within a token limit, and continue where they ended", async () => {
  const call = async (tool: string, args: object) => {
    const { body } = await server.ask("POST", `/api/v1/tools/memory/${tool}/call`, { arguments: args });
    return Answer.parse(body).structured;
  };
  const names = Array.from({ length: 12 }, (_none, at) => `star ${String(at).padStart(2, "0")}`);
  const observations = ["shines over the quiet harbour", "was seen by many sailors"];
  const scope = "global";
  await call("create_entities", { scope, entities: names.map((name) => ({ name, entityType: "star", observations })) });
  const relations = names.slice(1).map((to) => ({ from: names[0], to, relationType: "near" }));
  await call("create_relations", { scope, relations });
  const bounds = { maxTokens: 200 };
  const readers: Record<string, object> = {
    read_graph: { scope, ...bounds },
    search_nodes: { query: "star harbour sailors", limit: 100, ...bounds },
    open_nodes: { scope, names: [...names, "nonexistent"], ...bounds },
  };
  for (const [tool, args] of Object.entries(readers)) {
    const first = await call(tool, args);
    expect(estimateTokens(JSON.stringify(first, undefined, 2)), tool).toBeLessThan(250);
    const pages = await pagesOf(async (cursor) => {
      const { entities, next = null } = await call(tool, { ...args, ...cursor });
      return { entities, next };
    });
    const listed = pages.flatMap(({ entities }) => entities.map(({ name }) => name));
    expect(listed.filter((name) => name.startsWith("star")).toSorted(), tool).toEqual(names);
    expect(pages.length, tool).toBeGreaterThan(2);
  }
  expect(await call("open_nodes", { scope, names, ...bounds })).toMatchObject({ relationsCut: true });
  const brief = await call("read_graph", { scope, includeObservations: false, ...bounds });
  const full = await call("read_graph", { scope, ...bounds });
  expect(brief.entities.length).toBeGreaterThan(full.entities.length);
  const many = Array.from({ length: 60 }, (_none, at) => `note ${at} about the same long evening at sea`);
  await call("remember", { scope, about: "Long Story", facts: many });
  const opened = await call("open_nodes", { scope, names: ["Long Story"], ...bounds });
  expect(opened).toMatchObject({ entities: [{ name: "Long Story", truncated: true }] });
  expect(estimateTokens(JSON.stringify(opened, undefined, 2))).toBeLessThan(250);
  const { body } = await server.ask("POST", "/api/v1/tools/memory/recall/call", {
    arguments: { query: "long story evening", limit: 1, max_tokens: 100 },
  });
  expect(JSON.stringify(body)).toContain("other facts are left out");
});
