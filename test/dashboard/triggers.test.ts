import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { triggers } from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";
import { violationsInBothThemes } from "./accessible.ts";
import { leaveBrowser, openBrowser, visit } from "./browser.ts";

verifies("dashboard.pages");

let browser: Browser;
let server: TestServer;
beforeAll(async () => {
  browser = await openBrowser();
  server = await startServer({ script: [{ text: "done" }] });
});
afterAll(async () => {
  await leaveBrowser(browser);
  await server?.[Symbol.asyncDispose]();
});

const dialog = (page: Page) => page.getByRole("dialog");
const list = async () => triggers.TriggerPage.parse((await server.ask("GET", "/api/v1/triggers")).body).items;

test("a trigger is created with a preview of its times, fired, disabled, changed and deleted", async () => {
  await using person = await visit(browser, server.url, { still: true, width: 1_280 });
  const { page } = person;
  await page.goto("/ui/triggers");
  await page.getByText("No triggers").waitFor();
  await page.getByRole("button", { name: "Create trigger" }).click();
  await dialog(page).getByLabel("Agent").selectOption("data-analyzer");
  await dialog(page).getByLabel("Name").fill("morning");
  await dialog(page).getByLabel("Minute, hour").fill("0 7 31 2 *");
  await dialog(page)
    .getByText(/matches no date|no date/)
    .waitFor();
  await dialog(page).getByLabel("Minute, hour").fill("0 7 * * 1");
  await expect.poll(() => dialog(page).getByRole("status").getByRole("listitem").count()).toBe(5);
  await dialog(page).getByLabel("Request of the runs").fill("Report of {{planned_at}}");
  expect(await violationsInBothThemes(page)).toEqual([]);
  await dialog(page).getByRole("button", { name: "Create trigger" }).click();
  await page.getByText("data-analyzer/morning").waitFor();
  expect(await list()).toMatchObject([{ trigger: { kind: "cron", cron: "0 7 * * 1" } }]);

  await page.getByRole("button", { name: "Fire now" }).click();
  await page.getByText("History").click();
  await page.getByRole("table").getByRole("link").waitFor();
  await page.getByText("Completed").waitFor();
  expect(await violationsInBothThemes(page)).toEqual([]);
  await page.getByRole("button", { name: "Disable" }).click();
  await page.getByRole("button", { name: "Enable" }).waitFor();
  await page.getByRole("button", { name: "Edit data-analyzer/morning" }).click();
  await dialog(page).getByLabel("Minute, hour").fill("0 9 * * 1");
  await dialog(page).getByRole("button", { name: "Save" }).click();
  await page.getByText("0 9 * * 1").waitFor();
  await page.getByRole("button", { name: "Delete data-analyzer/morning" }).click();
  await dialog(page).getByRole("button", { name: "Delete" }).click();
  await page.getByText("No triggers").waitFor();
});

test("a webhook shows its address and, once, its secret; a stopped trigger shows the reason", async () => {
  const spec = { kind: "webhook", agent: "data-analyzer", name: "hook", input: "{{event.body}}" };
  await server.ask("POST", "/api/v1/triggers", spec);
  const timed = { kind: "every", every: "1d", agent: "data-analyzer", name: "daily", input: "x" };
  await server.ask("POST", "/api/v1/triggers", timed);
  const daily = server.started.caxton.storage.triggers.find("default", "data-analyzer/daily");
  if (daily === undefined) throw new Error("the trigger is there");
  await server.started.caxton.storage.triggers.stop(daily, { reason: "the key was revoked", atMs: Date.now() });
  await using person = await visit(browser, server.url, { still: true, width: 1_280 });
  const { page } = person;
  await page.goto("/ui/triggers");
  await page.getByText("Stopped: the key was revoked").waitFor();
  await page.getByRole("button", { name: "New secret" }).click();
  await dialog(page).getByRole("button", { name: "New secret" }).click();
  await dialog(page)
    .getByText(/^whsec_/)
    .waitFor();
  expect(await violationsInBothThemes(page)).toEqual([]);
  await dialog(page).getByRole("button", { name: "Close" }).last().click();
  expect(await page.content()).not.toContain("whsec_");
  await page.getByRole("button", { name: "Enable" }).click();
  await page.getByText("Stopped: the key was revoked").waitFor({ state: "detached" });
});

const stored = async () => (await list()).find(({ trigger: { kind } }) => kind === "message")?.trigger;

test("a message trigger is created with its conditions and policies, and a condition is removed", async () => {
  await using person = await visit(browser, server.url, { still: true, width: 1_280 });
  const { page } = person;
  await page.goto("/ui/triggers");
  await page.getByRole("button", { name: "Create trigger" }).click();
  await dialog(page).getByLabel("Agent").selectOption("data-analyzer");
  await dialog(page).getByLabel("Name").fill("orders");
  await dialog(page).getByLabel("Kind").selectOption("For messages");
  await dialog(page).getByLabel("Topic").fill("orders.*.created");
  await dialog(page).getByLabel("Performative").selectOption("inform");
  await dialog(page).getByLabel("Condition").fill("message.content.price >");
  await dialog(page).getByLabel("Request of the runs").fill("{{event.content}}");
  await dialog(page).getByText("Policies").click();
  await dialog(page).getByLabel("Runs at the same time").fill("3");
  await dialog(page).getByLabel("Further events").selectOption("Are skipped");
  await dialog(page).getByRole("button", { name: "Create trigger" }).click();
  await dialog(page)
    .getByText(/where:/)
    .waitFor();
  await dialog(page).getByLabel("Condition").fill("message.content.price > 100");
  expect(await violationsInBothThemes(page)).toEqual([]);
  await dialog(page).getByRole("button", { name: "Create trigger" }).click();
  await page.getByText("messages of orders.*.created").waitFor();
  const conditions = { performative: "inform", where: "message.content.price > 100" };
  expect(await stored()).toMatchObject({ ...conditions, concurrency: "skip", parallel: 3 });
  await page.getByRole("button", { name: "Edit data-analyzer/orders" }).click();
  await dialog(page).getByLabel("Condition").fill("");
  await dialog(page).getByRole("button", { name: "Save" }).click();
  await dialog(page).waitFor({ state: "detached" });
  expect(await stored()).not.toHaveProperty("where");
});

test("a file trigger names the setting that it needs", async () => {
  await using person = await visit(browser, server.url, { still: true, width: 1_280 });
  const { page } = person;
  await page.goto("/ui/triggers");
  await page.getByRole("button", { name: "Create trigger" }).click();
  await dialog(page).getByLabel("Agent").selectOption("data-analyzer");
  await dialog(page).getByLabel("Name").fill("tables");
  await dialog(page).getByLabel("Kind").selectOption("For files");
  await dialog(page).getByLabel("Files").fill("inbox/*.csv");
  await dialog(page).getByLabel("Changes").selectOption("Created");
  await dialog(page).getByLabel("Request of the runs").fill("Describe {{event.name}}");
  expect(await violationsInBothThemes(page)).toEqual([]);
  await dialog(page).getByRole("button", { name: "Create trigger" }).click();
  await dialog(page)
    .getByText(/files.watch_root/)
    .first()
    .waitFor();
});
