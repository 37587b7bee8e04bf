import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startServer, type TestServer } from "../helpers/server.ts";
import { leaveBrowser, openBrowser, visit } from "./browser.ts";

let server: TestServer;
let browser: Browser;

beforeAll(async () => {
  browser = await openBrowser();
  server = await startServer();
});
afterAll(async () => {
  await leaveBrowser(browser);
  await server?.[Symbol.asyncDispose]();
});

test("the page lists what was changed, filters it, and verifies the log", async () => {
  await server.ask("POST", "/api/v1/agents/greeter/pause", {});
  await server.ask("DELETE", "/api/v1/agents/nonexistent");
  await using person = await visit(browser, server.url);
  const { page } = person;
  // Records are written in batches.
  await expect
    .poll(async () => JSON.stringify((await server.ask("GET", "/api/v1/audit")).body), { timeout: 15_000 })
    .toContain("agent.delete");
  await page.goto("/ui/audit");
  const table = page.getByRole("table", { name: "Audit" });
  await table.getByRole("row", { name: /agent\.pause .*name greeter/ }).waitFor();
  await table.getByText("AGENT_NOT_FOUND").waitFor();
  await page.getByRole("combobox", { name: "Outcome" }).selectOption("failed");
  await table.getByText("agent.pause").waitFor({ state: "detached" });
  await page.getByRole("textbox", { name: "Operation" }).fill("agent.deploy");
  await page.getByText("No audit records").waitFor();
  await page.getByRole("button", { name: "Verify the log" }).click();
  await page.getByText(/The log is unchanged: \d+ records/).waitFor();
  await page.getByRole("textbox", { name: "Operation" }).fill("");
  await table.getByText("AGENT_NOT_FOUND").waitFor();
  expect(person.complaints).toEqual([]);
});
