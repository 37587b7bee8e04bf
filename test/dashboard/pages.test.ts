import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { mint, RunId, ToolCallId } from "../../src/kernel/ids.ts";
import { Database, SqliteRunJournal } from "../../src/storage/index.ts";
import type { RunEvent } from "../../src/runs/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { leaveBrowser, openBrowser, PHONE, visit } from "./browser.ts";
import { FIVE_MISTAKES, TIDY } from "./definitions.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("dashboard.pages", "dashboard.live");

const PENGUINS = "examples/data/penguins.csv";

let browser: Browser;
let server: TestServer;
beforeAll(async () => {
  browser = await openBrowser();
  server = await startServer();
});
afterAll(async () => {
  await leaveBrowser(browser);
  await server?.[Symbol.asyncDispose]();
});

const begin = async (to: TestServer, agent: string, input: string): Promise<string> => {
  const { body } = await to.ask("POST", "/api/v1/runs", { agent, input });
  return contract.runs.RunDetail.parse(body).id;
};
const state = (page: Page, name: string) => page.getByRole("main").getByText(name, { exact: true }).first();

test("a first visit shows the server, four first steps, and where runs will be", async () => {
  await using fresh = await startServer();
  await using person = await visit(browser, fresh.url);
  const { page } = person;
  await page.goto("/");
  await page.getByRole("heading", { level: 1, name: "Home" }).waitFor();
  expect(page.url()).toBe(`${fresh.url}/ui/`);
  expect(await page.title()).toBe("Home · Caxton");
  await page.getByText("Live", { exact: true }).waitFor();
  await page.getByText(/^up \d+ s$/).waitFor();
  await page.getByText("built-in rules, not a language model").waitFor();
  const steps = page.getByRole("listitem").filter({ has: page.getByRole("button", { name: /^Copy / }) });
  expect(await steps.count()).toBe(4);
  await page.getByText("No runs yet", { exact: true }).waitFor();
  await page.goto("/ui/usage");
  await page.getByText("Nothing was used in the last 30 days.").waitFor();
  expect(await page.getByRole("heading", { level: 2 }).allTextContents()).toEqual(["Today's budgets"]);
  await page.goto("/");
  await page.getByRole("link", { name: "Try it", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "data-analyzer" }).waitFor();
  expect(person.complaints).toEqual([]);
  expect(person.foreign).toEqual([]);
});

test("the sample question is answered under Try it, with its chart, and its run shows every step", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto("/ui/agents/data-analyzer");
  await page.getByRole("button", { name: /^Chart the mean body mass/ }).click();
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await state(page, "Completed").waitFor();
  await page.getByRole("cell", { name: "Gentoo" }).first().waitFor();
  await page.getByText("csv_parser.describe").waitFor();
  const image = page.getByRole("img", { name: /^Image .*\.svg/ });
  await image.waitFor();
  await expect.poll(() => page.evaluate("document.querySelector('figure img').naturalWidth")).toBeGreaterThan(100);

  await page.getByRole("link", { name: "Open the run" }).click();
  const steps = page.getByRole("list", { name: "Steps" }).getByRole("link");
  await steps.filter({ hasText: "chart_generator" }).click();
  expect(new URL(page.url()).searchParams.get("step")).toMatch(/^\d+$/);
  await page.getByRole("heading", { name: "Arguments" }).waitFor();
  await page.getByText("Fuel", { exact: true }).waitFor();
  expect(await steps.count()).toBeGreaterThanOrEqual(6);
  const bars = await Promise.all((await steps.locator("[style*='left']").all()).map((bar) => bar.boundingBox()));
  expect(new Set(bars.map((bar) => Math.round(bar?.x ?? 0))).size).toBeGreaterThan(4);

  await page.getByRole("tab", { name: "Raw JSON" }).click();
  await page.getByText("step_list").waitFor();
  await page.getByRole("tab", { name: "Conversation" }).click();
  await page.getByRole("img", { name: /^Image/ }).waitFor();
  await page.reload();
  await page.getByRole("tab", { name: "Conversation", selected: true }).waitFor();

  await page.getByRole("link", { name: "Home", exact: true }).click();
  await page
    .getByRole("row", { name: /Chart the mean body mass.*data-analyzer/ })
    .first()
    .waitFor();
  expect(person.complaints).toEqual([]);
});

