import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";
import { leaveBrowser, openBrowser, pressAnswer, visit } from "./browser.ts";

verifies("conversation.delegation");

const place = tempDirectory();
let server: TestServer;
let browser: Browser;

const agent = (name: string, more: string): string => `name = "${name}"
version = "1.0.0"
capabilities = ["testing"]
system_prompt = "You work."
${more}
[llm]
model = "scripted/${name}.json"
`;
const script = (tool: string, given: object, answer: string): string =>
  JSON.stringify([{ toolCalls: [{ name: tool, arguments: given }] }, { text: answer }]);

beforeAll(async () => {
  browser = await openBrowser();
  const asks = `tools = ["calculator"]\n[permissions]\nask = ["calculator.*"]`;
  server = await startServer({
    directory: place.path,
    files: {
      "examples/agents/boss.toml": agent("boss", `agents = ["payer"]`),
      "examples/agents/payer.toml": agent("payer", asks),
      "examples/agents/twice.toml": agent("twice", `agents = ["payer"]`),
      "scripts/twice.json": JSON.stringify([
        {
          toolCalls: ["the first bill", "the second bill"].map((request) => ({
            name: "agent_payer",
            arguments: { request },
          })),
        },
        { text: "Both are paid." },
      ]),
      "scripts/boss.json": script("agent_payer", { request: "pay the bill" }, "The bill is paid."),
      "scripts/payer.json": script("calculator__evaluate", { expression: "40+2" }, "It is paid."),
    },
    settings: { "models.scripted_directory": join(place.path, "scripts") },
  });
});
afterAll(async () => {
  await leaveBrowser(browser);
  await server?.[Symbol.asyncDispose]();
  place[Symbol.dispose]();
});

test("the page of a run shows the runs below it, and approves their calls", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  const { body } = await server.ask("POST", "/api/v1/runs", { agent: "boss", input: "Please pay." });
  const { id } = contract.runs.RunSummary.parse(body);
  await page.goto(`/ui/runs/${id}`);
  const below = page.getByRole("list", { name: "Runs below" });
  await below.getByText("pay the bill").waitFor();
  const listed = await server.ask("GET", `/api/v1/approvals?state=open&run=${id}`);
  expect(contract.approvals.ApprovalPage.parse(listed.body).items).toMatchObject([{ agent: "payer" }]);
  await pressAnswer(page.getByRole("button", { name: "Approve", exact: true }));
  await page.getByText("The bill is paid.").first().waitFor();
  const tree = contract.runs.RunTree.parse((await server.ask("GET", `/api/v1/runs/${id}/tree`)).body);
  expect(tree.items.map(({ agent: name, state, parent }) => [name, state, parent])).toEqual([
    ["boss", "completed", null],
    ["payer", "completed", id],
  ]);
  await page.goto(`/ui/runs/${id}?view=conversation`);
  const delegate = page.getByRole("link", { name: "Run of payer" });
  await delegate.click();
  await page.getByText("Part of run").waitFor();
  await page.goto(`/ui/runs/${id}`);
  await below.getByRole("link", { name: "payer" }).click();
  await page.getByText("Part of run").waitFor();
  await page.getByRole("link", { name: id }).click();
  await below.getByText("pay the bill").waitFor();
  expect(person.complaints).toEqual([]);
});

test("each delegation in a thread links to its own run, with the state of that as it changes", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  const thread = contract.threads.Thread.parse((await server.ask("POST", "/api/v1/threads", { agent: "twice" })).body);
  await page.goto(`/ui/chat/${thread.id}`);
  const box = page.getByRole("textbox", { name: "Message" });
  await box.fill("Pay both bills.");
  await box.press("Enter");
  const links = page.getByRole("log").getByRole("link", { name: "Run of payer" });
  await expect.poll(() => links.count(), { timeout: 15_000 }).toBe(2);
  const line = (request: string) => page.getByRole("log").locator("p").filter({ hasText: request });
  await line("the first bill").getByText("Needs approval").waitFor();
  const approve = page.getByRole("log").getByRole("button", { name: "Approve", exact: true });
  await expect.poll(() => approve.count(), { timeout: 15_000 }).toBe(2);
  await pressAnswer(approve.first());
  await expect.poll(() => approve.count(), { timeout: 15_000 }).toBe(1);
  // Another client answers the other one.
  const { items } = contract.approvals.ApprovalPage.parse(
    (await server.ask("GET", "/api/v1/approvals?state=open")).body,
  );
  expect(items).toHaveLength(1);
  await server.ask("POST", `/api/v1/approvals/${items[0]?.id}/approve`, {});
  await page.getByText("Both are paid.").waitFor();
  await page.reload();
  await line("the second bill").getByText("Completed").waitFor();
  const requests = await links.evaluateAll((found) => found.map((link) => String(link.parentElement?.textContent)));
  expect(requests).toEqual([expect.stringContaining("the first bill"), expect.stringContaining("the second bill")]);
  await line("the second bill").getByRole("link").click();
  await page.getByRole("heading", { level: 1 }).getByText("the second bill").waitFor();
});
