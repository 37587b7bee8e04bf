import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import type { ToolRunner } from "../../src/tools/catalogue/index.ts";
import { startServer } from "../helpers/server.ts";
import { violationsInBothThemes } from "./accessible.ts";
import { leaveBrowser, openBrowser, visit } from "./browser.ts";

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(() => leaveBrowser(browser));

test("a run is forked at a step in the browser, links lead both ways, and the two are compared", async () => {
  const call = { name: "calculator__evaluate", arguments: { expression: "1+2" } };
  await using server = await startServer({ script: [{ toolCalls: [call] }, { text: "It is three." }] });
  const started = await server.ask("POST", "/api/v1/runs", { agent: "data-analyzer", input: "Add them", wait: true });
  const { id } = contract.runs.RunDetail.parse(started.body);
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto(`/ui/runs/${id}?step=3`);
  await page.getByRole("button", { name: "Fork from here" }).click();
  await page.getByLabel("Request").fill("Add them again");
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByText("Fork of").waitFor();
  await page.getByRole("link", { name: "compare" }).click();
  await page.getByRole("heading", { name: "Two runs compared" }).waitFor();
  await page.getByRole("group", { name: "request" }).getByText("Add them again").waitFor();
  await page.goto(`/ui/runs/${id}`);
  await page.getByText("Forked as").waitFor();
  await page.getByRole("button", { name: "Run again" }).click();
  await page.getByRole("dialog", { name: "Run again?" }).getByText("Add them").waitFor();
  await page.getByRole("button", { name: "Start the run" }).click();
  await page.getByText("Retry of").waitFor();
  expect(page.url()).not.toContain(id);
});

const PHONE = { width: 360, height: 740 };
const OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth";

test("on a phone a run is replayed with its differences, saved with its files, and deleted after a confirmation", async () => {
  const call = { name: "calculator__evaluate", arguments: { expression: "1+2" } };
  const servers = { without: "" };
  const wrapTools = (runner: ToolRunner): ToolRunner => ({
    servers: () => runner.servers().filter(({ name }) => name !== servers.without),
    call: (...given) => runner.call(...given),
    logs: (name) => runner.logs(name),
    endSession: (session) => runner.endSession(session),
  });
  await using server = await startServer({
    script: [{ toolCalls: [call] }, { text: "It is three." }],
    overrides: { wrapTools },
  });
  const started = await server.ask("POST", "/api/v1/runs", { agent: "data-analyzer", input: "Add them", wait: true });
  const { id } = contract.runs.RunDetail.parse(started.body);
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.setViewportSize(PHONE);
  await page.goto(`/ui/runs/${id}`);
  const choose = async (name: string) => {
    await page.getByRole("button", { name: "More actions" }).click();
    await page.getByRole("menuitem", { name }).click();
  };
  await choose("Replay");
  await page.getByText(/No differences: \d+ events/).waitFor();
  await page.keyboard.press("Escape");
  servers.without = "csv_parser";
  await choose("Replay");
  await page.getByText(/\d+ differences/).waitFor();
  await page.getByText("the model would be offered other tools").first().waitFor();
  expect(await violationsInBothThemes(page)).toEqual([]);
  expect(await page.evaluate(OVERFLOW)).toBe(0);
  await page.keyboard.press("Escape");
  const saved = page.waitForEvent("download");
  await choose("Export with its files");
  expect((await saved).suggestedFilename()).toBe(`run-${id}.json`);
  await choose("Delete");
  expect(await violationsInBothThemes(page)).toEqual([]);
  await page.getByRole("button", { name: "Cancel" }).click();
  await choose("Delete");
  await page.getByRole("button", { name: "Delete the run" }).click();
  await page.getByText("Run deleted").waitFor();
  expect(new URL(page.url()).pathname).toBe("/ui/runs");
  expect((await server.ask("GET", `/api/v1/runs/${id}`)).status).toBe(404);
});
