import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";
import { violationsInBothThemes } from "./accessible.ts";
import { leaveBrowser, openBrowser, pressAnswer, stands, visit } from "./browser.ts";

verifies("dashboard.keyboard");

const place = tempDirectory();
let server: TestServer;
let browser: Browser;

const agent = (name: string, more = "") => `name = "${name}"
version = "1.0.0"
capabilities = ["testing"]
tools = ["calculator", "file_system"]
system_prompt = "You work."
user_prompt_template = "{{request}}"
[llm]
model = "scripted/talker.json"
${more}`;

const STORY = "Once upon a time there was a thread. ".repeat(12);
const when = (userIncludes: string) => ({ when: { userIncludes } });
const SCRIPT = [
  {
    ...when("sum"),
    reasoning: "I add them.",
    toolCalls: [{ name: "calculator__evaluate", arguments: { expression: "40+2" } }],
  },
  { ...when("sum"), text: "It is **42**." },
  { ...when("write"), toolCalls: [{ name: "file_system__write_file", arguments: { path: "note.txt", content: "x" } }] },
  { ...when("write"), text: "It is written." },
  { ...when("story"), text: STORY, chunkChars: 4, delayMs: 1_500 },
  { ...when("cut"), text: "This ends too", finish: "length" },
  { ...when("again"), text: "Answered again." },
  { text: "Good morning." },
];

beforeAll(async () => {
  browser = await openBrowser();
  server = await startServer({
    directory: place.path,
    files: {
      "examples/agents/talker.toml": agent("talker"),
      "examples/agents/careful.toml": agent("careful", `[permissions]\nask = ["calculator.*"]\n`),
      "scripts/talker.json": JSON.stringify(SCRIPT),
    },
    settings: { "models.scripted_directory": join(place.path, "scripts") },
  });
});
afterAll(async () => {
  await leaveBrowser(browser);
  await server?.[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

const create = async (name = "talker") =>
  contract.threads.Thread.parse((await server.ask("POST", "/api/v1/threads", { agent: name })).body).id;
const say = async (id: string, input: string, more: object = {}) => {
  const { body } = await server.ask("POST", `/api/v1/threads/${id}/messages`, { input, wait: true, ...more });
  return contract.threads.Sent.parse(body).run.id;
};

const box = (page: Page) => page.getByRole("textbox", { name: "Message" });
const log = (page: Page) => page.getByRole("log", { name: "Dialogue" });
async function type(page: Page, words: string): Promise<void> {
  await box(page).fill(words);
  await box(page).press("Enter");
}

const open = async (page: Page, id: string) => {
  await page.goto(`/ui/chat/${id}`);
  await box(page).waitFor();
};
/** What was said in the dialogue, message by message. */
const messages = (page: Page) => log(page).getByRole("group", { name: /says$/ }).allInnerTexts();
const soon = <Value>(value: () => Value | Promise<Value>) => expect.poll(value, { timeout: 15_000 });
const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });

test("a thread is started and answers with reasoning and tool calls, with the keyboard alone", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto("/ui/chat");
  await page.getByText("No threads").waitFor();
  await button(page, "New thread").press("Enter");
  await page.getByRole("dialog").getByRole("combobox", { name: "Agent" }).selectOption("talker");
  await button(page, "Start").press("Enter");
  await page.getByText("Send talker a message").waitFor();
  await box(page).press("x");
  await box(page).press("Shift+Enter");
  await box(page).pressSequentially("the sum");
  expect(await box(page).inputValue()).toBe("x\nthe sum");
  await box(page).press("Enter");
  await log(page).getByText("It is 42.").waitFor();
  expect(await box(page).inputValue()).toBe("");
  expect(await log(page).getByRole("strong").textContent()).toBe("42");
  await log(page).getByText("Reasoning").click();
  await log(page).getByText("I add them.").waitFor();
  await log(page).getByText("calculator.evaluate").click();
  await log(page).getByRole("group", { name: "Result" }).first().getByText("42").waitFor();
  await log(page)
    .getByText(/tokens · \$0\.00/)
    .waitFor();
  await log(page).getByRole("link", { name: "Run" }).click();
  await page.getByRole("link", { name: "Thread" }).click();
  await log(page).getByText("It is 42.").waitFor();
  expect(await violationsInBothThemes(page)).toEqual([]);
  expect(person.complaints).toEqual([]);
  expect(person.foreign).toEqual([]);
});

