import { join } from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import { effectOf } from "../../dashboard/src/pages/approvals/effect.ts";
import * as contract from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { Endpoint, legacyListener } from "../tools/remote/room.ts";
import { newState, testServer } from "../tools/remote/test-server.ts";
import { leaveBrowser, openBrowser, pressAnswer, stands, visit } from "./browser.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("approval.hash", "dashboard.keyboard");

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
      "examples/agents/probe.toml": agent("probe", "remote"),
      "examples/agents/writer.toml": agent("writer", "calculator", `[permissions]\nask = ["calculator.*"]\n`),
      "examples/agents/packer.toml": agent("packer", "user"),
      "scripts/packer.json": JSON.stringify([
        {
          toolCalls: [
            { name: "user__ask_user", arguments: { question: "Which colour?", options: ["red", "blue"] } },
            { name: "user__ask_user", arguments: { question: "For whom?" } },
          ],
        },
        { text: "It is packed." },
      ]),
      "scripts/writer.json": script(
        "calculator__evaluate",
        { expression: `1${"\n+1".repeat(1_500)}` },
        "It is written.",
      ),
      "scripts/payer.json": script("calculator__evaluate", { expression: "40+2" }, "It is paid."),
      "scripts/probe.json": script("remote__ask", {}, "I have asked."),
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

// A test that fails leaves nothing behind that would fail the next ones.
afterEach(async () => {
  const { body } = await server.ask("GET", "/api/v1/approvals?state=open");
  await cancelAll(contract.approvals.ApprovalPage.parse(body).items.map(({ run }) => run));
});

/** Polls for up to 15 s: the machine may be busy. */
const soon = <Value>(value: () => Value | Promise<Value>) => expect.poll(value, { timeout: 15_000 });

async function begin(name: string, input: string): Promise<string> {
  const { body } = await server.ask("POST", "/api/v1/runs", { agent: name, input });
  return contract.runs.RunSummary.parse(body).id;
}
const detail = async (id: string) =>
  contract.runs.RunDetail.parse((await server.ask("GET", `/api/v1/runs/${id}`)).body);
async function ended(id: string) {
  await soon(async () => (await detail(id)).ended_at).not.toBeNull();
  return await detail(id);
}
const result = (run: contract.runs.RunDetail) => run.step_list.find((step) => step.kind === "tool")?.text;
const inNavigation = (page: Page, words: string) =>
  page
    .getByRole("navigation")
    .getByRole("link", { name: `Approvals ${words}` })
    .waitFor();
const CARDS = { name: "Approve calculator.evaluate?" };
/** The card that waits; answered ones have no buttons. */
const card = (page: Page) =>
  page.getByRole("region", CARDS).filter({ has: page.getByRole("button", { name: "Refuse" }) });
/** Whether the end of the arguments counts as seen depends on frames, which a headless browser may not draw. */
const isApprovable = (page: Page, cards: Locator) =>
  soon(async () => {
    await stands(page);
    return cards.getByRole("button", { name: "Approve" }).isEnabled();
  }).toBe(true);
const isSteady = (page: Page) => soon(() => page.locator("[aria-disabled=true]").count()).toBe(0);

