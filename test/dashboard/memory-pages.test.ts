import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { memory, runs } from "../../src/api/contract/index.ts";
import { cutAtWords } from "../../dashboard/src/pages/memory/marked.ts";
import { changedFields } from "../../dashboard/src/pages/memory/changed-fields.ts";
import { scopesToLookInto } from "../../dashboard/src/pages/memory/scopes.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { violations, violationsInBothThemes } from "./accessible.ts";
import { openBrowser, TELEPHONE, toDesk, visit } from "./browser.ts";

const KEEPER = `name = "keeper"
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
    files: { "examples/agents/keeper.toml": KEEPER, "scripts/keep.json": KEEP },
    settings: { "models.scripted_directory": "scripts" },
  });
});
afterAll(async () => {
  await browser?.close();
  await server?.[Symbol.asyncDispose]();
});

const main = (page: Page) => page.getByRole("main");
const heading = (page: Page, name: string) => page.getByRole("heading", { level: 1, name, exact: true }).waitFor();

async function fill(): Promise<void> {
  const asked = await server.ask("POST", "/api/v1/runs", { agent: "keeper", input: "Keep Ada in mind", wait: true });
  run = runs.RunDetail.parse(asked.body).id;
  const names = Array.from({ length: 55 }, (_, at) => `Place ${String(at).padStart(2, "0")}`);
  const { body: figures } = await server.ask("GET", "/api/v1/memory/stats");
  const scope = memory.Figures.parse(figures).scopes[0]?.scope ?? "workspace";
  const told = { name: "Bert", type: "person", observations: ["Bert prefers coffee", "Bert has no tea at home"] };
  const places = names.map((name) => ({ name, type: "place", observations: [`${name} is quiet`] }));
  await server.ask("POST", "/api/v1/memory/entities", { scope, entities: [told, ...places] });
  await server.ask("POST", "/api/v1/memory/relations", {
    scope,
    relations: [
      { from: "Ada", to: "Bert", type: "works with", bidirectional: true },
      { from: "Ada", to: "Place 07", type: "lives in", strength: 0.5 },
    ],
  });
}

test("memory is listed, searched with reasons, read, changed, taken back and forgotten, by everyone", async () => {
  await using person = await visit(browser, server.url, { still: true });
  const { page } = person;
  const everybody = async () => {
    expect(await violationsInBothThemes(page)).toEqual([]);
    await page.setViewportSize(TELEPHONE);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(TELEPHONE.width);
    expect(await violations(page)).toEqual([]);
    await toDesk(page);
  };

  await page.goto("/ui/memory");
  await main(page).getByText("Nothing is remembered yet").waitFor();
  await main(page).getByLabel("Figures").getByText("static-minilm").waitFor();
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
  await page.getByRole("button", { name: "More", exact: true }).click();
  await page.getByText("58 entities").waitFor();
  await page.getByLabel("Type").fill("person");
  await page.keyboard.press("Enter");
  await page.getByText("2 entities", { exact: true }).waitFor();
  expect(new URL(page.url()).searchParams.get("type")).toBe("person");
  await everybody();

  await page.keyboard.press("Escape");
  await page.getByRole("heading", { level: 1 }).click();
  await page.keyboard.press("/");
  await page.keyboard.type("green tea");
  await page.keyboard.press("Enter");
  const hits = page.getByRole("region", { name: "Hits" });
  await page.getByLabel("Why Ada was found").getByText("Similarity").waitFor();
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
  expect(await hits.getByRole("link", { name: "Place 07" }).count()).toBe(0);
  await page.getByLabel("Type").fill("");
  await page.keyboard.press("Enter");
  await page.getByLabel("Also what is related").check();
  await hits.getByRole("link", { name: "Place 07" }).waitFor();
  await everybody();
  await page.getByRole("heading", { level: 1 }).click();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");

  await heading(page, "Ada");
  const said = page.getByRole("list", { name: "Observations" });
  await said.getByText("keeper, in a run").waitFor();
  expect(await said.getByRole("link", { name: "the run" }).getAttribute("href")).toBe(`/ui/runs/${run}`);
  const around = page.getByRole("region", { name: "Neighbourhood" });
  await around.getByRole("table").getByText("works with (both ways)").waitFor();
  await around
    .getByRole("list")
    .getByRole("link", { name: /^Place 07/ })
    .waitFor();
  await everybody();

  await page.getByLabel("Add an observation").fill("Ada plays chess");
  await page.getByRole("button", { name: "Add", exact: true }).click();
  await said.getByText("Ada plays chess").waitFor();
  await page.getByRole("button", { name: "Change", exact: true }).click();
  await dialog.getByLabel("Type").fill("human");
  await dialog.getByLabel("Strength").fill("0.5");
  await dialog.getByRole("button", { name: "Save" }).click();
  const history = page.getByRole("list", { name: "History" });
  await history.getByText("type: person → human").waitFor();
  await page.getByRole("button", { name: "Take back: Ada plays chess" }).click();
  await history.locator("del", { hasText: "Ada plays chess" }).waitFor();
  await said.getByText("Ada plays chess").waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Make it as in 2" }).click();
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
  expect(await page.getByRole("row", { name: /^Ada/ }).count()).toBe(0);
  expect(person.complaints).toEqual([]);
  expect(person.foreign).toEqual([]);
});

test("words are marked where a word begins with them, whatever their case, and nothing of the text is lost", () => {
  const pieces = cutAtWords("Tea, steak and TEAPOTS (C++)", ["tea", "c++"]);
  expect(pieces.filter(({ isMatch }) => isMatch).map(({ text }) => text)).toEqual(["Tea", "TEA", "C++"]);
  expect(pieces.map(({ text }) => text).join("")).toBe("Tea, steak and TEAPOTS (C++)");
});

test("of a change only what became otherwise is told", () => {
  const details = { valid_to: { before: null, after: "2026" }, relation: "r", strength: { before: 1, after: 0.5 } };
  expect(changedFields(details)).toEqual([
    { field: "valid to", before: "–", after: "2026" },
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