test("a file dropped into the request is sent with it and read by the tools", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto("/ui/agents/data-analyzer");
  await page.getByLabel("Request").fill("Which town has the highest mean rain?");
  await page.locator("input[type=file]").setInputFiles({
    name: "rain.csv",
    mimeType: "text/csv",
    buffer: Buffer.from("town,rain\nUlm,3\nBonn,9\nUlm,4\n"),
  });
  await page.keyboard.press("Control+Enter");
  await state(page, "Completed").waitFor();
  await page.getByText("uploads/rain.csv").first().waitFor();
  await page.getByRole("log").getByText("Bonn").first().waitFor();
  expect(person.complaints).toEqual([]);
});

describe("with a model that takes its time", () => {
  const SCRIPT = [
    { toolCalls: [{ name: "csv_parser__describe", arguments: { path: PENGUINS } }] },
    { text: "There are **344** penguins.", chunkChars: 5, delayMs: 1_500 },
  ];

  test("a run appears in the list automatically, grows on its page, and its answer comes without a reload", async () => {
    await using slow = await startServer({ script: SCRIPT });
    await using person = await visit(browser, slow.url);
    const { page } = person;
    await page.goto("/ui/runs");
    await page.getByText("Live", { exact: true }).waitFor();
    await page.getByText("No runs yet").waitFor();
    await begin(slow, "data-analyzer", "How many penguins?");
    const row = page.getByRole("row", { name: /How many penguins\?/ });
    await row.getByText("Running").waitFor();
    await row.getByRole("link").click();
    const turn = page.getByRole("list", { name: "Steps" }).getByRole("link", { name: /Turn 2/ });
    await turn.getByText("Running").waitFor();
    const width = async () => (await turn.locator("[style*='width']").first().boundingBox())?.width ?? 0;
    const before = await width();
    await expect.poll(width).toBeGreaterThan(before + 4);
    await state(page, "Completed").waitFor();
    await page.getByText("344", { exact: true }).waitFor();
    await turn.getByText("Running").waitFor({ state: "detached" });
    expect(person.complaints).toEqual([]);
  });

  test("Stop ends a run under Try it, and its page says that it was cancelled", async () => {
    await using slow = await startServer({ script: [{ text: "too late", delayMs: 120_000 }] });
    await using person = await visit(browser, slow.url);
    const { page } = person;
    await page.goto("/ui/agents/greeter");
    await page.getByLabel("Request").fill("Hello");
    await page.getByRole("button", { name: "Run", exact: true }).click();
    await state(page, "Running").waitFor();
    await page.getByRole("button", { name: "Stop" }).click();
    await state(page, "Cancelled").waitFor();
    await page.getByRole("link", { name: "Open the run" }).click();
    await page.getByText("This run was cancelled.").waitFor();
    await expect.poll(() => page.getByRole("button", { name: "Cancel", exact: true }).count()).toBe(0);
  });

  test("a stopped server is reported, the page keeps its content, and is live again when the server is back", async () => {
    using place = tempDirectory();
    await using first = await startServer({ directory: place.path });
    await begin(first, "greeter", "Hello from before");
    await using person = await visit(browser, first.url);
    const { page } = person;
    await page.goto("/ui/runs");
    await page.getByText("Live", { exact: true }).waitFor();
    const row = page.getByRole("row", { name: /Hello from before/ });
    await row.getByText("Completed").waitFor();
    const port = Number(new URL(first.url).port);
    await first[Symbol.asyncDispose]();
    await page.getByText(/^Reconnecting, last update \d\d:\d\d:\d\d$/).waitFor();
    expect(await row.isVisible()).toBe(true);
    await using second = await startServer({ directory: place.path, settings: { "server.port": port } });
    await begin(second, "greeter", "Hello from after");
    await page.getByText("Live", { exact: true }).waitFor();
    await page.getByRole("row", { name: /Hello from after/ }).waitFor();
  });
});

