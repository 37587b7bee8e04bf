import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { Endpoint, legacyListener } from "../mcp/room.ts";
import { newState, testServer } from "../mcp/test-server.ts";
import { leaveBrowser, openBrowser, visit } from "./browser.ts";

const place = tempDirectory();
let endpoint: Endpoint;
let server: TestServer;
let browser: Browser;

const agent = (name: string, tools: string, more = "") => `name = "${name}"
version = "1.0.0"
capabilities = ["testing"]
tools = ["${tools}"]
system_prompt = "You work."
user_prompt_template = "{{request}}"
[llm]
model = "scripted/${name}.json"
${more}`;
const script = (tool: string, given: object, answer: string) =>
  JSON.stringify([{ toolCalls: [{ name: tool, arguments: given }] }, { text: answer }]);

beforeAll(async () => {
  browser = await openBrowser();
  endpoint = await Endpoint.start(legacyListener(testServer(newState())));
  server = await startServer({
    directory: place.path,
    files: {
      "caxton.toml": `[mcp_servers.remote]\nurl = "${endpoint.url}"\n`,
      "examples/agents/payer.toml": agent("payer", "calculator", `[permissions]\nask = ["calculator.*"]\n`),
      "examples/agents/asker.toml": agent("asker", "remote"),
      "scripts/payer.json": script("calculator__evaluate", { expression: "40+2" }, "It is paid."),
      "scripts/asker.json": script("remote__ask", {}, "I have asked."),
    },
    settings: { "models.scripted_directory": join(place.path, "scripts") },
  });
});
afterAll(async () => {
  await leaveBrowser(browser);
  await server?.[Symbol.asyncDispose]();
  await endpoint?.[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

async function begin(name: string, input: string): Promise<string> {
  const { body } = await server.ask("POST", "/api/v1/runs", { agent: name, input });
  return contract.runs.RunSummary.parse(body).id;
}
const detail = async (id: string) =>
  contract.runs.RunDetail.parse((await server.ask("GET", `/api/v1/runs/${id}`)).body);
async function ended(id: string) {
  await expect.poll(async () => (await detail(id)).ended_at, { timeout: 15_000 }).not.toBeNull();
  return await detail(id);
}
const result = (run: contract.runs.RunDetail) => run.step_list.find((step) => step.kind === "tool")?.text;
const inNavigation = (page: Page, words: string) =>
  page
    .getByRole("navigation")
    .getByRole("link", { name: `Approvals ${words}` })
    .waitFor();
const card = (page: Page) => page.getByRole("region", { name: "Approve calculator.evaluate?" });

test("what waits arrives by itself and is counted; changed and approved there it goes on, refused it is told why", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto("/ui/approvals");
  await page.getByText("Nothing waits for a person").waitFor();
  const first = await begin("payer", "pay");
  await inNavigation(page, "1 waits");
  await card(page).getByText('"expression": "40+2"').waitFor();
  await card(page).getByText("payer wants it. Asked for by calculator.* of the agent.").waitFor();
  await card(page).getByRole("button", { name: "Change arguments" }).click();
  const given = card(page).getByRole("textbox", { name: "Arguments, as JSON" });
  await given.fill("oops");
  await card(page).getByText("This is not a JSON object.").waitFor();
  expect(await card(page).getByRole("button", { name: "Approve with these arguments" }).isDisabled()).toBe(true);
  await given.fill('{"expression": 5}');
  await card(page).getByRole("button", { name: "Approve with these arguments" }).click();
  await card(page).getByText("APPROVAL_EDIT_INVALID").waitFor();
  await given.fill('{"expression": "40+3"}');
  await card(page).getByRole("textbox", { name: "Note for the model" }).fill("one more");
  await card(page).getByRole("button", { name: "Approve with these arguments" }).click();
  await page.getByText("Answered lately").waitFor();
  await page.getByText("Nothing waits for a person").waitFor();
  const approved = await ended(first);
  expect(approved).toMatchObject({ state: "completed", output: "It is paid.", approvals: [{ note: "one more" }] });
  expect(result(approved)).toMatch(/43/);
  const second = await begin("payer", "pay again");
  await card(page).getByRole("textbox", { name: "Note for the model" }).fill("too much");
  await card(page).getByRole("button", { name: "Refuse" }).click();
  await page.getByText("too much").waitFor();
  const refused = await ended(second);
  expect(refused).toMatchObject({ state: "completed", approvals: [{ state: "denied", note: "too much" }] });
  expect(person.complaints).toEqual([]);
});

test("the page of a run asks as well, and with the keyboard alone it is answered", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  const run = await begin("payer", "pay");
  await page.goto(`/ui/runs/${run}`);
  await card(page).getByLabel("Arguments, as JSON").focus();
  for (const key of ["Tab", "Tab", "Space", "Tab", "Enter"]) await page.keyboard.press(key);
  await page.getByText("It is paid.").first().waitFor();
  expect((await ended(run)).approvals).toMatchObject([{ state: "approved", remember: true }]);
});

test("runs in which a tool asks are on the page too: they come, and they go once they are answered", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto("/ui/approvals");
  await page.getByText("Nothing waits for a person").waitFor();
  const run = await begin("asker", "Ask me");
  await inNavigation(page, "1 waits");
  await page.getByRole("heading", { name: "Questions of tools" }).waitFor();
  const [question] = (await detail(run)).questions;
  const answer = { action: "accept", content: { name: "Ada" } };
  await server.ask("POST", `/api/v1/runs/${run}/questions/${question?.id}`, answer);
  await page.getByText("Nothing waits for a person").waitFor();
  expect(await ended(run)).toMatchObject({ state: "completed", output: "I have asked." });
});

test("a run that is cancelled elsewhere takes away what it waited for, also on a narrow screen", async () => {
  await using person = await visit(browser, server.url, { width: 380 });
  const { page } = person;
  await page.goto("/ui/approvals");
  const run = await begin("payer", "pay");
  await card(page).waitFor();
  const badge = page.getByRole("navigation").getByText("1", { exact: true });
  await badge.waitFor();
  await server.ask("POST", `/api/v1/runs/${run}/cancel`);
  await card(page).waitFor({ state: "detached" });
  await badge.waitFor({ state: "detached" });
  await page.getByText("Run ended").waitFor();
  expect((await detail(run)).approvals).toMatchObject([{ state: "cancelled" }]);
});
