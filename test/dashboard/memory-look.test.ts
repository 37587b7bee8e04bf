import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { memory, runs } from "../../src/api/contract/index.ts";
import { beginning, SHOWN_CHARS } from "../../dashboard/src/pages/memory/beginning.ts";
import { tintOf, tintsOf } from "../../dashboard/src/pages/memory/relations/tints.ts";
import { partsOf, reasonOf } from "../../dashboard/src/pages/memory/search/score-parts.ts";
import { scopeGroups, scopeName } from "../../dashboard/src/pages/memory/scopes.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { violationsInBothThemes } from "./accessible.ts";
import { leaveBrowser, openBrowser, visit } from "./browser.ts";

const CONCIERGE = `name = "concierge"
version = "1.0.0"
description = "Knows the guests"
capabilities = ["front-desk"]
tools = []
system_prompt = "Answer."
[llm]
model = "scripted/answer.json"
[memory]
enabled = true
auto_store = true
`;

let browser: Browser;
let server: TestServer;
beforeAll(async () => {
  browser = await openBrowser();
  server = await startServer({
    files: {
      "examples/agents/concierge.toml": CONCIERGE,
      "scripts/answer.json": JSON.stringify([{ text: "Green tea." }]),
    },
    settings: { "models.scripted_directory": "scripts" },
  });
});
afterAll(async () => {
  await leaveBrowser(browser);
  await server?.[Symbol.asyncDispose]();
});

async function know(name: string, observations: readonly string[]): Promise<string> {
  const entities = [{ name, type: "person", observations }];
  const { body } = await server.ask("POST", "/api/v1/memory/entities", { entities });
  return memory.Remembered.parse(body).items[0]?.entity.id ?? "";
}