test("a call with an unknown outcome asks a person, and the decision resumes the run", async () => {
  using place = tempDirectory();
  const id = mint(RunId);
  await interruptedRun(place.path, id);
  await using resumed = await startServer({
    directory: place.path,
    script: [{ toolCalls: [] }, { text: "Continued without it." }],
  });
  await using person = await visit(browser, resumed.url);
  const { page } = person;
  await page.goto(`/ui/runs/${id}`);
  await page.getByRole("heading", { name: "A decision is needed" }).waitFor();
  await page.getByText(/while csv_parser.describe was running/).waitFor();
  await page.getByRole("button", { name: "Continue without" }).click();
  await state(page, "Completed").waitFor();
  await page.getByText("Continued without it.").waitFor();
  await page.getByRole("list", { name: "Steps" }).getByRole("link").nth(1).click();
  await page.getByText("As the provider returned it").click();
  await page.getByText("The columns come first.").waitFor();
  const { body } = await resumed.ask("GET", `/api/v1/runs/${id}`);
  expect(contract.runs.RunDetail.parse(body)).toMatchObject({ state: "completed", waiting_for: null });
});

/** A run whose server stopped after a tool call that may not be repeated had begun. */
async function interruptedRun(directory: string, runId: RunId): Promise<void> {
  using database = Database.open({ directory: `${directory}/.caxton`, synchronous: "normal" });
  const wanted = { id: "call-1", name: "csv_parser__describe", arguments: JSON.stringify({ path: PENGUINS }) };
  const atMs = Date.now();
  const events: readonly RunEvent[] = [
    {
      type: "run-queue",
      workspace: "default",
      agent: "data-analyzer",
      revision: 1,
      model: null,
      files: [],
      content: { input: "Describe it", system: "Be exact.", prompt: "Describe it" },
    },
    { type: "run-start", attempt: 1 },
    { type: "model-start", step: 1, model: "scripted/inline", attempt: 1 },
    {
      type: "model-end",
      step: 1,
      model: "scripted/inline",
      finish: "tool-calls",
      durationMs: 3,
      firstPartMs: 1,
      usage: {},
      content: { text: "", reasoning: "The columns come first.", toolCalls: [wanted] },
    },
    {
      type: "tool-start",
      step: 1,
      callId: mint(ToolCallId),
      modelCallId: wanted.id,
      name: wanted.name,
      server: "csv_parser",
      tool: "describe",
      repeatable: false,
      content: { arguments: { path: PENGUINS } },
    },
  ];
  await new SqliteRunJournal(database).append(events.map((event) => ({ runId, atMs, event })));
}

test("a definition with five mistakes shows all five with their lines, and is deployed once they are gone", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto("/ui/agents");
  await page.getByRole("button", { name: "Deploy an agent" }).click();
  const dialog = page.getByRole("dialog");
  const source = dialog.getByRole("textbox", { name: "Definition" });
  await source.fill(FIVE_MISTAKES);
  await dialog.getByText("5 problems to fix").waitFor();
  const problems = dialog.getByRole("list", { name: "Problems" });
  expect(await problems.getByRole("img", { name: "Error" }).count()).toBe(5);
  await problems.getByText("toolz").first().waitFor();
  expect(await problems.textContent()).toContain("^");
  expect(await dialog.getByRole("button", { name: "Deploy", exact: true }).isDisabled()).toBe(true);
  await problems.getByRole("button", { name: /^4:/ }).click();
  const area = "document.activeElement";
  expect(await page.evaluate(`${area}.value.slice(${area}.selectionStart, ${area}.selectionEnd)`)).toBe("toolz");

  await source.fill(TIDY);
  await dialog.getByText("tidy can be deployed").waitFor();
  await dialog.getByRole("button", { name: "Deploy", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "tidy" }).waitFor();
  expect(new URL(page.url()).pathname).toBe("/ui/agents/tidy");
});

