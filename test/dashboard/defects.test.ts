import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as z from "zod";
import * as contract from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { leaveBrowser, openBrowser, stands, visit } from "./browser.ts";

const place = tempDirectory();
let browser: Browser;
let server: TestServer;

const LONG = `| n | words |\n| - | - |\n${"| 1 | some words |\n".repeat(3_000)}`;
const USAGE = { inputTokens: 100, outputTokens: 20 };

const WALK = [
  ...Array.from({ length: 40 }, (_, at) => ({
    text: at === 19 ? "Here is the needle." : `Step ${at}`,
    toolCalls: [{ name: "calculator__evaluate", arguments: { expression: at === 39 ? "1+" : `${at}+1` } }],
  })),
  { text: "I am there." },
];

const agent = (name: string, prompt = "You work.") => `name = "${name}"
version = "1.0.0"
capabilities = ["testing"]
system_prompt = "${prompt}"
user_prompt_template = "{{request}}"
[llm]
model = "scripted/${name}.json"
`;

beforeAll(async () => {
  browser = await openBrowser();
  server = await startServer({
    directory: place.path,
    files: {
      "examples/agents/poet.toml": agent("poet"),
      "examples/agents/adder.toml": agent("adder").replace("[llm]", 'tools = ["calculator"]\n[llm]'),
      "examples/agents/talker.toml": agent("talker"),
      "examples/agents/payer.toml": agent("payer").replace(
        "[llm]",
        'tools = ["calculator"]\n[permissions]\nask = ["calculator.*"]\n[llm]',
      ),
      "scripts/payer.json": JSON.stringify([
        { toolCalls: [{ name: "calculator__evaluate", arguments: { expression: "1+2" } }] },
        { text: "It is paid." },
      ]),
      "examples/agents/walker.toml": agent("walker").replace(
        "[llm]",
        'tools = ["calculator"]\n[execution]\nmax_steps = 50\n[llm]',
      ),
      "scripts/walker.json": JSON.stringify(WALK),
      "examples/agents/bidder.toml": agent("bidder"),
      "scripts/bidder.json": JSON.stringify([{ text: '{"price":245,"remark":"As soon as possible"}' }]),
      "scripts/talker.json": JSON.stringify([{ text: LONG }]),
      "scripts/adder.json": JSON.stringify([
        { toolCalls: [{ name: "calculator__evaluate", arguments: { expression: "1+2" } }], usage: USAGE },
        { text: "It is three.", usage: USAGE },
      ]),
    },
    settings: { "models.scripted_directory": join(place.path, "scripts") },
  });
});
afterAll(async () => {
  await leaveBrowser(browser);
  await server?.[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

const detail = async (name: string) =>
  contract.agents.AgentDetail.parse((await server.ask("GET", `/api/v1/agents/${name}`)).body);

test("an agent whose file differs from the deployed version says so, and either is chosen", async () => {
  const file = join(place.path, "examples/agents/poet.toml");
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto("/ui/agents/poet?tab=definition");
  const banner = page.getByRole("region", { name: "The file differs from the deployed version" });
  await page.getByRole("button", { name: "Edit" }).click();
  const source = page.getByRole("textbox", { name: "Definition" });
  await source.fill((await source.inputValue()).replace("You work.", "You rhyme."));
  await page.getByText("poet can be deployed").waitFor();
  await page.getByRole("button", { name: "Deploy", exact: true }).click();
  await banner.getByText(file).waitFor();
  await banner.getByRole("button", { name: "Compare" }).click();
  await banner.getByText('system_prompt = "You rhyme."').waitFor();
  await banner.getByRole("button", { name: "Keep the deployed version" }).click();
  await banner.getByText(`caxton agent get poet --source > ${file}`).waitFor();
  await page.goto("/ui/agents");
  await page.getByText("File differs", { exact: true }).waitFor();
  await page.goto("/ui/agents/poet");
  await banner.getByRole("button", { name: "Deploy the file" }).click();
  await banner.waitFor({ state: "detached" });
  expect(await detail("poet")).toMatchObject({ revision: 3, source: agent("poet"), file: { differs: false } });
  writeFileSync(file, agent("poet", "You are changed."));
  expect((await detail("poet")).file).toEqual({ path: file, differs: true });
  expect(person.complaints).toEqual([]);
});

test("a page that cannot be loaded says so, keeps the dashboard, and comes once the server answers again", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto("/ui/");
  await page.getByText("Live", { exact: true }).waitFor();
  await page.evaluate("globalThis.stays = true");
  const scripts = /\/assets\/usage-[^/]*\.js/;
  await page.route(scripts, (route) => route.abort());
  await page.getByRole("navigation").getByRole("link", { name: "Usage" }).click();
  await page.getByRole("alert").getByText("SERVER_UNREACHABLE").waitFor();
  expect(await page.evaluate("globalThis.stays")).toBe(true);
  await page.unroute(scripts);
  await page.getByRole("button", { name: "Try again" }).click();
  await page.getByRole("heading", { level: 1, name: "Usage" }).waitFor();
});

test("the scripts of all pages are there soon, so that the server may go away", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  const loaded = page.waitForResponse(/\/assets\/settings-[^/]*\.js/, { timeout: 30_000 });
  await page.goto("/ui/");
  expect((await loaded).status()).toBe(200);
});

test("a fork shows what it cost itself, and the steps that it inherited as such", async () => {
  const started = await server.ask("POST", "/api/v1/runs", { agent: "adder", input: "Add them", wait: true });
  const first = contract.runs.RunDetail.parse(started.body);
  const forked = await server.ask("POST", `/api/v1/runs/${first.id}/fork`, { at: 3 });
  const { id } = contract.runs.RunSummary.parse(forked.body);
  const run = async () => contract.runs.RunDetail.parse((await server.ask("GET", `/api/v1/runs/${id}`)).body);
  await expect.poll(async () => (await run()).state, { timeout: 15_000 }).toBe("completed");
  const fork = await run();
  expect(fork.input_tokens + fork.output_tokens).toBe((first.input_tokens + first.output_tokens) / 2);
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto(`/ui/runs/${id}`);
  const tokens = fork.input_tokens + fork.output_tokens;
  await page
    .getByTitle(new RegExp(`^${fork.input_tokens} in`))
    .getByText(String(tokens), { exact: true })
    .waitFor();
  const steps = page.getByRole("list", { name: "Steps" }).getByRole("link");
  expect(await steps.filter({ hasText: "inherited" }).count()).toBe(2);
  expect(await steps.count()).toBe(4);
  expect(person.complaints).toEqual([]);
});

test("typed text is not lost without a question, and a run is started again only when that is confirmed", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  const answers: boolean[] = [];
  page.on("dialog", (dialog) => void (answers.shift() === true ? dialog.accept() : dialog.dismiss()));
  await page.goto("/ui/agents");
  await page.getByRole("button", { name: "Deploy an agent" }).click();
  const source = page.getByRole("dialog").getByRole("textbox", { name: "Definition" });
  await source.fill("name = ");
  await page.keyboard.press("Escape");
  expect(await source.inputValue()).toBe("name = ");
  answers.push(true);
  await page.keyboard.press("Escape");
  await source.waitFor({ state: "detached" });

  await page.goto("/ui/agents/adder?tab=definition");
  await page.getByRole("button", { name: "Edit" }).click();
  await source.waitFor({ state: "detached" });
  const edited = page.getByRole("textbox", { name: "Definition" });
  await edited.fill("name = ");
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Usage" }).click();
  await expect.poll(() => edited.inputValue()).toBe("name = ");
  answers.push(true);
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Usage" }).click();
  await page.getByRole("heading", { level: 1, name: "Usage" }).waitFor();

  await page.goto("/ui/tools?deploy=true");
  const manifest = { name: "tool.toml", mimeType: "text/plain", buffer: Buffer.from('name = "mine"') };
  await page.getByRole("dialog").locator("input[type=file]").setInputFiles([manifest]);
  const typed = page.getByRole("textbox", { name: "tool.toml" });
  await typed.fill('name = "yours"');
  await page.keyboard.press("Escape");
  expect(await typed.inputValue()).toBe('name = "yours"');
  answers.push(true);
  await page.keyboard.press("Escape");
  await typed.waitFor({ state: "detached" });
  expect(answers).toEqual([]);
});

