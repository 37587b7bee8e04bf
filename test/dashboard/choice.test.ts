import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { leaveBrowser, openBrowser, visit } from "./browser.ts";

const place = tempDirectory();
let server: TestServer;
let browser: Browser;

const AGENT = `name = "scorer"
version = "1.0.0"
capabilities = ["testing"]
system_prompt = "Answer."
[llm]
model = "scripted/down.json"
fallback = ["scripted/backup.json"]
on_failure = "ask"
[output]
schema = '{"type": "object", "properties": {"score": {"type": "integer"}}, "required": ["score"]}'
`;
const DOWN = JSON.stringify([{ error: { class: "auth", message: "no credit left" } }]);

beforeAll(async () => {
  browser = await openBrowser();
  server = await startServer({
    directory: place.path,
    files: {
      "scripts/down.json": DOWN,
      "scripts/backup.json": DOWN,
      "scripts/other.json": JSON.stringify([{ text: '{"score": 41}' }]),
    },
    settings: { "models.scripted_directory": join(place.path, "scripts") },
  });
  await server.started.services.agents.agents.deploy("default", { source: AGENT, fileName: "scorer.toml" });
});
afterAll(async () => {
  await leaveBrowser(browser);
  await server?.[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

test("a run whose models failed asks on its page, and continues with the chosen model", async () => {
  const { body } = await server.ask("POST", "/api/v1/runs", { agent: "scorer", input: "rate it", wait: true });
  const { id, state } = contract.runs.RunDetail.parse(body);
  expect(state).toBe("awaiting-choice");
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto(`/ui/runs/${id}`);
  await page.getByRole("heading", { name: "The model failed. How should the run continue?" }).waitFor();
  await page
    .getByText(/no credit left/)
    .first()
    .waitFor();
  await page.getByRole("button", { name: "Try again" }).waitFor();
  await page.getByRole("textbox", { name: /Another model/ }).fill("scripted/other.json");
  await page.getByRole("button", { name: "Use", exact: true }).click();
  await page.getByText("41").first().waitFor();
  expect((await server.ask("GET", `/api/v1/runs/${id}`)).body).toMatchObject({
    state: "completed",
    output_json: { score: 41 },
  });
});
