import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { violations, violationsInTheDark } from "./accessible.ts";
import { follow, leaveBrowser, openBrowser, PHONE, toDesktop, visit, type Visit } from "./browser.ts";
import { FIVE_MISTAKES } from "./definitions.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("dashboard.accessible", "dashboard.keyboard", "dashboard.self-contained");

const PAYER = `name = "payer"
version = "1.0.0"
capabilities = ["paying"]
tools = ["calculator"]
system_prompt = "You pay."
user_prompt_template = "{{request}}"
[llm]
model = "scripted/pay.json"
on_failure = "ask"
[permissions]
ask = ["calculator.*"]
`;
const PAY = JSON.stringify([
  { toolCalls: [{ name: "calculator__evaluate", arguments: { expression: "40+2" } }] },
  { text: "It is paid." },
]);
const DOWN = JSON.stringify([{ error: { class: "auth", message: "no credit left" } }]);

let browser: Browser;
let server: TestServer;
let run: string;
/** Runs by the words that stand for their ids in addresses. */
const others: Record<string, string> = {};
beforeAll(async () => {
  browser = await openBrowser();
  server = await startServer({
    files: { "examples/agents/payer.toml": PAYER, "scripts/pay.json": PAY, "scripts/down.json": DOWN },
    settings: { "models.scripted_directory": "scripts" },
  });
  run = await ask("Chart the mean body mass per species and island in examples/data/penguins.csv");
  await ask("Describe nowhere.csv", "no-such/model");
  others["ASKING"] = await ask("Pay the bill", undefined, "payer");
  others["CHOICE"] = await ask("Rate it", "scripted/down.json", "payer");
  const refused = await ask("Pay another bill", undefined, "payer");
  const waiting = await server.ask("GET", `/api/v1/approvals?run=${refused}`);
  const [approval] = contract.approvals.ApprovalPage.parse(waiting.body).items;
  await server.ask("POST", `/api/v1/approvals/${approval?.id}/deny`, { reason: "too much" });
  const thread = await server.ask("POST", "/api/v1/threads", { agent: "data-analyzer", from_run: run });
  others["THREAD"] = contract.threads.Thread.parse(thread.body).id;
  await server.ask("PATCH", `/api/v1/threads/${others["THREAD"]}`, { title: "Chart the mean body mass" });
  const forked = await server.ask("POST", `/api/v1/runs/${run}/fork`, { at: 3 });
  others["FORK"] = contract.runs.RunSummary.parse(forked.body).id;
});
afterAll(async () => {
  await leaveBrowser(browser);
  await server?.[Symbol.asyncDispose]();
});

async function ask(input: string, model?: string, agent = "data-analyzer"): Promise<string> {
  const body = { agent, input, wait: true, ...(model === undefined ? {} : { model }) };
  const answer = await server.ask("POST", "/api/v1/runs", body);
  const parsed = contract.runs.RunDetail.safeParse(answer.body);
  return parsed.success ? parsed.data.id : "";
}

type Look = { readonly path: string; readonly whole: (page: Page) => Promise<unknown> };
const text = (words: string | RegExp) => (page: Page) => page.getByRole("main").getByText(words).first().waitFor();
const image = (page: Page) => page.getByRole("img", { name: /^Image/ }).waitFor();