test("a waiting call appears automatically and is counted; changed and approved it continues, refused it receives the reason", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto("/ui/approvals");
  await page.getByText("No pending approvals").waitFor();
  const first = await begin("payer", "pay");
  await inNavigation(page, "1 waits");
  await card(page).getByText('"expression": "40+2"').waitFor();
  await card(page).getByText("Asked for by calculator.* of the agent.").waitFor();
  await card(page).getByRole("heading", { name: "Call calculator.evaluate with expression: 40+2" }).waitFor();
  await card(page)
    .getByText(/for payer, (just now|\d+ s ago)/)
    .waitFor();
  await card(page).getByRole("button", { name: "Change arguments" }).click();
  const given = card(page).getByRole("textbox", { name: "Arguments, as JSON" });
  await given.fill("oops");
  await card(page).getByText("This is not a JSON object.").waitFor();
  expect(await card(page).getByRole("button", { name: "Approve with these arguments" }).isDisabled()).toBe(true);
  await given.fill('{"expression": 5}');
  await pressAnswer(card(page).getByRole("button", { name: "Approve with these arguments" }));
  await card(page).getByText("APPROVAL_EDIT_INVALID").waitFor();
  await given.fill('{"expression": "40+3"}');
  await card(page).getByRole("textbox", { name: "Note for the model" }).fill("one more");
  await pressAnswer(card(page).getByRole("button", { name: "Approve with these arguments" }));
  await page.getByRole("region", CARDS).getByText("Approved by local: one more").waitFor();
  const approved = await ended(first);
  expect(approved).toMatchObject({ state: "completed", output: "It is paid.", approvals: [{ note: "one more" }] });
  expect(result(approved)).toMatch(/43/);
  const second = await begin("payer", "pay again");
  await card(page).getByRole("textbox", { name: "Note for the model" }).fill("too much");
  await pressAnswer(card(page).getByRole("button", { name: "Refuse" }));
  await page.getByRole("region", CARDS).getByText("Refused by local: too much").waitFor();
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
  await isApprovable(page, card(page));
  for (const key of ["Tab", "Tab", "Space", "Tab"]) await page.keyboard.press(key);
  await isSteady(page);
  await page.keyboard.press("Enter");
  await page.getByText("It is paid.").first().waitFor();
  expect((await ended(run)).approvals).toMatchObject([{ state: "approved", remember: true }]);
});

test("runs in which a tool asks are on the page too: they come, and they go once they are answered", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto("/ui/approvals");
  await page.getByText("No pending approvals").waitFor();
  const run = await begin("probe", "Ask me");
  await inNavigation(page, "1 waits");
  await page.getByRole("heading", { name: "Questions" }).waitFor();
  const [question] = (await detail(run)).questions;
  const answer = { action: "accept", content: { name: "Ada" } };
  await server.ask("POST", `/api/v1/runs/${run}/inputs/${question?.id}`, answer);
  await page.getByText("No pending approvals").waitFor();
  expect(await ended(run)).toMatchObject({ state: "completed", output: "I have asked." });
});

test("questions of the model are answered on the page of their run, by an option or a text", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto("/ui/approvals");
  await page.getByText("No pending approvals").waitFor();
  const run = await begin("packer", "pack");
  await page.getByRole("heading", { name: "Questions" }).waitFor();
  await page.getByRole("link", { name: "packer" }).first().click();
  const asked = (question: string) => page.getByRole("region", { name: "packer asks" }).filter({ hasText: question });
  await asked("Which colour?").getByRole("button", { name: "blue" }).click();
  await asked("Which colour?").waitFor({ state: "detached" });
  await asked("For whom?").getByRole("textbox").fill("for Ada");
  await asked("For whom?").getByRole("button", { name: "Answer" }).click();
  await page.getByText("It is packed.").first().waitFor();
  const over = await ended(run);
  expect(over.step_list.flatMap((step) => (step.kind === "tool" ? [step.text] : []))).toEqual(["blue", "for Ada"]);
  expect(person.complaints).toEqual([]);
});

test("a run that is cancelled elsewhere removes its waiting calls, also on a narrow screen", async () => {
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
  await page.getByRole("region", CARDS).getByText("Run ended").waitFor();
  expect((await detail(run)).approvals).toMatchObject([{ state: "cancelled" }]);
});

/** States of the runs' approvals, in the order of the runs. */
const states = async (runs: readonly string[]) =>
  Promise.all(runs.map(async (id) => (await detail(id)).approvals[0]?.state));
const labels = (page: Page) =>
  page.getByRole("region", CARDS).evaluateAll((cards) => cards.map((each) => each.getAttribute("aria-label")));
