import type { Browser, Page, Route } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { leaveBrowser, openBrowser, visit } from "./browser.ts";

let server: TestServer;
let browser: Browser;

const agent = (name: string, more: string) => `name = "${name}"
version = "1.0.0"
capabilities = ["testing"]
system_prompt = "You work."
user_prompt_template = "{{request}}"
model = "scripted/${name}.json"
${more}`;
const question = (text: string) => ({
  toolCalls: [{ name: "user__ask_user", arguments: { question: text, options: ["red", "blue"] } }],
});
const approval = { toolCalls: [{ name: "calculator__evaluate", arguments: { expression: "40+2" } }] };

beforeAll(async () => {
  browser = await openBrowser();
  server = await startServer({
    files: {
      "examples/agents/painter.toml": agent("painter", `tools = ["user"]\n`),
      "examples/agents/careful.toml": agent(
        "careful",
        `tools = ["calculator"]\n[permissions]\nask = ["calculator.*"]\n`,
      ),
      "scripts/painter.json": JSON.stringify([
        { ...question("Which colour?"), delayMs: 200 },
        question("Which shade?"),
        { text: "So be it." },
      ]),
      "scripts/careful.json": JSON.stringify([{ ...approval, delayMs: 200 }, { text: "It is 42." }]),
    },
    settings: { "models.scripted_directory": "scripts" },
  });
});
afterAll(async () => {
  await leaveBrowser(browser);
  await server?.[Symbol.asyncDispose]();
});

const create = async (name: string) =>
  contract.threads.Thread.parse((await server.ask("POST", "/api/v1/threads", { agent: name })).body).id;
const send = async (id: string) => {
  const { body } = await server.ask("POST", `/api/v1/threads/${id}/messages`, { input: "go", attended: true });
  return contract.threads.Sent.parse(body).run.id;
};
const runOf = async (id: string) => contract.runs.RunDetail.parse((await server.ask("GET", `/api/v1/runs/${id}`)).body);
const openQuestion = async (run: string) => (await runOf(run)).questions.find(({ state }) => state === "open");
/** Waits until a run waits for a person. */
async function waits(run: string): Promise<void> {
  await expect
    .poll(async () => {
      const { questions, approvals, resting } = await runOf(run);
      return [...questions, ...approvals].some(({ state }) => state === "open") && (resting || questions.length > 0);
    })
    .toBe(true);
}
async function answer(run: string): Promise<void> {
  const asked = await openQuestion(run);
  const given = { action: "accept", content: "red" };
  const { status, body } = await server.ask("POST", `/api/v1/runs/${run}/inputs/${asked?.id}`, given);
  expect(status, JSON.stringify(body)).toBe(200);
}

const SOON = { timeout: 15_000 };
const isStream = (url: URL) => url.pathname === "/api/v1/events";

/** Holds requests back until released. An answer that was read before is given afterwards. */
async function held(page: Page, isHeld: (url: URL) => boolean, when: "asked" | "answered") {
  const gate = Promise.withResolvers<void>();
  const seen = Promise.withResolvers<void>();
  let released = false;
  await page.route(isHeld, async (route: Route) => {
    if (released) return route.continue();
    if (when === "asked") {
      seen.resolve();
      await gate.promise;
      return route.continue();
    }
    const response = await route.fetch();
    seen.resolve();
    await gate.promise;
    return route.fulfill({ response });
  });
  return {
    seen: seen.promise,
    release: () => {
      released = true;
      gate.resolve();
    },
  };
}

test("what begins to wait between the first answer and the stream of events appears", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  const id = await create("careful");
  const stream = await held(page, isStream, "asked");
  await page.goto(`/ui/chat/${id}`);
  await page.getByText("Send careful a message").waitFor();
  await stream.seen;
  await waits(await send(id));
  stream.release();
  await expect.poll(() => page.getByRole("log").getByRole("button", { name: "Approve" }).isVisible(), SOON).toBe(true);
});

test("an answer that is older than an event is read again", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  const id = await create("painter");
  const run = await send(id);
  await waits(run);
  const old = await held(page, ({ pathname }) => pathname === `/api/v1/runs/${run}`, "answered");
  const live = page.waitForResponse((response) => isStream(new URL(response.url())));
  await page.goto(`/ui/runs/${run}`);
  await live;
  await old.seen;
  await answer(run);
  await waits(run);
  expect((await openQuestion(run))?.message).toBe("Which shade?");
  // Longer than the frame in which the server sends its events.
  await new Promise((resolve) => setTimeout(resolve, 500));
  old.release();
  await expect
    .poll(
      () =>
        page
          .getByRole("region", { name: /painter/ })
          .getByText("Which shade?", { exact: true })
          .isVisible(),
      SOON,
    )
    .toBe(true);
});

test("a turn of another client that begins while the thread is read appears", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  const id = await create("painter");
  const old = await held(page, ({ pathname }) => pathname === `/api/v1/threads/${id}/turns`, "answered");
  const live = page.waitForResponse((response) => isStream(new URL(response.url())));
  await page.goto(`/ui/chat/${id}`);
  await live;
  await old.seen;
  await waits(await send(id));
  await new Promise((resolve) => setTimeout(resolve, 500));
  old.release();
  await expect
    .poll(() => page.getByRole("log").getByText("Which colour?", { exact: true }).isVisible(), SOON)
    .toBe(true);
});

test.each(Array.from({ length: 8 }, (_none, index) => index * 60))(
  "a page that is opened %i ms before its run begins to wait shows the question and the approval",
  async (beforeMs) => {
    for (const [name, words] of [
      ["painter", "Which colour?"],
      ["careful", "calculator.evaluate"],
    ] as const) {
      await using person = await visit(browser, server.url);
      const { page } = person;
      const id = await create(name);
      const run = await send(id);
      await new Promise((resolve) => setTimeout(resolve, beforeMs));
      await page.goto(beforeMs % 120 === 0 ? `/ui/runs/${run}` : `/ui/chat/${id}`);
      const card = page.getByRole("region").filter({ has: page.getByRole("button", { name: /^(?:red|Approve)$/ }) });
      await expect.poll(() => card.getByText(words).first().isVisible(), SOON).toBe(true);
    }
  },
);