test("names at both ends of a relation are whole, and the address and counters say what they leave out", async () => {
  const long = `Order ${"of the very long and detailed name ".repeat(3)}1187`;
  const entities = [
    { name: "Lovelace", type: "person" },
    { name: long, type: "order" },
  ];
  await server.ask("POST", "/api/v1/memory/entities", { scope: "workspace", entities });
  const relation = { from: "Lovelace", to: long, type: "has_placed" };
  const related = await server.ask("POST", "/api/v1/memory/relations", { scope: "workspace", relations: [relation] });
  const [made] = contract.memory.RelationList.parse(related.body).items;
  await using person = await visit(browser, server.url, { width: 1_024 });
  const { page } = person;
  await page.goto(`/ui/memory/${made?.from}`);
  const row = page.getByRole("table", { name: "Relations as a table" }).getByRole("row", { name: /has_placed/ });
  await row.waitFor();
  for (const cell of await row.getByRole("cell").all())
    expect(await cell.evaluate((each) => each.scrollWidth - each.clientWidth)).toBeLessThanOrEqual(0);
  expect(await row.getByRole("link", { name: long }).evaluate((each) => each.getClientRects().length)).toBeGreaterThan(
    1,
  );
  await page.goto("/ui/memory?type=order");
  await page.locator('datalist option[value="person"]').waitFor({ state: "attached" });
  await page.goto("/ui/tools?state=sleeping");
  await page.getByRole("status").getByText("Ignored unknown values in the address: state=sleeping").waitFor();
  await page.getByText("Calls, fuel and health are counted since the server started").waitFor();
  await page.goto("/ui/agents/adder?tab=nowhere");
  await page.getByRole("status").getByText("tab=nowhere").waitFor();
});

