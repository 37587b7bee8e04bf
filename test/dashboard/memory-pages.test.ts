import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { memory, type MemoryGraph, runs } from "../../src/api/contract/index.ts";
import { linesOf } from "../../dashboard/src/api/lines-of.ts";
import { fullTime } from "../../dashboard/src/parts/format/format.ts";
import { layAround, NAMED } from "../../dashboard/src/pages/memory/relations/around.ts";
import {
  changedClaim,
  draftOf,
  instantOf,
  readMetadata,
  shareError,
  spanError,
} from "../../dashboard/src/pages/memory/forms/claim.ts";
import { frameOf, namedAt } from "../../dashboard/src/pages/memory/relations/naming.ts";
import { changedFields } from "../../dashboard/src/pages/memory/entity/changed-fields.ts";
import { readPairs } from "../../dashboard/src/pages/memory/search/pairs.ts";
import { lostSince } from "../../dashboard/src/pages/memory/store/lost-since.ts";
import { scopesToLookInto } from "../../dashboard/src/pages/memory/scopes.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { violations, violationsInBothThemes } from "./accessible.ts";
import { leaveBrowser, openBrowser, PHONE, toDesktop, visit } from "./browser.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("dashboard.pages");

const ARCHIVIST = `name = "archivist"
version = "1.0.0"
description = "Keeps in mind"
capabilities = ["remembering"]
tools = ["memory"]
system_prompt = "Remember."
[llm]
model = "scripted/keep.json"
`;
const KEEP = JSON.stringify([
  {
    toolCalls: [
      {
        name: "memory__create_entities",
        arguments: {
          entities: [{ name: "Ada", entityType: "person", observations: ["Ada drinks green tea in the morning"] }],
        },
      },
    ],
  },
  { text: "It is kept." },
]);

let browser: Browser;
let server: TestServer;
let run: string;
beforeAll(async () => {
  browser = await openBrowser();
  server = await startServer({
    files: { "examples/agents/archivist.toml": ARCHIVIST, "scripts/keep.json": KEEP },
    settings: { "models.scripted_directory": "scripts" },
  });
});
afterAll(async () => {
  await leaveBrowser(browser);
  await server?.[Symbol.asyncDispose]();
});

const REFUSED = {
  status: 400,
  contentType: "application/problem+json",
  body: JSON.stringify({ code: "NO", title: "No", detail: "Not this page.", hint: "Another one." }),
};
const main = (page: Page) => page.getByRole("main");
const heading = (page: Page, name: string) => page.getByRole("heading", { level: 1, name, exact: true }).waitFor();

async function fill(): Promise<void> {
  const asked = await server.ask("POST", "/api/v1/runs", { agent: "archivist", input: "Keep Ada in mind", wait: true });
  run = runs.RunDetail.parse(asked.body).id;
  const names = Array.from({ length: 55 }, (_, at) => `Place ${String(at).padStart(2, "0")}`);
  const { body: figures } = await server.ask("GET", "/api/v1/memory/stats");
  const scope = memory.Figures.parse(figures).scopes[0]?.scope ?? "workspace";
  const bert = { name: "Bert", type: "person", observations: ["Bert prefers coffee", "Bert has no tea at home"] };
  const places = names.map((name) => ({ name, type: "place", observations: [`${name} is quiet`] }));
  await server.ask("POST", "/api/v1/memory/entities", { scope, entities: [bert, ...places] });
  await server.ask("POST", "/api/v1/memory/relations", {
    scope,
    relations: [
      { from: "Ada", to: "Bert", type: "works with", bidirectional: true },
      { from: "Ada", to: "Place 07", type: "lives in", strength: 0.5 },
    ],
  });
}