test("a change by another user while a form is open is reported, and stays when the form is saved", async () => {
  const id = await know("Dora", ["plays chess"]);
  await using person = await visit(browser, server.url, { still: true });
  const { page } = person;
  await page.goto(`/ui/memory/${id}`);
  await page.getByRole("button", { name: "Change", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Strength").fill("0.4");
  await server.ask("PATCH", `/api/v1/memory/entities/${id}`, { type: "master" });
  await dialog.getByText("type: master.").waitFor();
  await dialog.getByRole("button", { name: "Save" }).click();
  await dialog.waitFor({ state: "detached" });
  const { body } = await server.ask("GET", `/api/v1/memory/entities/${id}`);
  expect(memory.Entity.parse(body)).toMatchObject({ type: "master", strength: 0.4 });
});

test("a text of a million characters is shown as it begins, and words of every script run their own way", async () => {
  const id = await know("مكتب", ["يفتح المكتب في الثامنة.", "long ".repeat(100_000).trimEnd()]);
  await using person = await visit(browser, server.url, { still: true });
  const { page } = person;
  await page.goto(`/ui/memory/${id}`);
  const said = page.getByRole("list", { name: "Observations" });
  await said.getByText("يفتح المكتب في الثامنة.").waitFor();
  const direction =
    "getComputedStyle([...document.querySelectorAll('li p')].find((p) => p.textContent.endsWith('الثامنة.'))).direction";
  expect(await page.evaluate(direction)).toBe("rtl");
  const all = said.getByRole("button", { name: "Show all 499,999 characters" });
  const [before] = [await said.boundingBox()];
  await all.click();
  await all.waitFor({ state: "detached" });
  expect((await said.boundingBox())?.height).toBeGreaterThan(10 * (before?.height ?? 0));
});

test("a run's page shows what it recalled, an agent's what it keeps, and Home how much there is", async () => {
  await know("Ada", ["drinks green tea in the morning"]);
  const asked = await server.ask("POST", "/api/v1/runs", {
    agent: "concierge",
    input: "What does Ada drink?",
    wait: true,
  });
  const run = runs.RunDetail.parse(asked.body);
  expect(run.recalled).toMatch(/Ada \(person\): \[user, .*\] drinks green tea in the morning/);
  await using person = await visit(browser, server.url, { still: true });
  const { page } = person;
  await page.goto(`/ui/runs/${run.id}`);
  await page.getByRole("list", { name: "Recalled from memory" }).getByText("drinks green tea").waitFor();
  expect(await violationsInBothThemes(page)).toEqual([]);
  await page.getByRole("link", { name: "Search memory with the request" }).click();
  await page.getByLabel("Why Ada was found").getByText("Found by its meaning").waitFor();
  await page.goBack();
  await page.getByRole("list", { name: "Recalled from memory" }).waitFor();
  await expect
    .poll(async () => runs.RunDetail.parse((await server.ask("GET", `/api/v1/runs/${run.id}`)).body).remembered?.state)
    .toBe("stored");
  await page.goto("/ui/agents/concierge?tab=memory");
  await page.getByRole("row", { name: /^Asked: What does Ada drink/ }).waitFor();
  expect(await violationsInBothThemes(page)).toEqual([]);
  await page.goto("/ui/agents/greeter?tab=memory");
  await page.getByText("greeter has no private memory").waitFor();
  await page.goto("/ui/");
  await page
    .getByRole("main")
    .getByRole("link", { name: /^\d+ ?entities$/ })
    .click();
  await page.getByRole("heading", { level: 1, name: "Memory" }).waitFor();
});

test("the back button leads from one query to the previous one, and a tab keeps the query", async () => {
  await know("Ada", ["drinks green tea in the morning"]);
  await using person = await visit(browser, server.url, { still: true });
  const { page } = person;
  await page.goto("/ui/memory?q=tea");
  const question = page.getByLabel("Search memory");
  await question.fill("coffee");
  await page.keyboard.press("Enter");
  await page.waitForURL(/q=coffee/u);
  expect(await question.evaluate("document.activeElement.type"), "the user can continue typing").toBe("search");
  await page.getByRole("tab", { name: "Store" }).click();
  await page.getByRole("tab", { name: "Entities" }).click();
  expect(new URL(page.url()).searchParams.get("q")).toBe("coffee");
  for (let back = 0; back < 3; back += 1) await page.goBack();
  await page.waitForURL(/q=tea/u);
  expect(await question.inputValue()).toBe("tea");
});

test("filters that are changed at once both hold, and hits stay when the next ones cannot be had", async () => {
  const names = Array.from({ length: 6 }, (_, at) => `Lamp ${at}`);
  for (const name of names) await know(name, [`${name} is a lamp`]);
  await using person = await visit(browser, server.url, { still: true });
  const { page } = person;
  await page.goto("/ui/memory?q=lamp&limit=5");
  const hits = page.getByRole("region", { name: "Hits" });
  await hits.getByText("5 hits").waitFor();
  await page.evaluate(
    `[...document.querySelectorAll("search button")].find((button) => button.textContent === "Words").click();
    document.querySelector("search input[type=checkbox]").click();`,
  );
  await page.waitForURL(/mode=keyword.*related=true|related=true.*mode=keyword/u);
  await hits.getByText("5 hits").waitFor();
  await page.route("**/api/v1/memory/search", (route) => route.fulfill({ status: 400, body: "no" }));
  await hits.getByRole("button", { name: "More" }).click();
  await hits.getByRole("alert").getByText("HTTP_400").waitFor();
  expect(
    await hits
      .getByRole("listitem")
      .filter({ has: page.getByText("a lamp") })
      .count(),
  ).toBeGreaterThanOrEqual(5);
  await page.unroute("**/api/v1/memory/search");
  await page.keyboard.press("Enter");
  await hits.getByText("6 hits").waitFor();
});

test("with a damaged memory the page leads to its snapshots, and the latest is restored there", async () => {
  using directory = tempDirectory();
  {
    await using before = await startServer({ directory: directory.path });
    await before.ask("POST", "/api/v1/memory/entities", { entities: [{ name: "Ada" }] });
    await before.ask("POST", "/api/v1/memory/snapshots", {});
  }
  const file = join(directory.path, ".caxton/memory.db");
  writeFileSync(file, readFileSync(file).fill(0xa5, 100, 16_384));
  await using damaged = await startServer({ directory: directory.path });
  await using person = await visit(browser, damaged.url, { still: true });
  const { page } = person;
  await page.goto("/ui/memory");
  await page.getByRole("link", { name: "To the snapshots" }).press("Enter");
  const restore = page.getByRole("button", { name: "Restore the latest snapshot" });
  await restore.waitFor();
  expect(await violationsInBothThemes(page)).toEqual([]);
  await restore.press("Enter");
  await page.getByRole("dialog").getByText("They cannot be listed").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Restore" }).press("Enter");
  await page.getByText("damaged, left by a restore").waitFor();
  await page.getByRole("tab", { name: "Entities" }).click();
  await page.getByRole("row", { name: /^Ada/ }).waitFor();
});

test("dragging moves the graph and opens nothing, and its steps are in the address", async () => {
  const id = await know("Hub", ["knows many"]);
  const names = Array.from({ length: 30 }, (_, at) => `Spoke ${at}`);
  await server.ask("POST", "/api/v1/memory/entities", { entities: names.map((name) => ({ name, type: "place" })) });
  const relations = names.map((to) => ({ from: "Hub", to, type: "visits" }));
  await server.ask("POST", "/api/v1/memory/relations", { relations });
  await using person = await visit(browser, server.url, { still: true });
  const { page } = person;
  await page.goto(`/ui/memory/${id}`);
  const graph = page.getByRole("group", { name: "Graph of related entities" });
  await graph.focus();
  for (let near = 0; near < 3; near += 1) await page.keyboard.press("+");
  const hub = graph.getByRole("link", { name: /^Hub/ });
  const from = await hub.boundingBox();
  if (from === null) throw new Error("the hub is not in the graph");
  await page.mouse.move(from.x + from.width / 2, from.y + from.height / 2);
  await page.mouse.down();
  await page.mouse.move(from.x - 40, from.y + from.height / 2, { steps: 4 });
  await page.mouse.up();
  expect((await hub.boundingBox())?.x).toBeLessThan(from.x);
  expect(new URL(page.url()).pathname).toBe(`/ui/memory/${id}`);
  await page.getByRole("button", { name: "2 steps" }).click();
  await page.waitForURL(/depth=2/u);
  expect(await violationsInBothThemes(page)).toEqual([]);
});

test("a score is explained as text, and its parts sum up to it", () => {
  const score = { total: 0.6, similarity: 0.3, keyword: 0.1, graph: 0.1, recency: 1.2, matched: ["tea", "green"] };
  expect(reasonOf(score)).toBe("Found by its meaning and the words tea, green and its relations");
  const parts = partsOf(score);
  expect(parts.similarity + parts.keyword + parts.graph + parts.recency).toBeCloseTo(score.total);
  expect(reasonOf({ ...score, similarity: null, graph: 0, matched: ["tea"] })).toBe("Found by the word tea");
});

test("a text is cut between characters, never within one", () => {
  expect(beginning("abc", 3)).toBe("abc");
  expect(beginning("ab🦊d", 3)).toBe("ab…");
  expect(beginning("x".repeat(SHOWN_CHARS + 1))).toHaveLength(SHOWN_CHARS + 1);
});

test("scopes are read by who has them, and stand in that order", () => {
  const id = "01a201a2-6c3f-7f02-85c9-bc782b110e61";
  expect(scopeName(`conversation:${id}`)).toBe("conversation …bc782b110e61");
  expect(scopeName("agent-only:greeter")).toBe("greeter alone");
  expect(scopeName("workspace")).toBe("workspace");
  const groups = scopeGroups([`conversation:${id}`, "agent-only:greeter", "workspace"]);
  expect(groups.map(({ kind }) => kind)).toEqual(["shared", "agents", "conversations"]);
});

test("the commonest types have a colour each, and all others one together", () => {
  const types = ["a", "a", "b", "b", "b", "c", "d", "e", "f", "g"];
  const tints = tintsOf(types);
  expect([...tints.keys()]).toEqual(["b", "a", "c", "d", "e"]);
  expect(new Set(tints.values()).size).toBe(5);
  expect(tintOf(tints, "f")).toBe(tintOf(tints, undefined));
});