/** Tables that have to be scrolled sideways, and the width of the widest cell with a link in their first row. */
const TABLES = `[...document.querySelectorAll("main [role=group]:has(> table)")].map((frame) => ({
  over: frame.scrollWidth - frame.clientWidth,
  widest: Math.max(0, ...[...frame.querySelectorAll("tbody tr:not([aria-hidden]):first-of-type td:has(a)")].map((td) => td.clientWidth)),
}))`;
const Tables = z.array(z.object({ over: z.number(), widest: z.number() }));

test.each([390, 1_024, 1_280])(
  "at %i pixels no column of the lists is cut, and the request of a run can be read",
  async (width) => {
    await server.ask("POST", "/api/v1/runs", {
      agent: "adder",
      input: "Add one and two, and then two and three",
      wait: true,
    });
    await server.ask("POST", "/api/v1/participants", { name: "billing", description: "Sends invoices" });
    const note = { performative: "inform", sender: "user", receiver: "billing", content: "Invoice 7" };
    await server.ask("POST", "/api/v1/messages", note);
    await using person = await visit(browser, server.url, { width });
    const { page } = person;
    for (const [path, shown] of [
      ["/ui/agents", "greeter"],
      ["/ui/tools", "csv_parser"],
      ["/ui/runs", "Add one and two"],
      ["/ui/conversations", "user and billing"],
      ["/ui/messages?tab=mailboxes", "greeter"],
    ] as const) {
      await page.goto(path);
      await page.getByRole("main").getByText(shown).first().waitFor();
      await stands(page);
      const tables = Tables.parse(await page.evaluate(TABLES));
      expect(tables, path).not.toEqual([]);
      for (const { over } of tables) expect(over, path).toBeLessThanOrEqual(0);
      // The column that matters can be read.
      expect(tables[0]?.widest, path).toBeGreaterThanOrEqual(width === 390 ? 100 : 160);
    }
  },
);

test("a run that a task started has a sentence as its title, and bids are lines", async () => {
  const made = { name: "Add the figures", participants: ["bidder"], max_wait_seconds: 600, distribute: true };
  const { body } = await server.ask("POST", "/api/v1/tasks", made);
  const { id } = contract.tasks.Task.parse(body);
  await using person = await visit(browser, server.url, { width: 390 });
  const { page } = person;
  await page.goto(`/ui/tasks/${id}`);
  const row = page.getByRole("table", { name: "Bids" }).getByRole("row", { name: /bidder/ });
  await row.getByText("remark: As soon as possible").filter({ visible: true }).waitFor();
  await page.getByText("Call for proposals: Add the figures").waitFor();
  await page.goto("/ui/runs");
  await page.getByRole("link", { name: "Award: Add the figures" }).click();
  await page.getByRole("heading", { level: 1, name: "Award: Add the figures" }).waitFor();
  expect(person.complaints).toEqual([]);
});

test("a step of a long run is brought into view, found by its words, and shows the messages it was given", async () => {
  const { body } = await server.ask("POST", "/api/v1/runs", { agent: "walker", input: "Walk far", wait: true });
  const { id, step_list: steps } = contract.runs.RunDetail.parse(body);
  expect(steps.length).toBe(81);
  await using person = await visit(browser, server.url);
  const { page } = person;
  const list = page.getByRole("list", { name: "Steps" }).getByRole("link");
  const isInView = async (step: number) => {
    const row = await page.locator(`[data-step="${step}"]`).boundingBox();
    const frame = await page.getByRole("region", { name: "Timeline" }).boundingBox();
    if (row === null || frame === null) return false;
    return row.y >= frame.y && row.y + row.height <= Math.min(frame.y + frame.height, 860);
  };
  await page.goto(`/ui/runs/${id}?step=61`);
  await list.first().waitFor();
  await expect.poll(() => isInView(61)).toBe(true);
  await page.getByRole("button", { name: "Failed 1" }).click();
  await expect.poll(() => list.count()).toBe(2);
  await page
    .getByRole("status")
    .getByRole("link", { name: /last tool call/ })
    .click();
  await page.getByText("In turn", { exact: true }).waitFor();
  await page.getByRole("button", { name: "All", exact: true }).click();
  await page.getByLabel("Search steps").fill("needle");
  await list.filter({ hasText: "Turn 20" }).click();
  await page.getByRole("button", { name: "Show 40 messages" }).click();
  await page.getByRole("button", { name: "Show 20 earlier" }).click();
  await page.getByText("Result of calculator.evaluate in turn 19").click();
  expect(person.complaints).toEqual([]);
});