const approvalOf = async (run: string) => (await detail(run)).approvals[0]?.id ?? "";
/** Runs that wait, the oldest first. */
async function waiting(name: string, ...inputs: readonly string[]): Promise<readonly string[]> {
  const runs: string[] = [];
  for (const input of inputs) {
    const run = await begin(name, input);
    await soon(() => states([run])).toEqual(["open"]);
    runs.push(run);
  }
  return runs;
}
const cancelAll = (runs: readonly string[]) =>
  Promise.all(runs.map((run) => server.ask("POST", `/api/v1/runs/${run}/cancel`)));
const middleOf = async (target: Locator) => {
  await target.scrollIntoViewIfNeeded();
  // The guard looks ten times a second whether something moved.
  await target.page().waitForTimeout(200);
  const box = await target.boundingBox();
  return { x: (box?.x ?? 0) + (box?.width ?? 0) / 2, y: (box?.y ?? 0) + (box?.height ?? 0) / 2 };
};

// approvals.guard.G1
test("neither a double click nor two quick clicks answer more than the card that was read", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  const runs = await waiting("payer", "order 1", "order 2", "order 3", "order 4");
  await page.goto("/ui/approvals");
  await soon(() => card(page).count()).toBe(4);
  await isSteady(page);
  const approve = (index: number) => card(page).nth(index).getByRole("button", { name: "Approve" });
  const asked = page.waitForRequest((request) => request.method() === "POST");
  const first = await middleOf(approve(0));
  await isSteady(page);
  await page.mouse.dblclick(first.x, first.y);
  expect(z.object({ hash: z.string() }).parse((await asked).postDataJSON()).hash).toMatch(/^[0-9a-f]{64}$/);
  await soon(() => states(runs)).toEqual(["approved", "open", "open", "open"]);
  await soon(() => card(page).count()).toBe(3);
  const second = await middleOf(approve(0));
  await isSteady(page);
  await page.mouse.click(second.x, second.y);
  await page.waitForTimeout(350);
  await page.mouse.click(second.x, second.y);
  await soon(() => states(runs)).toEqual(["approved", "approved", "open", "open"]);
  const refuse = await middleOf(card(page).first().getByRole("button", { name: "Refuse" }));
  await isSteady(page);
  await page.mouse.dblclick(refuse.x, refuse.y);
  await soon(() => states(runs)).toEqual(["approved", "approved", "denied", "open"]);
  await page.waitForTimeout(300);
  expect(await states(runs)).toEqual(["approved", "approved", "denied", "open"]);
  await cancelAll(runs);
  expect(person.complaints).toEqual([]);
});

// approvals.guard.G1
test("a new call comes last, and a card that moves under the pointer takes no answer for a moment", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  const old = await waiting("payer", "refund of order 1000", "refund of order 1001");
  await page.goto("/ui/approvals");
  await soon(() => card(page).count()).toBe(2);
  const before = await labels(page);
  const added = await waiting("payer", "refund of order 1002");
  await soon(() => card(page).count()).toBe(3);
  const ends = await Promise.all([...old, ...added].map(async (run) => (await approvalOf(run)).slice(-8)));
  expect(await labels(page)).toEqual(ends.map((end) => `Approve calculator.evaluate? ${end}`));
  expect(before).toEqual((await labels(page)).slice(0, 2));
  const spot = await middleOf(card(page).first().getByRole("button", { name: "Approve" }));
  await page.mouse.move(spot.x, spot.y);
  await isSteady(page);
  // Something above grows by the distance of two cards, and the click that was on its way hits another one.
  const [one, two] = await Promise.all([0, 1].map((index) => card(page).nth(index).boundingBox()));
  await page.evaluate(
    `document.querySelector("section[aria-label]").style.marginTop = "-${(two?.y ?? 0) - (one?.y ?? 0)}px"`,
  );
  await page.mouse.click(spot.x, spot.y);
  await page.getByText("Not sent: the list had just changed.").waitFor();
  expect(await states([...old, ...added])).toEqual(["open", "open", "open"]);
  const request = card(page).nth(1).getByRole("link", { name: "refund of order 1001" });
  await request.click();
  await page.waitForURL(`**/ui/runs/${old[1]}`);
  await cancelAll([...old, ...added]);
});