test("an agent's file is changed in place, its revisions are compared line by line, and it is deleted by its name", async () => {
  const name = "changeling";
  await server.ask("POST", "/api/v1/agents", { source: TIDY.replace('"tidy"', `"${name}"`), file_name: "agent.toml" });
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto(`/ui/agents/${name}?tab=definition`);
  await page.getByRole("button", { name: "Edit" }).click();
  const source = page.getByRole("textbox", { name: "Definition" });
  await source.fill((await source.inputValue()).replace("Answer tidily.", "Answer in verse."));
  await page.getByText(`${name} can be deployed`).waitFor();
  await page.getByRole("button", { name: "Deploy", exact: true }).click();
  await page.getByText("Revision 2").first().waitFor();
  await page.getByRole("tab", { name: "Revisions" }).click();
  const comparison = page.getByRole("group", { name: "Comparison" });
  await comparison.getByText('system_prompt = "Answer in verse."').waitFor();
  await comparison.getByText('system_prompt = "Answer tidily."').waitFor();

  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Delete agent" }).click();
  const confirm = page.getByRole("dialog").getByRole("button", { name: "Delete agent" });
  expect(await confirm.isDisabled()).toBe(true);
  await page.getByLabel(`Type ${name} to confirm`).fill(name);
  await confirm.click();
  await page.getByRole("heading", { level: 1, name: "Agents" }).waitFor();
  expect((await server.ask("GET", `/api/v1/agents/${name}`)).status).toBe(404);

  await page.goto("/ui/agents/file-clerk");
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Delete agent" }).click();
  await page
    .getByRole("dialog")
    .getByText(/file-clerk\.\w+ stays: the next start deploys the agent again/)
    .waitFor();
});

test("a tool is called by hand from a form made of its schema, and from JSON", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto("/ui/tools");
  await page.getByRole("link", { name: "csv_parser" }).click();
  await page.getByLabel("path", { exact: true }).fill(PENGUINS);
  await page.getByRole("button", { name: "Call now" }).click();
  const result = page.getByRole("region", { name: "Result" });
  await result.getByText("Done", { exact: true }).waitFor();
  await result.getByText("344").first().waitFor();

  await page.getByRole("button", { name: "Write JSON" }).click();
  const json = page.getByLabel("Arguments");
  expect(JSON.parse(await json.inputValue())).toMatchObject({ path: PENGUINS });
  await json.fill("{ path: nowhere");
  await page.getByRole("button", { name: "Call now" }).click();
  await page.getByText("This is not valid JSON.").waitFor();
  await json.fill('{ "path": "nowhere.csv" }');
  const held = Promise.withResolvers<undefined>();
  let calls = 0;
  await page.route("**/call", async (route) => {
    calls += 1;
    await held.promise;
    await route.continue();
  });
  await json.focus();
  await page.keyboard.press("Control+Enter");
  await page.keyboard.press("Control+Enter");
  await page.getByRole("button", { name: "Calling" }).waitFor();
  await page.keyboard.press("Control+Enter");
  held.resolve(undefined);
  await result.getByText("tool-error").waitFor();
  await result.getByText(/nowhere\.csv/).waitFor();
  expect(calls, "a tool is not called twice by keys").toBe(1);
});