/** Every page, with what is on it once it is whole. RUN stands for the id of a run. */
const PAGES: readonly Look[] = [
  { path: "/ui/", whole: text("All runs") },
  { path: "/ui/agents", whole: text("Analyses CSV data") },
  { path: "/ui/agents?deploy=true", whole: reportMistakes },
  { path: "/ui/agents/data-analyzer", whole: text(/^Chart the mean/) },
  { path: "/ui/agents/data-analyzer?tab=try&run=RUN", whole: image },
  { path: "/ui/agents/data-analyzer?tab=definition", whole: text("You are a data analyst") },
  { path: "/ui/agents/data-analyzer?tab=revisions", whole: text("compared with") },
  { path: "/ui/agents/data-analyzer?tab=runs", whole: text("Chart the mean") },
  { path: "/ui/runs", whole: text("Chart the mean") },
  { path: "/ui/runs/RUN", whole: image },
  { path: "/ui/runs/RUN?step=1", whole: text("Time to first token") },
  { path: "/ui/runs/RUN?step=2", whole: text("Fuel") },
  { path: "/ui/runs/RUN?view=conversation", whole: image },
  { path: "/ui/runs/RUN?view=json", whole: text("step_list") },
  { path: "/ui/runs/FORK", whole: text("Fork of") },
  { path: "/ui/runs/RUN/diff/FORK", whole: text("Two runs compared") },
  { path: "/ui/runs/ASKING", whole: text("Call calculator.evaluate with") },
  { path: "/ui/runs/CHOICE", whole: text("The model failed. How should the run continue?") },
  { path: "/ui/approvals", whole: text("Recently answered") },
  { path: "/ui/chat", whole: text("Chart the mean") },
  { path: "/ui/chat/THREAD", whole: image },
  { path: "/ui/tools", whole: text("csv_parser") },
  { path: "/ui/tools/csv_parser", whole: text("Input schema") },
  { path: "/ui/usage", whole: text("mock") },
  { path: "/ui/access", whole: text("Every permission, API keys") },
  { path: "/ui/webhooks", whole: text("No webhooks") },
  { path: "/ui/triggers", whole: text("No triggers") },
  { path: "/ui/audit", whole: text("Verify the log") },
  { path: "/ui/settings", whole: text("set ANTHROPIC_API_KEY") },
  { path: "/ui/runs/nothing", whole: text("RUN_NOT_FOUND") },
  { path: "/ui/no/such/page", whole: text("Page not found") },
];

const addressOf = (path: string): string =>
  path.replaceAll(/[A-Z]{3,}/g, (word) => (word === "RUN" ? run : (others[word] ?? word)));

async function open(page: Page, { path, whole }: Look): Promise<void> {
  await follow(page, addressOf(path));
  await whole(page);
}

async function reportMistakes(page: Page): Promise<void> {
  await page.getByRole("textbox", { name: "Definition" }).fill(FIVE_MISTAKES);
  await page.getByText("5 problems to fix").waitFor();
}

test("the address of every page gives the dashboard, which then shows that page", async () => {
  const start = await (await fetch(`${server.url}/ui/`)).text();
  for (const { path } of PAGES) {
    const response = await fetch(server.url + addressOf(path));
    expect([path, response.status, (await response.text()) === start]).toEqual([path, 200, true]);
  }
});

