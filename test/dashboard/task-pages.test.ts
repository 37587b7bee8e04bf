import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { Program } from "../helpers/program.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { violations, violationsInBothThemes } from "./accessible.ts";
import { leaveBrowser, openBrowser, toDesktop, visit } from "./browser.ts";

const SMALL = { width: 360, height: 780 };
let browser: Browser;
let server: TestServer;
beforeAll(async () => {
  browser = await openBrowser();
  server = await startServer({ settings: { "agents.directory": "none" } });
});
afterAll(async () => {
  await leaveBrowser(browser);
  await server?.[Symbol.asyncDispose]();
});

const make = async (body: object) => {
  const whole = { participants: ["cheap", "sound"], max_wait_seconds: 600, ...body };
  return contract.tasks.Task.parse((await server.ask("POST", "/api/v1/tasks", whole)).body);
};

test("a task is followed live from its announcement to its end, and one is cancelled", async () => {
  const [cheap, sound] = await Promise.all(["cheap", "sound"].map((name) => Program.register(server.url, name)));
  await using person = await visit(browser, server.url, { still: true });
  const { page } = person;
  await page.goto("/ui/tasks");
  await page.getByText("No tasks yet").waitFor();
  const task = await make({ name: "count species", description: "Count them all", data: { file: "penguins.csv" } });
  await page.getByRole("link", { name: "count species" }).click();
  await page.getByText("Count them all").waitFor();
  await page.getByText("penguins.csv").waitFor();
  await page.getByText("No participant was asked yet.").first().waitFor();
  await page.getByRole("button", { name: "Ask for proposals" }).click();
  const bids = page.getByRole("table", { name: "Bids" });
  await bids.getByRole("cell", { name: "invited", exact: true }).first().waitFor();
  for (const [program, cost] of [
    [cheap, 1],
    [sound, 5],
  ] as const) {
    const call = await program?.await("cfp");
    if (call !== undefined) await program?.answer(call, { performative: "propose", content: { cost } });
  }
  await bids.getByRole("row", { name: /cheap.*awarded.*cost: 1/u }).waitFor();
  const order = await cheap?.await("accept-proposal");
  if (order !== undefined) await cheap?.answer(order, { performative: "inform", content: { rows: 344 } });
  await bids.getByRole("row", { name: /cheap.*done/u }).waitFor();
  await page.getByText("344").first().waitFor();
  await page.getByRole("region", { name: "Messages", exact: true }).getByText("accept-proposal").first().waitFor();
  await page.getByRole("region", { name: "Bids" }).getByText("1 before").waitFor();
  await page.setViewportSize(SMALL);
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(SMALL.width);
  expect(await violations(page)).toEqual([]);
  await toDesktop(page);
  expect(await violationsInBothThemes(page)).toEqual([]);
  await page.goto("/ui/tasks");
  await page.getByRole("link", { name: "count species" }).waitFor();
  const prices = { protocol: "auction-english", auction: { start: 10, step: 5 } };
  const slot = await make({ ...prices, name: "a slot at nine", distribute: true });
  await page.getByRole("link", { name: "a slot at nine" }).waitFor();
  expect(await violations(page)).toEqual([]);
  await page.goto(`/ui/tasks/${slot.id}`);
  await page.getByRole("table", { name: "Prices called" }).getByRole("cell", { name: "10", exact: true }).waitFor();
  await page.getByRole("button", { name: "Cancel task" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Cancel task" }).click();
  await page.getByRole("main").getByText("Cancelled").first().waitFor();
  expect(task.status).toBe("created");
  expect(person.complaints).toEqual([]);
  expect(person.foreign).toEqual([]);
}, 60_000);