test("a very long answer is shown in parts", async () => {
  const { body } = await server.ask("POST", "/api/v1/runs", { agent: "talker", input: "List all", wait: true });
  const { id } = contract.runs.RunSummary.parse(body);
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto(`/ui/runs/${id}`);
  const rows = () => page.locator(".prose tbody tr").count();
  await page.getByRole("button", { name: "Show more" }).first().waitFor();
  await expect.poll(rows, { timeout: 15_000 }).toBe(498);
  await page.getByRole("button", { name: "Show more" }).first().click();
  await expect.poll(rows, { timeout: 15_000 }).toBe(998);
});

test("settings, dates, filters and the palette say what is so", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto("/ui/settings");
  await page.getByRole("row", { name: /ollama Configured/i }).waitFor();
  await page.getByText("No model is known by name").waitFor();
  expect(await page.getByText("No language model can be used").count()).toBe(0);
  await page.goto("/ui/runs?agent=nonexistent");
  await page.getByText("There is no agent nonexistent").waitFor();
  await server.ask("POST", "/api/v1/runs", { agent: "adder", input: "Add them", wait: true });
  const { body } = await server.ask("GET", "/api/v1/runs?limit=100");
  const oldest = contract.runs.RunPage.parse(body).items.at(-1);
  await page.route(/\/api\/v1\/runs\?/, (route) => route.fulfill({ json: { items: [], next: null } }));
  await page.goto("/ui/agents");
  await page.getByRole("button", { name: "Deploy an agent" }).waitFor();
  await page.keyboard.press("Control+k");
  const palette = page.getByRole("dialog");
  for (const name of ["Settings g s", "Deploy a tool server", "Failed runs", "Theme: Dark"])
    await palette.getByRole("option", { name }).waitFor();
  await palette.getByRole("combobox").fill(` ${oldest?.id} `);
  await palette.getByRole("option", { name: new RegExp(oldest?.agent ?? "") }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(`**/ui/runs/${oldest?.id}`);
});

test("the palette asks the server for entities, tasks, approvals and dead letters, and shows all of a group", async () => {
  const people = Array.from({ length: 12 }, (_, at) => ({
    name: `Ada ${at}`,
    type: "person",
    observations: ["Likes tea"],
  }));
  await server.ask("POST", "/api/v1/memory/entities", { scope: "workspace", entities: people });
  const task = { name: "Sort the archive", participants: ["bidder"], max_wait_seconds: 600 };
  await server.ask("POST", "/api/v1/tasks", task);
  await server.ask("POST", "/api/v1/participants", { name: "billing", description: "Sends invoices" });
  const note = { performative: "inform", sender: "user", receiver: "billing", content: "Invoice 7" };
  await server.ask("POST", "/api/v1/messages", note);
  const { body } = await server.ask("POST", "/api/v1/mailboxes/billing/fetch?max=5");
  const rejected = contract.participants.LeasedMessages.parse(body).items.map(({ handle }) => ({
    handle,
    reason: "closed",
  }));
  await server.ask("POST", "/api/v1/mailboxes/billing/settle", { rejected });
  await server.ask("POST", "/api/v1/runs", { agent: "payer", input: "Pay the invoice" });
  await using person = await visit(browser, server.url);
  const { page } = person;
  const palette = page.getByRole("dialog");
  const find = async (words: string, name: string, path: string) => {
    await page.goto("/ui/usage");
    await page.getByRole("heading", { level: 1, name: "Usage" }).waitFor();
    await page.keyboard.press("Control+k");
    await palette.getByRole("combobox").fill(words);
    await palette.getByRole("option", { name }).first().click();
    await page.waitForURL(path);
  };
  await find("archive", "Sort the archive", "**/ui/tasks/*");
  await find("billing closed", "user → billing", "**/ui/messages?tab=dead*");
  await find("payer approve", "Approve calculator.evaluate?", "**/ui/approvals");
  await find("Ada", "4 more", "**/ui/usage");
  await expect.poll(() => palette.getByRole("option", { name: /^Ada \d+/ }).count()).toBe(12);
  expect(await palette.getByRole("option", { selected: true }).textContent()).toMatch(/^Ada/);
  await page.keyboard.press("Enter");
  await page.waitForURL("**/ui/memory/*");
  await find("no such thing", 'Search memory for "no such thing"', "**/ui/memory?q=no+such+thing");
  expect(person.complaints).toEqual([]);
});