test("the next message can be written while one is sent, and sent before the thread is read again", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  const id = await create();
  await open(page, id);
  const accepted = Promise.withResolvers<undefined>();
  const read = Promise.withResolvers<undefined>();
  await page.route(`**/api/v1/threads/${id}/messages`, async (route) => {
    await accepted.promise;
    await route.continue();
  });
  await page.route(new RegExp(`/api/v1/threads/${id}(\\?.*)?$`), async (route) => {
    await read.promise;
    await route.continue();
  });
  await type(page, "first");
  await button(page, "Sending").waitFor();
  await box(page).fill("second");
  accepted.resolve(undefined);
  await button(page, "Send").waitFor();
  expect(await box(page).inputValue()).toBe("second");
  await box(page).press("Enter");
  await soon(() => box(page).inputValue()).toBe("");
  read.resolve(undefined);
  await soon(() => messages(page)).toHaveLength(4);
});

test("a message that is edited begins another branch, after the effects that stay are shown", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  const id = await create();
  await say(id, "hello");
  await say(id, "write a note");
  await say(id, "the end");
  await open(page, id);
  await log(page).getByText("the end").waitFor();
  await button(page, "Edit and resend").nth(1).click();
  const edited = log(page).getByRole("textbox", { name: "Message" });
  await log(page)
    .getByRole("note")
    .getByText(/file_system\.write_file .*"path"/)
    .waitFor();
  await edited.fill("do it again");
  await edited.press("Enter");
  await log(page).getByText("2 / 2").waitFor();
  await log(page).getByText("Answered again.").waitFor();
  expect(await log(page).getByText("the end").count()).toBe(0);
  await button(page, "Previous branch").click();
  await log(page).getByText("1 / 2").waitFor();
  await log(page).getByText("the end").waitFor();
  await button(page, "Answer again").nth(1).click();
  await page.getByRole("dialog").getByText("file_system.write_file").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Answer again" }).click();
  await log(page).getByText("3 / 3").waitFor();
  await button(page, "Answer again").last().click();
  await page.keyboard.press("Escape");
  expect(await violationsInBothThemes(page)).toEqual([]);
});

test("a thread is forked, renamed and deleted", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  const id = await create();
  await say(id, "hello");
  await say(id, "hello once more");
  await open(page, id);
  await log(page).getByRole("button", { name: "More" }).first().click();
  await page.getByRole("menuitem", { name: "Fork into a new thread" }).click();
  await soon(() => page.url()).not.toContain(id);
  await soon(() => messages(page)).toHaveLength(2);
  await page.getByRole("link", { name: "Forked from another thread" }).waitFor();
  await button(page, "Thread actions").click();
  await page.getByRole("menuitem", { name: "Rename" }).click();
  await page.getByLabel("Title", { exact: true }).fill("Kumquats");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Kumquats" }).waitFor();
  await page.getByLabel("Search threads").fill("kumquats");
  await soon(() => page.getByRole("navigation", { name: "Threads" }).getByRole("link").count()).toBe(1);
  await button(page, "Thread actions").click();
  await page.getByRole("menuitem", { name: "Delete thread" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete thread" }).click();
  await page.getByText("Choose a thread").waitFor();
  const { items } = contract.threads.TurnPage.parse((await server.ask("GET", `/api/v1/threads/${id}/turns`)).body);
  expect(items).toHaveLength(2);
});

test("during a turn messages wait, join or are withdrawn, and a stopped turn keeps what was written", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  await open(page, await create());
  await type(page, "a story");
  await button(page, "Stop").waitFor();
  await type(page, "first in line");
  await page.getByRole("region", { name: "1 message waits" }).waitFor();
  await type(page, "second in line");
  await page.getByRole("region", { name: "2 messages wait" }).waitFor();
  await page.getByRole("combobox", { name: "During a turn" }).selectOption("Join the turn");
  await type(page, "and be brief");
  await log(page).getByText("joined the turn").waitFor();
  await button(page, 'Withdraw "first in line"').click();
  await page.getByRole("region", { name: "1 message waits" }).waitFor();
  expect(await violationsInBothThemes(page)).toEqual([]);
  await button(page, "Stop").click();
  await log(page).getByText("The turn was cancelled.").first().waitFor();
  await log(page).getByText("second in line").waitFor();
  expect(await log(page).getByText("first in line").count()).toBe(0);
});