/** A page is opened once and then looked at in both widths: opening it takes longer than to look. */
describe("every page", () => {
  let person: Visit;
  beforeAll(async () => {
    person = await visit(browser, server.url, { still: true });
  });
  afterAll(async () => {
    await person?.[Symbol.asyncDispose]();
  });

  describe.for(PAGES)("$path", (look) => {
    beforeAll(async () => {
      await person.page.setViewportSize(PHONE);
      await open(person.page, look);
    });

    test("on a phone is no wider than the screen and is accessible in the light theme", async () => {
      expect(await person.page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(PHONE.width);
      expect(await violations(person.page)).toEqual([]);
    });

    test("on a desktop is accessible in the dark theme, requests only the server, and keeps to its policy", async () => {
      await toDesktop(person.page);
      expect(await violationsInTheDark(person.page)).toEqual([]);
      expect(person.complaints).toEqual([]);
      expect(person.foreign).toEqual([]);
    });
  });
});

const isDark = async (page: Page): Promise<boolean> =>
  (await page.evaluate("getComputedStyle(document.documentElement).colorScheme")) === "dark";

test("a theme that was chosen stays, against the system's, and is there before the first paint", async () => {
  await using person = await visit(browser, server.url, { theme: "light" });
  const { page } = person;
  await page.goto("/ui/");
  await page.getByRole("button", { name: "Theme: System" }).click();
  await page.getByRole("button", { name: "Theme: Light" }).click();
  await page.getByRole("button", { name: "Theme: Dark" }).waitFor();
  expect(await isDark(page)).toBe(true);
  await page.route("**/*.js", async (route) => {
    const isTheme = route.request().url().includes("/theme-");
    await (isTheme ? route.continue() : route.abort());
  });
  await page.reload();
  expect(await isDark(page)).toBe(true);
});

const focused = "document.activeElement";
const start = async (path: string): Promise<Visit> => {
  const person = await visit(browser, server.url, { still: true });
  await person.page.goto(path);
  return person;
};

describe("with the keyboard alone", () => {
  test("the first Tab offers to skip to the content", async () => {
    await using person = await start("/ui/");
    await person.page.getByText("All runs").waitFor();
    await person.page.keyboard.press("Tab");
    expect(await person.page.evaluate(`${focused}.textContent`)).toBe("Skip to content");
    await person.page.keyboard.press("Enter");
    expect(await person.page.evaluate("location.hash")).toBe("#content");
  });

  test("g and a letter go to a page, j and k through its rows, Enter into one", async () => {
    await using person = await start("/ui/");
    const { page } = person;
    await page.getByText("All runs").waitFor();
    for (const [keys, heading] of [
      ["ga", "Agents"],
      ["gt", "Tools"],
      ["gh", "Home"],
      ["gp", "Approvals"],
      ["gu", "Usage"],
      ["gs", "Settings"],
      ["gr", "Runs"],
    ] as const) {
      for (const key of keys) await page.keyboard.press(key);
      await page.getByRole("heading", { level: 1, name: heading, exact: true }).waitFor();
    }
    await page
      .getByRole("row", { name: /Chart the mean/ })
      .first()
      .waitFor();
    await page.keyboard.press("j");
    const first = await page.evaluate(`${focused}.getAttribute("href")`);
    await page.keyboard.press("j");
    await page.keyboard.press("k");
    expect(await page.evaluate(`${focused}.getAttribute("href")`)).toBe(first);
    await page.keyboard.press("Enter");
    await expect.poll(() => new URL(page.url()).pathname).toBe(first);
  });

  test("the square brackets go through the steps of a run", async () => {
    await using person = await start(`/ui/runs/${run}`);
    const { page } = person;
    await page.getByRole("list", { name: "Steps" }).waitFor();
    for (const key of ["]", "]", "]", "["]) await page.keyboard.press(key);
    await expect.poll(() => new URL(page.url()).searchParams.get("step")).toBe("2");
    await page.locator("[aria-current=true]").getByText("csv_parser.describe").waitFor();
  });

  test("the slash goes to the filter, and what is typed there is no shortcut", async () => {
    await using person = await start("/ui/agents");
    const { page } = person;
    await page.getByRole("row", { name: /greeter/ }).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("greet?");
    await expect.poll(() => page.getByRole("dialog").count()).toBe(0);
    await page.keyboard.press("Backspace");
    await page.getByText("1 of 4").waitFor();
    expect(new URL(page.url()).searchParams.get("q")).toBe("greet");
  });

  test("Ctrl K finds pages, agents, runs and actions; Escape closes it and gives the focus back", async () => {
    await using person = await start("/ui/tools");
    const { page } = person;
    await page.getByText("file_system").first().waitFor();
    const opener = page.getByRole("button", { name: /Search or jump to/ });
    await opener.focus();
    await page.keyboard.press("Control+k");
    const options = page.getByRole("option");
    await options.filter({ hasText: "Chart the mean" }).first().waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    expect(await page.evaluate(`${focused}.tagName`)).toBe("BUTTON");
    await page.keyboard.press("Control+k");
    await page.keyboard.type("ask clerk");
    await options.filter({ hasText: "Ask file-clerk" }).waitFor();
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { level: 1, name: "file-clerk" }).waitFor();
  });

  test("the question mark shows the keys", async () => {
    await using person = await start("/ui/");
    await person.page.getByText("All runs").waitFor();
    await person.page.keyboard.press("?");
    const help = person.page.getByRole("dialog", { name: "Keyboard shortcuts" });
    await help.getByText("Next step").waitFor();
    expect(await violations(person.page)).toEqual([]);
  });
});