test.each([390, 1_360])(
  "at %i pixels a call is approved once the end of its arguments was on the screen",
  async (width) => {
    await using person = await visit(browser, server.url, { width });
    const { page } = person;
    const runs = await waiting("writer", "write the report");
    for (const path of ["/ui/approvals", `/ui/runs/${runs[0]}`]) {
      await page.goto(path);
      const long = page.getByRole("region", { name: "Approve calculator.evaluate?" });
      const approve = long.getByRole("button", { name: "Approve" });
      await long.getByText("Scroll to the end of the arguments to approve.").waitFor();
      await approve.scrollIntoViewIfNeeded();
      await stands(page);
      await isSteady(page);
      expect(await approve.isDisabled()).toBe(true);
      expect(await long.getByRole("button", { name: "Refuse" }).isDisabled()).toBe(false);
      const given = long.getByLabel("Arguments, as JSON");
      await given.evaluate((box) => box.scrollTo(0, box.scrollHeight / 2));
      await stands(page);
      await isSteady(page);
      expect(await approve.isDisabled()).toBe(true);
      await given.evaluate((box) => box.scrollTo(0, box.scrollHeight));
      await isApprovable(page, long);
    }
    await cancelAll(runs);
  },
);

test("an answer that names the hash of another call is refused, and those that wait are listed oldest first", async () => {
  const [first = "", second = ""] = await waiting("payer", "one", "two");
  const list = async (query: string) =>
    contract.approvals.ApprovalPage.parse((await server.ask("GET", `/api/v1/approvals?${query}`)).body);
  const open = (await list("state=open")).items;
  expect(open.map(({ run, input_preview }) => [run, input_preview])).toEqual([
    [first, "one"],
    [second, "two"],
  ]);
  expect((await list("state=open&order=newest")).items.map(({ run }) => run)).toEqual([second, first]);
  expect((await list("limit=2")).items.map(({ run }) => run)).toEqual([second, first]);
  const { next } = await list("state=open&limit=1");
  expect((await list(`state=open&limit=1&cursor=${next}`)).items).toMatchObject([{ run: second }]);
  for (const word of ["approve", "deny"]) {
    const wrong = await server.ask("POST", `/api/v1/approvals/${open[0]?.id}/${word}`, { hash: "0".repeat(64) });
    expect(wrong).toMatchObject({ status: 409, body: { code: "APPROVAL_MISMATCH" } });
  }
  expect(await states([first, second])).toEqual(["open", "open"]);
  const { hash } = open[0] ?? {};
  expect((await server.ask("POST", `/api/v1/approvals/${open[0]?.id}/approve`, { hash })).status).toBe(200);
  await cancelAll([second]);
});

const effect = (tool: string, given: contract.Approval["arguments"]) => effectOf({ tool, arguments: given });

test("a card says what its call does", () => {
  const url = "https://api.payments.example@evil.example/v1/refunds?to=me";
  expect(effect("http_client.request", { method: "post", url })).toBe("POST evil.example/v1/refunds?to=me");
  expect(effect("http_client.get", { url: "http://a.example" })).toBe("GET a.example/");
  expect(effect("file_system.write_file", { path: "x", content: "y" })).toBe("Write the file x");
  expect(effect("file_system.move_file", { from: "a", to: "b" })).toBe("Move the file a to b");
  expect(effect("database.execute", { sql: "DELETE\n FROM orders" })).toBe("SQL: DELETE FROM orders");
  expect(effect("pay.out", { url: "x", sum: 4 })).toBe("Call pay.out with url: x, sum: 4");
  expect(effect("pay.out", { to: "a\u202eb" })).toBe("Call pay.out with to: a\\u202eb");
  expect(effect("pay.out", {})).toBe("Call pay.out");
  expect(effect("pay.out", { sql: "SELECT 1", sum: 4 })).toBe("Call pay.out with sql: SELECT 1, sum: 4");
  expect(effect("pay.out", { method: "GET", url: "http://a.example" })).toMatch(/^Call pay\.out with method: GET/);
  expect(effect("pay.out", { to: "x".repeat(900) })).toHaveLength(161);
});
