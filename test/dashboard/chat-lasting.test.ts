import { cpSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { withEarlier } from "../../dashboard/src/api/threads/turns.ts";
import * as contract from "../../src/api/contract/index.ts";
import { CaxtonProcess } from "../helpers/process.ts";
import { repository, startServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";
import { violationsInBothThemes } from "./accessible.ts";
import { leaveBrowser, openBrowser, visit } from "./browser.ts";
import { freePort } from "../helpers/free-port.ts";

verifies("api.resume");

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(async () => leaveBrowser(browser));

const agent = (name: string, tools: string) => `name = "${name}"
version = "1.0.0"
capabilities = ["testing"]
tools = [${tools}]
system_prompt = "You work."
user_prompt_template = "{{request}}"
[llm]
model = "scripted/talker.json"
`;
const log = (page: Page) => page.getByRole("log", { name: "Dialogue" });
const box = (page: Page) => page.getByRole("textbox", { name: "Message" });
/** What was said in the dialogue, message by message. */
const messages = (page: Page) => log(page).getByRole("group", { name: /says$/ }).allInnerTexts();
async function type(page: Page, words: string): Promise<void> {
  await box(page).fill(words);
  await box(page).press("Enter");
}

/** Longer than any machine needs until the server is killed. */
const ENDLESS_MS = 600_000;
const ANSWER = "It was there all the time.";
const script = (delayMs: number) =>
  JSON.stringify([{ when: { userIncludes: "slowly" }, text: ANSWER, delayMs }, { text: "Good morning." }]);

function workplace(port: number): Disposable & { readonly path: string } {
  const directory = tempDirectory();
  mkdirSync(join(directory.path, "agents"));
  cpSync(join(repository, "examples/data"), join(directory.path, "examples/data"), { recursive: true });
  writeFileSync(join(directory.path, "agents/talker.toml"), agent("talker", ""));
  writeFileSync(join(directory.path, "talker.json"), script(ENDLESS_MS));
  writeFileSync(join(directory.path, "caxton.toml"), `[server]\nport = ${port}\n[models]\nscripted_directory = "."\n`);
  return directory;
}

async function serve(cwd: string): Promise<{ readonly process: CaxtonProcess; readonly url: string }> {
  const started = new CaxtonProcess(["serve", "-o", "json"], { cwd });
  const [, url = ""] = await started.printed(/"url":"(http:[^"]+)"/);
  return { process: started, url };
}

test("a server that is killed during a turn loses nothing, and the open page continues", async () => {
  using place = workplace(await freePort());
  const first = await serve(place.path);
  await using killed = first.process;
  await using person = await visit(browser, first.url);
  const { page } = person;
  await page.goto("/ui/chat");
  await page.getByRole("button", { name: "New thread" }).click();
  await page.getByRole("button", { name: "Start" }).click();
  await type(page, "hello");
  await log(page).getByText("Good morning.").waitFor();
  await type(page, "slowly");
  await log(page).getByText("talker is working").waitFor();
  await type(page, "in line");
  await page.getByRole("region", { name: "1 message waits" }).waitFor();
  killed.kill("SIGKILL");
  await killed.ended();
  await page.getByText(/Reconnecting/).waitFor();
  await type(page, "sent while it was down");
  await page.getByText("SERVER_UNREACHABLE").waitFor();
  expect(await box(page).inputValue()).toBe("sent while it was down");
  writeFileSync(join(place.path, "talker.json"), script(0));
  const second = await serve(place.path);
  await using server = second.process;
  void server;
  await log(page).getByText(ANSWER).waitFor();
  await box(page).press("Enter");
  await expect.poll(() => messages(page), { timeout: 30_000 }).toHaveLength(8);
  const said = await messages(page);
  expect(said.filter((each) => each.includes("sent while it was down"))).toHaveLength(1);
  await page.reload();
  await expect.poll(() => messages(page), { timeout: 15_000 }).toEqual(said);
});

const turnOf = (run: string, state: "running" | "completed" = "completed") =>
  contract.threads.Turn.parse({
    run,
    state,
    parent: null,
    siblings: [run],
    agent: "talker",
    handoffs: { from: null, to: null },
    revision: 1,
    in_context: "whole",
    added: [],
    messages: [],
    created_at: "2026-11-23T12:00:00Z",
    ended_at: null,
    input_tokens: 0,
    output_tokens: 0,
    cost: { usd: 0, unpriced_calls: 0, estimated_calls: 0 },
  });

test("turns that have not changed stay the same objects, and earlier ones stay with their branch", () => {
  const known = { items: [turnOf("3", "running"), turnOf("2"), turnOf("1"), turnOf("0")], next: "earlier", added: [] };
  const read = withEarlier({ items: [turnOf("4"), turnOf("3"), turnOf("2")], next: "two", added: [] }, known);
  expect(read.items.map(({ run }) => run)).toEqual(["4", "3", "2", "1", "0"]);
  expect(read.next).toBe("earlier");
  expect(read.items[1]?.state).toBe("completed");
  expect(read.items.slice(2).every((each, at) => each === known.items[at + 1])).toBe(true);
  const branch = { items: [turnOf("b"), turnOf("a")], next: "others", added: [] };
  expect(withEarlier(branch, known)).toEqual(branch);
});

test("a question of the agent is answered in the dialogue", async () => {
  const question = { question: "Which colour?", options: ["red", "blue"] };
  await using server = await startServer({
    files: {
      "examples/agents/talker.toml": agent("talker", '"user"'),
      "scripts/talker.json": JSON.stringify([
        { toolCalls: [{ name: "user__ask_user", arguments: question }] },
        { text: "So be it." },
      ]),
    },
    settings: { "models.scripted_directory": "scripts" },
  });
  await using person = await visit(browser, server.url);
  const { page } = person;
  const { body } = await server.ask("POST", "/api/v1/threads", { agent: "talker" });
  await page.goto(`/ui/chat/${contract.threads.Thread.parse(body).id}`);
  await type(page, "paint it");
  await log(page).getByText("Which colour?", { exact: true }).waitFor();
  expect(await violationsInBothThemes(page)).toEqual([]);
  await log(page).getByRole("button", { name: "blue", exact: true }).click();
  await log(page).getByText("So be it.").waitFor();
  await log(page).getByText("user.ask_user").click();
  await log(page).getByRole("group", { name: "Result" }).first().getByText("blue").waitFor();
  // A question has no effects that would stay.
  await page.getByRole("button", { name: "Edit and resend" }).click();
  await log(page).getByRole("textbox", { name: "Message" }).waitFor();
  expect(await log(page).getByRole("note").count()).toBe(0);
  expect(person.complaints).toEqual([]);
});

const keyOf = (answer: unknown) => contract.keys.CreatedApiKey.parse(answer).key ?? "";

test("who may read but not run can read a thread, and without the right to content the page says so", async () => {
  const clerk = { description: "Runs agents", permissions: ["agents:read", "runs:read", "runs:execute"] };
  await using server = await startServer({ settings: { "access.mode": "required", "access.roles": { clerk } } });
  const post = async (path: string, body: object, token: string) => {
    const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
    const response = await fetch(`${server.url}/api/v1${path}`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    return response.json();
  };
  const setup = server.started.setupToken ?? "";
  const admin = keyOf(await post("/keys", { name: "admin", role: "admin" }, setup));
  const { id } = contract.threads.Thread.parse(await post("/threads", { agent: "greeter" }, admin));
  await post(`/threads/${id}/messages`, { input: "hello", wait: true }, admin);
  for (const [role, words] of [
    ["readonly", /You can read this thread only/],
    ["clerk", /runs:read-content/],
  ] as const) {
    const key = keyOf(await post("/keys", { name: role, role }, admin));
    await using person = await visit(browser, server.url);
    const { page } = person;
    await page.goto(`/ui/chat/${id}`);
    await page.getByLabel("API key").fill(key);
    await page.getByRole("button", { name: "Log in" }).click();
    await page.getByRole("main").getByText(words).first().waitFor();
    expect(await box(page).count()).toBe(0);
    expect(await violationsInBothThemes(page)).toEqual([]);
  }
});

test("messages that were added without a run are shown at their places, and appear when they are added", async () => {
  await using server = await startServer();
  const { body } = await server.ask("POST", "/api/v1/threads", { agent: "greeter" });
  const { id } = contract.threads.Thread.parse(body);
  const add = (text: string, answer: string) =>
    server.ask("POST", `/api/v1/threads/${id}/added-messages`, {
      messages: [
        { role: "user", text },
        { role: "assistant", text: answer },
      ],
    });
  await add("I prefer metric units.", "Noted.");
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto(`/ui/chat/${id}`);
  await log(page).getByText("I prefer metric units.").waitFor();
  await server.ask("POST", `/api/v1/threads/${id}/messages`, { input: "good morning", wait: true });
  await log(page).getByText("good morning").waitFor();
  await add("And 24 hours.", "Of course.");
  await log(page).getByText("Of course.").waitFor();
  const said = await log(page).innerText();
  const places = ["I prefer metric units.", "Noted.", "good morning", "And 24 hours.", "Of course."].map((text) =>
    said.indexOf(text),
  );
  expect(places).not.toContain(-1);
  expect(places).toEqual(places.toSorted((one, other) => one - other));
});