test("the list of runs is filtered by the address, and older ones come at the press of a button", async () => {
  await using many = await startServer({ script: [{ text: "ok" }] });
  for (let number = 1; number <= 60; number += 1) {
    await many.ask("POST", "/api/v1/runs", { agent: "greeter", input: `request ${number}`, wait: true });
  }
  await using person = await visit(browser, many.url);
  const { page } = person;
  await page.goto("/ui/runs?state=completed&agent=greeter");
  await page.getByText("50 runs shown").waitFor();
  expect(await page.getByRole("button", { name: "Completed" }).getAttribute("aria-pressed")).toBe("true");
  await page.getByRole("button", { name: "Older" }).click();
  await page.getByText("60 runs", { exact: true }).waitFor();
  await page.getByRole("row", { name: /request 1 / }).waitFor();
  await page.getByRole("button", { name: "Failed" }).click();
  await page.getByText("No runs in the state Failed").waitFor();
  expect(new URL(page.url()).searchParams.get("state")).toBe("failed");
  await page.setViewportSize({ ...PHONE, width: 390 });
  await page.goto("/ui/");
  const bars = page.getByRole("list", { name: "Duration of the latest runs, oldest first" }).getByRole("listitem");
  await bars.first().waitFor();
  expect(await bars.count()).toBe(48);
  const frame = await page.getByRole("main").boundingBox();
  expect((await bars.first().boundingBox())?.x).toBeGreaterThan(frame?.x ?? 390);
});

test("a missing resource is reported with the message, code and hint of the API", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto("/ui/runs/nothing");
  const problem = page.getByRole("alert");
  const { body } = await server.ask("GET", "/api/v1/runs/nothing");
  const { code, detail, hint } = contract.problems.ProblemDetails.parse(body);
  await problem.getByText(code).waitFor();
  await problem.getByText(detail).waitFor();
  await problem.getByText(hint).waitFor();
  await page.goto("/ui/no/such/page");
  await page.getByRole("heading", { name: "Page not found" }).waitFor();
  expect(code).toBe("RUN_NOT_FOUND");
});

test("a run is copied as a command with correct shell quoting", async () => {
  const id = await begin(server, "greeter", 'What\'s "up", $HOME?');
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto(`/ui/runs/${id}`);
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Copy as CLI" }).click();
  await page.getByRole("status").getByText("Copied").waitFor();
  const command = await page.evaluate("navigator.clipboard.readText()");
  expect(command).toBe(`caxton run greeter 'What'\\''s "up", $HOME?'`);
});

const roller = (say: string) =>
  `name = "roller"\nversion = "1.0.0"\ncapabilities = ["rolling"]\nsystem_prompt = "Say ${say}."\n`;

test("an agent is rolled back from its revisions, paused with a reason and resumed", async () => {
  for (const say of ["one", "two"])
    await server.ask("POST", "/api/v1/agents", { source: roller(say), file_name: "roller.toml" });
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto("/ui/agents/roller?tab=revisions");
  await page.getByRole("link", { name: "1", exact: true }).click();
  await page.getByRole("button", { name: "Roll back to revision 1" }).click();
  await page.getByText("Revision 1 of 2").waitFor();
  expect(await server.ask("GET", "/api/v1/agents/roller")).toMatchObject({ body: { revision: 1 } });
  await page.getByRole("link", { name: "2", exact: true }).click();
  await page.getByRole("button", { name: "Serve revision 2" }).waitFor();
  await page.getByRole("button", { name: "More actions", exact: true }).click();
  await page.getByRole("menuitem", { name: "Pause" }).click();
  await page.getByLabel("Reason").fill("too dear");
  await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
  await page
    .getByRole("region", { name: "Paused" })
    .getByText(/^too dear/)
    .waitFor();
  await page.goto("/ui/agents");
  await page.getByText("Paused", { exact: true }).waitFor();
  await page.goto("/ui/agents/roller");
  await page.getByRole("button", { name: "Resume" }).click();
  await page.getByRole("region", { name: "Paused" }).waitFor({ state: "detached" });
  expect(await server.ask("GET", "/api/v1/agents/roller")).toMatchObject({ body: { state: "active" } });
  expect(person.complaints).toEqual([]);
});
