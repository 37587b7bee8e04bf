import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { violationsInBothThemes } from "./accessible.ts";
import { leaveBrowser, openBrowser, visit } from "./browser.ts";

const place = tempDirectory();
let server: TestServer;
let browser: Browser;

beforeAll(async () => {
  browser = await openBrowser();
  server = await startServer({
    directory: place.path,
    files: {
      "examples/agents/talker.toml": `name = "talker"
version = "1.0.0"
capabilities = ["testing"]
system_prompt = "You talk."
user_prompt_template = "{{request}}"
[llm]
model = "scripted/talker.json"
`,
      "scripts/talker.json": JSON.stringify([
        { when: { userIncludes: "harvest" }, text: "The kumquats are ripe." },
        { text: "Good morning." },
      ]),
    },
    settings: { "models.scripted_directory": join(place.path, "scripts") },
  });
});
afterAll(async () => {
  await leaveBrowser(browser);
  await server?.[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

const ran = (input: string, tags: readonly string[] = []) =>
  server.ask("POST", "/api/v1/runs", { agent: "talker", input, tags, wait: true });
const rows = (page: Page) => page.getByRole("table", { name: "Runs" }).locator("[data-row-link]").allInnerTexts();
const soon = <Value>(value: () => Promise<Value>) => expect.poll(value, { timeout: 15_000 });

test("runs are found by words of their answers, a tag and a time, and the address keeps all of it", async () => {
  await ran("How is the harvest?", ["garden", "nightly"]);
  await ran("Say hello.", ["nightly"]);
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto("/ui/runs");
  await soon(() => rows(page)).toEqual(["Say hello.", "How is the harvest?"]);
  const search = page.getByLabel("Search runs");
  await page.keyboard.press("/");
  await page.keyboard.type("kumquat");
  await soon(() => rows(page)).toEqual(["How is the harvest?"]);
  await page.getByLabel("Tag").fill("nightly");
  await page.getByLabel("Time", { exact: true }).selectOption("Last 24 hours");
  expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({ q: "kumquat", tag: "nightly", since: "24h" });
  await page.reload();
  await soon(() => rows(page)).toEqual(["How is the harvest?"]);
  expect([await search.inputValue(), await page.getByLabel("Tag").inputValue()]).toEqual(["kumquat", "nightly"]);
  expect(await violationsInBothThemes(page)).toEqual([]);
  await search.fill("");
  await soon(() => rows(page)).toEqual(["Say hello.", "How is the harvest?"]);
  await ran("Say it again.", ["other"]);
  await ran("And once more.", ["nightly"]);
  await soon(() => rows(page)).toEqual(["And once more.", "Say hello.", "How is the harvest?"]);
  await page.getByLabel("Time", { exact: true }).selectOption("Between days");
  await page.getByLabel("Last day").fill("2020-01-01");
  await page.getByText("No run fits").waitFor();
  expect(new URL(page.url()).searchParams.get("until")).toBe("2020-01-01");
  await page.goto(`/ui/runs?tag=garden`);
  await soon(() => rows(page)).toEqual(["How is the harvest?"]);
  expect(person.complaints).toEqual([]);
});

test("an error of a search is shown, and the page recovers", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  let isDown = true;
  await page.route("**/api/v1/runs?**search=**", (route) =>
    isDown
      ? route.fulfill({ status: 400, json: { code: "REQUEST_INVALID", title: "bad", status: 400, detail: "refused" } })
      : route.continue(),
  );
  await page.goto("/ui/runs?q=kumquat");
  const again = page.getByRole("button", { name: "Try again" });
  await again.waitFor();
  expect(await page.getByText("refused").count()).toBe(1);
  isDown = false;
  await again.click();
  await soon(() => rows(page)).toEqual(["How is the harvest?"]);
});

test("threads are found by tag and time, and by their titles in the palette", async () => {
  const create = async (title: string, tags: readonly string[]) =>
    contract.threads.Thread.parse((await server.ask("POST", "/api/v1/threads", { agent: "talker", title, tags })).body)
      .id;
  const kept = await create("Marmalade", ["garden"]);
  await create("Breakfast", []);
  await server.ask("POST", "/api/v1/triggers", {
    kind: "every",
    agent: "talker",
    name: "watering",
    every: "1h",
    input: "Water it.",
  });
  const address = "https://example.org/hook";
  await server.ask("POST", "/api/v1/webhooks", { url: address, events: ["*"], description: "notify the gardener" });
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto("/ui/chat?since=1h");
  const links = page.getByRole("navigation", { name: "Threads" }).getByRole("link");
  await soon(() => links.count()).toBe(2);
  await page.getByLabel("Tag").fill("garden");
  await soon(() => links.allInnerTexts()).toEqual([expect.stringContaining("Marmalade")]);
  await links.click();
  await page.getByRole("heading", { level: 1, name: "Marmalade" }).waitFor();
  expect(Object.fromEntries(new URL(page.url()).searchParams)).toEqual({ tag: "garden", since: "1h" });
  const find = async (words: string, name: RegExp) => {
    await page.goto("/ui/");
    await page.getByRole("button", { name: /Search or jump to/ }).click();
    await page.getByRole("dialog").getByRole("combobox").fill(words);
    await page.getByRole("dialog").getByRole("option", { name }).first().click();
  };
  await find("marmal", /Marmalade.*Thread/);
  await soon(async () => page.url()).toContain(`/ui/chat/${kept}`);
  await find(kept, /Marmalade/);
  await soon(async () => page.url()).toContain(`/ui/chat/${kept}`);
  await find("watering", /watering.*Trigger/);
  await soon(async () => page.url()).toContain("/ui/triggers");
  await find("notify the", /notify the gardener.*Webhook/);
  await soon(async () => page.url()).toContain("/ui/webhooks/");
  await find("kumquat", /Search runs for "kumquat"/);
  await soon(() => rows(page)).toEqual(["How is the harvest?"]);
});