test("two readers see the same order live, and a title and branch that one of them changes", async () => {
  await using one = await visit(browser, server.url);
  await using other = await visit(browser, server.url);
  const id = await create();
  await open(one.page, id);
  await open(other.page, id);
  await Promise.all([type(one.page, "hello from one"), type(other.page, "hello from the other")]);
  for (const { page } of [one, other]) await soon(() => messages(page)).toHaveLength(4);
  expect(await messages(one.page)).toEqual(await messages(other.page));
  await server.ask("PATCH", `/api/v1/threads/${id}`, { title: "Two at once" });
  await other.page.getByRole("heading", { level: 1, name: "Two at once" }).waitFor();
  await button(one.page, "Answer again").first().click();
  await other.page.getByText("2 / 2").waitFor();
  for (const { page } of [one, other]) await soon(() => messages(page)).toHaveLength(2);
  await button(other.page, "Previous branch").click();
  await one.page.getByText("1 / 2").waitFor();
  await soon(() => messages(one.page)).toHaveLength(4);
});

/** A image of one pixel. */
const DOT = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);
const file = (name: string, mimeType: string, content: string | Buffer = "x") => ({
  name,
  mimeType,
  buffer: Buffer.from(content),
});

test("files are attached, previewed, limited and sent", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  await open(page, await create());
  const picker = page.locator("input[type=file]");
  await picker.setInputFiles([file("report.pdf", "application/pdf", "%PDF-1.4"), file("photo.png", "image/png", DOT)]);
  await page.getByRole("link", { name: "Preview of report.pdf" }).waitFor();
  await page.getByRole("img", { name: "Preview of photo.png" }).waitFor();
  await picker.setInputFiles(Array.from({ length: 15 }, (_none, at) => file(`${at}.txt`, "text/plain")));
  await page.getByRole("alert").getByText("at most 16 files").waitFor();
  await box(page).fill("hello");
  expect(await button(page, "Send").isDisabled()).toBe(true);
  for (let at = 0; at < 15; at += 1) await button(page, `Do not send ${at}.txt`).click();
  await button(page, "Send").click();
  await log(page).getByText("Good morning.").waitFor();
  expect(await log(page).getByRole("list", { name: "Attached" }).innerText()).toMatch(/report\.pdf[^]*photo\.png/);
  for (const view of ["chat", "run"]) {
    if (view === "run") await log(page).getByRole("link", { name: "Run" }).click();
    const image = page.getByRole("img", { name: "Attached image photo.png" });
    await soon(() => image.evaluate((shown) => Number(Reflect.get(shown, "naturalWidth")))).toBe(1);
    const downloads = page.waitForEvent("download");
    await page.getByTitle("Download report.pdf").click();
    const saved = await (await downloads).path();
    expect(readFileSync(saved, "utf8")).toBe("%PDF-1.4");
  }
  expect(person.complaints).toEqual([]);
});

test("a call is approved in the dialogue", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  await open(page, await create("careful"));
  await type(page, "the sum");
  const approve = button(page, "Approve");
  // Whether the arguments count as read depends on frames, which a headless browser may not draw.
  await soon(async () => {
    await stands(page);
    return approve.isEnabled();
  }).toBe(true);
  expect(await violationsInBothThemes(page)).toEqual([]);
  await pressAnswer(approve);
  await log(page).getByText("It is 42.").waitFor();
});

test("a long thread is read page by page, and a typed message survives a reload", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  const id = await create();
  for (let at = 1; at <= 50; at += 1) await say(id, `message number ${at}`);
  await open(page, id);
  await log(page).getByText("message number 50").waitFor();
  expect(await messages(page)).toHaveLength(40);
  for (const shown of [80, 100]) {
    await button(page, "Show earlier messages").click();
    await soon(() => log(page).locator("article").count()).toBe(shown / 2);
  }
  await log(page).getByText("message number 1", { exact: true }).scrollIntoViewIfNeeded();
  await box(page).fill("half a thought");
  await page.reload();
  await log(page).getByText("message number 50").waitFor();
  expect(await box(page).inputValue()).toBe("half a thought");
});