test("memory is listed, searched with reasons, read, changed, withdrawn and forgotten, and accessible", async () => {
  await using person = await visit(browser, server.url, { still: true });
  const { page } = person;
  const isAccessible = async () => {
    expect(await violationsInBothThemes(page)).toEqual([]);
    await page.setViewportSize(PHONE);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(PHONE.width);
    expect(await violations(page)).toEqual([]);
    await toDesktop(page);
  };

  await page.goto("/ui/memory");
  await main(page).getByText("Memory is empty").waitFor();
  await main(page).getByLabel("Statistics").getByText("static-minilm").waitFor();
  await page.getByRole("button", { name: "Remember something" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("Cleo");
  await dialog.getByLabel("Observation").fill("Cleo waits in the garden");
  await dialog.getByRole("button", { name: "Remember" }).click();
  await page.getByRole("row", { name: /^Cleo/ }).waitFor();

  await fill();
  await page.goto("/ui/");
  await heading(page, "Home");
  for (const key of "ge") await page.keyboard.press(key);
  await heading(page, "Memory");
  await page.getByText("50 entities shown").waitFor();
  await page.route("**/api/v1/memory/entities?*cursor=*", (route) => route.fulfill(REFUSED));
  await page.getByRole("button", { name: "More", exact: true }).click();
  await page.getByRole("alert").getByText("Not this page.").waitFor();
  await page.getByText("50 entities shown").waitFor();
  await page.unroute("**/api/v1/memory/entities?*cursor=*");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByText("58 entities").waitFor();
  await page.getByLabel("Type").fill("person");
  await page.keyboard.press("Enter");
  await page.getByText("2 entities", { exact: true }).waitFor();
  expect(new URL(page.url()).searchParams.get("type")).toBe("person");
  await isAccessible();

  await page.keyboard.press("Escape");
  await page.getByRole("heading", { level: 1 }).click();
  await page.keyboard.press("/");
  await page.keyboard.type("green tea");
  await page.keyboard.press("Enter");
  const hits = page.getByRole("region", { name: "Hits" });
  await page.getByLabel("Why Ada was found").getByText("Meaning", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Words", exact: true }).click();
  expect(await hits.locator("li mark").allTextContents()).toEqual(expect.arrayContaining(["green", "tea"]));
  await page.getByLabel("Why Ada was found").getByText("not compared").waitFor();
  await page.route("**/api/v1/memory/search", async (route) => {
    const response = await route.fetch();
    const found = memory.SearchResult.parse(await response.json());
    await route.fulfill({ response, json: { ...found, notices: ["embedder-failed", "indexing"] } });
  });
  await page.getByRole("button", { name: "Meaning", exact: true }).click();
  await hits.getByText("The embedding model failed").waitFor();
  await hits.getByText("Not everything is indexed yet").waitFor();
  await page.unroute("**/api/v1/memory/search");
  await page.getByRole("button", { name: "Words", exact: true }).click();
  await expect.poll(() => hits.getByRole("link", { name: "Place 07" }).count()).toBe(0);
  await page.getByLabel("Type").fill("");
  await page.keyboard.press("Enter");
  await page.getByLabel("Include related entities").check();
  await hits.getByRole("link", { name: "Place 07" }).waitFor();
  await isAccessible();
  await page.getByRole("heading", { level: 1 }).click();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");

  await heading(page, "Ada");
  const said = page.getByRole("list", { name: "Observations" });
  await said.getByText("archivist, in a run").waitFor();
  expect(await said.getByRole("link", { name: "the run" }).getAttribute("href")).toBe(`/ui/runs/${run}`);
  const around = page.getByRole("region", { name: "Neighbourhood" });
  await around.getByRole("table").getByText("works with (both ways)").waitFor();
  await around
    .getByRole("list")
    .getByRole("link", { name: /^Place 07/ })
    .waitFor();
  await isAccessible();

  await page.getByLabel("Add an observation").fill("Ada plays chess");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await said.getByText("Ada plays chess").waitFor();
  await page.getByRole("button", { name: "Change", exact: true }).click();
  await dialog.getByLabel("Type").fill("human");
  await dialog.getByLabel("Strength").fill("0.5");
  await dialog.getByRole("button", { name: "Save" }).click();
  const history = page.getByRole("list", { name: "History" });
  await history.getByText("type: person → human").waitFor();
  await page.getByRole("button", { name: "Change: Ada plays chess" }).click();
  await dialog.getByLabel("Confidence").fill("2");
  await dialog.getByText("Expected a number from 0 to 1.").waitFor();
  expect(await dialog.getByRole("button", { name: "Save" }).isDisabled()).toBe(true);
  expect(await violations(page)).toEqual([]);
  await dialog.getByLabel("Confidence").fill("0.6");
  await page.keyboard.press("Enter");
  await history.getByText("Ada plays chess (100 % sure, always → 60 % sure, always)").waitFor();
  await said.getByText("60 % sure").waitFor();
  await relateAda(page);
  await page.getByRole("button", { name: "Retract: Ada plays chess" }).click();
  await history.locator("del", { hasText: "Ada plays chess" }).waitFor();
  await said.getByText("Ada plays chess").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Revert to version 2" }).click();
  await said.getByText("Ada plays chess").waitFor();
  await page.getByRole("button", { name: "Forget: Ada plays chess" }).click();
  await dialog.getByRole("button", { name: "Forget" }).click();
  await page.getByText("Ada plays chess").first().waitFor({ state: "detached" });

  await page.getByRole("button", { name: "Forget", exact: true }).click();
  await dialog.getByText("1 observation", { exact: true }).waitFor();
  await dialog.getByText("2 relations to or from Bert, Place 07").waitFor();
  expect(await violations(page)).toEqual([]);
  await dialog.getByLabel("Type Ada to confirm").fill("Ada");
  await dialog.getByRole("button", { name: "Forget" }).click();
  await heading(page, "Memory");
  await page.getByRole("row", { name: /^Bert/ }).waitFor();
  await expect.poll(() => page.getByRole("row", { name: /^Ada/ }).count()).toBe(0);
  await keepTheStore(page, isAccessible);
  expect(person.complaints).toEqual([]);
  expect(person.foreign).toEqual([]);
});

/** Another entity is related to Ada, at first by an unknown name; then more strongly; then no more. */
async function relateAda(page: Page): Promise<void> {
  const dialog = page.getByRole("dialog");
  const around = page.getByRole("region", { name: "Neighbourhood" });
  await around.getByRole("button", { name: "Add a relation" }).click();
  await dialog.getByLabel("Relation").fill("admires");
  await dialog.getByLabel("Target entity").fill("Nonexistent");
  await page.keyboard.press("Enter");
  await dialog.getByText('memory knows no "Nonexistent" in workspace').waitFor();
  expect(await dialog.getByLabel("Target entity").getAttribute("aria-invalid")).toBe("true");
  await dialog.getByLabel("Target entity").fill("Cleo");
  await page.keyboard.press("Enter");
  await around.getByRole("button", { name: "Change: Ada admires Cleo" }).click();
  await dialog.getByLabel("Strength").fill("0.9");
  await page.keyboard.press("Enter");
  const row = around.getByRole("row", { name: /admires Cleo 90 %/ });
  await row.waitFor();
  const graph = around.getByRole("group", { name: "Graph of related entities" });
  const box = async (name: RegExp) => graph.getByRole("link", { name }).boundingBox();
  const apart = async () => Math.abs(((await box(/^Cleo/))?.x ?? 0) - ((await box(/^Ada/))?.x ?? 0));
  const before = { apart: await apart(), width: (await box(/^Cleo/))?.width };
  await graph.focus();
  await page.keyboard.press("+");
  await expect.poll(apart).toBeGreaterThan(before.apart);
  expect((await box(/^Cleo/))?.width, "names stay as large").toBe(before.width);
  await around.getByRole("button", { name: "Delete: Ada admires Cleo" }).click();
  await dialog.getByRole("button", { name: "Delete", exact: true }).click();
  await row.waitFor({ state: "detached" });
}

const MIGRATION = {
  from: "embedded",
  to: "postgresql",
  progress: { phase: "entities", entities: 40, relations: 0, followed: 0, all: 100 },
};

/** A snapshot is made and restored: later changes are listed before, and gone afterwards, also from the page. */
async function keepTheStore(page: Page, isAccessible: () => Promise<void>): Promise<void> {
  const dialog = page.getByRole("dialog");
  await page.route("**/api/v1/memory/migrations", (route) =>
    route.fulfill({
      json: { backend: "embedded", configured: "embedded", previous_backend: null, migration: MIGRATION },
    }),
  );
  await page.getByRole("tab", { name: "Store" }).click();
  await page.getByText("40 of 100 copied").waitFor();
  await page.unroute("**/api/v1/memory/migrations");
  await page.getByText("stopped with 40 of 100 copied; memory is still in embedded").waitFor();
  await page.getByRole("meter").waitFor();
  await page.getByRole("button", { name: "Create a snapshot" }).click();
  const copies = page.getByRole("list", { name: "Snapshots" });
  await copies.getByText("manual", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Check consistency" }).click();
  await page.getByText("Memory is consistent.").waitFor();
  await page.getByRole("button", { name: "Preview" }).click();
  await page.getByText("No retention policy.").waitFor();
  await isAccessible();
  await server.ask("POST", "/api/v1/memory/entities", { entities: [{ name: "Aaron", type: "person" }] });
  await page.getByRole("tab", { name: "Entities" }).click();
  await page.getByRole("row", { name: /^Aaron/ }).waitFor();
  await page.getByRole("tab", { name: "Store" }).click();
  await copies.getByRole("button", { name: /^Restore / }).click();
  await dialog.getByText("1 entity created").waitFor();
  await dialog.getByRole("button", { name: "Restore" }).click();
  await copies.getByText("replaced by a restore").waitFor();
  await page.getByRole("tab", { name: "Entities" }).click();
  await page.getByRole("row", { name: /^Bert/ }).waitFor();
  await expect.poll(() => page.getByRole("row", { name: /^Aaron/ }).count()).toBe(0);
  await page.getByRole("button", { name: "Import" }).click();
  await page.getByLabel("Choose a file").setInputFiles({
    name: "more.jsonl",
    mimeType: "application/x-ndjson",
    buffer: Buffer.from(
      '{"type":"entity","name":"Abel","entityType":"person","observations":["sings"]}\n{"type":"entity"}\n',
    ),
  });
  await dialog.getByRole("button", { name: "Import" }).click();
  await dialog.getByText("One record was left out").waitFor();
  await dialog.getByRole("button", { name: "Close" }).last().click();
  await page.getByRole("row", { name: /^Abel/ }).waitFor();
}

test("a change lists only what differs", () => {
  const until = "2026-01-01T00:00:00Z";
  const details = { valid_to: { before: null, after: until }, relation: "r", strength: { before: 1, after: 0.5 } };
  expect(changedFields(details)).toEqual([
    { field: "valid to", before: "–", after: fullTime(until) },
    { field: "strength", before: "1", after: "0.5" },
  ]);
});

test("of more scopes than one request may name the fullest are looked into, and the others counted", () => {
  const scopes = Array.from({ length: 30 }, (_, at) => ({
    scope: `conversation:${at}`,
    entities: at,
    observations: 0,
    relations: 0,
  }));
  const { scopes: looked, leftOut } = scopesToLookInto({ scopes });
  expect(looked.slice(0, 3)).toEqual(["workspace", "global", "conversation:29"]);
  expect([looked.length, leftOut]).toEqual([20, 12]);
});

test("times of a form are local times, and only changed fields are sent", () => {
  const before = { confidence: 1, valid_from: "2026-05-01T10:00:30.000Z", valid_to: null };
  const draft = draftOf(before);
  expect(instantOf(draft.from)).toBe(before.valid_from);
  expect(changedClaim(before, draft)).toEqual({});
  expect(changedClaim(before, { confidence: "0.5", from: "", to: draft.from })).toEqual({
    confidence: 0.5,
    valid_from: null,
    valid_to: before.valid_from,
  });
  expect([shareError("0"), spanError(draft)]).toEqual([undefined, undefined]);
  expect([shareError(""), shareError("1.1"), spanError({ from: draft.from, to: draft.from })]).not.toContain(undefined);
  expect([readMetadata(""), readMetadata('{"a":1}')]).toEqual([{ value: {} }, { value: { a: 1 } }]);
  expect([readMetadata("[1]"), readMetadata("{")]).toEqual([
    { error: expect.any(String) },
    { error: expect.any(String) },
  ]);
});

test("metadata to look for is written as pairs", () => {
  expect(readPairs('team = billing, floor=3,open=true, code="7", url=a=b')).toEqual({
    value: { team: "billing", floor: 3, open: true, code: "7", url: "a=b" },
  });
  expect(readPairs("")).toEqual({ value: {} });
  expect([readPairs("team"), readPairs("=1")]).toEqual([{ error: expect.any(String) }, { error: expect.any(String) }]);
});

test("around an entity a few are all named; of many the nearest and the most related, and others as there is room", () => {
  for (const depths of [[1], [5], [NAMED.all], [4, 18], [12, 10], [3, 9, 10]]) {
    const graph = neighbours(depths);
    expect(namedOf(graph, 1).size).toBe(graph.entities.length);
  }
  for (const depths of [[100], [600], [20, 130], [12, 200, 388]]) {
    const graph = neighbours(depths);
    const { nodes, isCrowded } = layAround(graph, "e0");
    expect([nodes.length, isCrowded]).toEqual([graph.entities.length, true]);
    const [whole, near, nearest] = [namedOf(graph, 1), namedOf(graph, 3), namedOf(graph, 12)];
    expect(whole.size).toBeGreaterThan(NAMED.crowded);
    expect(near.size).toBeGreaterThan(whole.size);
    expect(nearest.size).toBe(graph.entities.length);
    // The last of all has the most relations.
    expect(whole).toContain(graph.entities.at(-1)?.entity.id);
    const touching = nodes.flatMap((one, at) =>
      nodes.slice(at + 1).filter((other) => Math.hypot(one.x - other.x, one.y - other.y) < 9),
    );
    expect(touching).toEqual([]);
  }
});

/** The names in the graph around e0, at a zoom. */
function namedOf(graph: Pick<MemoryGraph, "entities" | "relations">, zoom: number): ReadonlySet<string> {
  const around = layAround(graph, "e0");
  const frames = new Map(graph.entities.map(({ entity }) => [entity.id, frameOf(entity, !around.isCrowded)]));
  return namedAt(around, zoom, frames);
}

test("what a restore undoes is counted from its moment on, and said to be more when not all was read", () => {
  const changes = [
    { action: "forget", at: "2026-01-03T00:00:00Z" },
    { action: "create", at: "2026-01-03T00:00:00Z" },
    { action: "create", at: "2026-01-02T00:00:00Z" },
    { action: "observe", at: "2026-01-01T00:00:00Z" },
  ] as const;
  const since = (at: string, hasMore: boolean) => lostSince(changes, { at, hasMore });
  expect(since("2026-01-01T00:00:00Z", true)).toEqual({ counts: [["create", 2]], isAll: true });
  expect(since("2025-01-01T00:00:00Z", true)).toEqual({
    counts: [
      ["create", 2],
      ["observe", 1],
    ],
    isAll: false,
  });
});

test("lines that arrive in pieces are joined", async () => {
  const bytes = new TextEncoder().encode('{"name":"Kraków"}\n\n{"a":1}\n{"b":2}');
  const pieces = (async function* () {
    for (const byte of bytes) yield new Uint8Array([byte]);
  })();
  expect(await Array.fromAsync(linesOf(pieces))).toEqual(['{"name":"Kraków"}', '{"a":1}', '{"b":2}']);
});

const provenance = { source: "user", source_id: null, agent: null } as const;
const always = { confidence: 1, valid_from: null, valid_to: null } as const;

/** One in the middle and so many at each distance, each related to one that is nearer; all of the last distance also to the last of it. */
function neighbours(counts: readonly number[]): Pick<MemoryGraph, "entities" | "relations"> {
  const at = "2026-01-01T00:00:00Z";
  const common = { scope: "workspace", metadata: {}, strength: 0.5, created_at: at, ...always };
  const entity = (id: string) => ({
    ...common,
    id,
    name: `person ${id}`,
    type: "person of the house",
    observations: [],
    version: 1,
    updated_at: at,
    truncated: false,
  });
  const rings = counts.map((count, depth) => Array.from({ length: count }, (_, index) => `e${depth + 1}-${index}`));
  const relation = { ...common, type: "knows", bidirectional: false, provenance };
  const inward = rings.flatMap((ids, depth) =>
    ids.map((to, index) => {
      const parents = rings[depth - 1] ?? ["e0"];
      return { ...relation, id: `r-${to}`, from: parents[index % parents.length] ?? "e0", to };
    }),
  );
  const last = rings.at(-1) ?? [];
  const hub = last.at(-1) ?? "e0";
  const toHub = last.slice(0, -1).map((from) => ({ ...relation, id: `h-${from}`, from, to: hub }));
  return {
    entities: [
      { entity: entity("e0"), depth: 0, via: null },
      ...rings.flatMap((ids, depth) => ids.map((id) => ({ entity: entity(id), depth: depth + 1, via: `r-${id}` }))),
    ],
    relations: [...inward, ...toHub],
  };
}
