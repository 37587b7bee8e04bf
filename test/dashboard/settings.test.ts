import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startServer, type TestServer } from "../helpers/server.ts";
import { leaveBrowser, openBrowser, visit } from "./browser.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("dashboard.pages");

let browser: Browser;
let server: TestServer;
beforeAll(async () => {
  browser = await openBrowser();
  server = await startServer({
    environment: { OLLAMA_BASE_URL: "http://127.0.0.1:9/v1", VLLM_BASE_URL: "http://127.0.0.1:9/v1" },
    settings: { "models.facts": { "vllm/model-x": { context_tokens: 50_000, images: true } } },
  });
});
afterAll(async () => {
  await leaveBrowser(browser);
  await server?.[Symbol.asyncDispose]();
});

test("the settings show models and providers, and a test says what is wrong and what to do", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto("/ui/settings");
  await page.getByRole("heading", { level: 1, name: "Settings" }).waitFor();
  const models = page.getByRole("table", { name: "Models" });
  await models.getByRole("row", { name: /vllm\/model-x.*50,000/ }).waitFor();
  const providers = page.getByRole("table", { name: "Providers" });
  await providers.getByRole("row", { name: /anthropic Not configured set ANTHROPIC_API_KEY/ }).waitFor();
  await page.getByRole("button", { name: "Test vllm/model-x" }).click();
  await page.getByText(/^network:|network: /).waitFor();
  await page.getByText(/Check the address/).waitFor();
  await page.getByRole("button", { name: "Look for Ollama" }).click();
  await page.getByText(/ollama does not answer/).waitFor();
  expect(person.complaints).toEqual([]);
  expect(person.foreign).toEqual([]);
});
