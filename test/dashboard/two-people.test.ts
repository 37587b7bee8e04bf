import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { freePort } from "../helpers/free-port.ts";
import { CaxtonProcess } from "../helpers/process.ts";
import { Pty } from "../helpers/pty.ts";
import { repository } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";
import { leaveBrowser, openBrowser, visit } from "./browser.ts";

verifies("chat.order", "chat.restart", "conversation.delegation");

let browser: Browser;
beforeAll(async () => {
  browser = await openBrowser();
});
afterAll(async () => leaveBrowser(browser));

const guide = readFileSync(join(repository, "docs/guides/threads.md"), "utf8");

/** The agent of the guide, as the guide defines it. */
function guideAgent(): string {
  const [, agent] = /cat > office\.toml <<'END'\n([\s\S]*?)END\n/.exec(guide) ?? [];
  if (agent === undefined) throw new Error("the guide has no office.toml");
  return agent;
}

async function workplace(): Promise<Disposable & { readonly path: string }> {
  const directory = tempDirectory();
  mkdirSync(join(directory.path, "agents"));
  cpSync(join(repository, "examples/data"), join(directory.path, "examples/data"), { recursive: true });
  cpSync(join(repository, "examples/agents/data-analyzer.toml"), join(directory.path, "agents/data-analyzer.toml"));
  writeFileSync(join(directory.path, "agents/office.toml"), guideAgent());
  writeFileSync(join(directory.path, "caxton.toml"), `[server]\nport = ${await freePort()}\n`);
  return directory;
}

async function serve(cwd: string): Promise<{ readonly process: CaxtonProcess; readonly url: string }> {
  const started = new CaxtonProcess(["serve", "-o", "json"], { cwd });
  const [, url = ""] = await started.printed(/"url":"(http:[^"]+)"/);
  return { process: started, url };
}

const log = (page: Page) => page.getByRole("log", { name: "Dialogue" });
const box = (page: Page) => page.getByRole("textbox", { name: "Message" });
/** The messages of the guide, in their order. */
const messagesOfGuide = (): readonly string[] => {
  const [, example = ""] = guide.split("## Example: two people in one thread");
  return [...example.matchAll(/`([A-Z][^`]*)`/g)].map(([, text = ""]) => text);
};
const [DESCRIBE = "", LONGEST = "", REPORT = "", ASK = ""] = messagesOfGuide();
const SOON = { timeout: 30_000 };

test("two people share a thread as the guide says, and nothing is lost when the server is killed", async () => {
  using place = await workplace();
  const first = await serve(place.path);
  await using killed = first.process;
  await using chat = new Pty(["chat", "office"], { server: first.url, cwd: place.path });
  await chat.say(DESCRIBE);
  await chat.shows(/344 rows/);
  await chat.shows(/> $/);

  await using person = await visit(browser, first.url);
  const { page } = person;
  await page.goto("/ui/chat");
  await page.getByRole("link", { name: /Ask the agent data-analyzer/ }).click();
  await log(page)
    .getByText(/344 rows/)
    .last()
    .waitFor(SOON);

  await page.getByRole("button", { name: "Edit and resend" }).click();
  await log(page).getByRole("note").getByText("agent_data-analyzer").waitFor(SOON);
  const edited = log(page).getByRole("textbox", { name: "Message" });
  await edited.fill(LONGEST);
  await edited.press("Enter");
  await log(page).getByText("2 / 2").waitFor(SOON);
  await log(page)
    .getByText(/has the highest mean/)
    .last()
    .waitFor(SOON);
  await chat.shows(/longest flippers/);

  const pdf = await page.pdf();
  await page
    .locator('input[type="file"]')
    .setInputFiles({ name: "report.pdf", mimeType: "application/pdf", buffer: pdf });
  await box(page).fill(REPORT);
  await box(page).press("Enter");
  await log(page).getByText("report.pdf").first().waitFor(SOON);
  await chat.shows(/What does the report say\?/);
  await chat.shows(/report\.pdf/);
  await chat.shows(/I did not read uploads\/report\.pdf/);

  await chat.say(ASK);
  await chat.shows(/Which island to count\?/);
  await log(page).getByText("Which island to count?", { exact: true }).waitFor(SOON);

  killed.kill("SIGKILL");
  await killed.ended();
  await page.getByText(/Reconnecting/).waitFor(SOON);
  const second = await serve(place.path);
  await using server = second.process;
  void server;
  const answer = log(page).getByRole("textbox", { name: /answer/i });
  await answer.waitFor(SOON);
  await answer.fill("Biscoe");
  await log(page).getByRole("button", { name: "Answer", exact: true }).click();
  await log(page).getByText("The answer is:").waitFor(SOON);
  await chat.shows(/The answer is:[\s\S]*Biscoe/);

  const read = async (path: string) => (await fetch(`${second.url}/api/v1${path}`)).json();
  const { items } = contract.threads.ThreadPage.parse(await read("/threads"));
  expect(items).toHaveLength(1);
  const { items: turns } = contract.threads.TurnPage.parse(await read(`/threads/${items[0]?.id}/turns`));
  expect(turns.map(({ state }) => state)).toEqual(["completed", "completed", "completed"]);
  const said = turns.toReversed().map(({ messages }) => messages.find(({ role }) => role === "user"));
  expect(said).toMatchObject([{ text: LONGEST }, { text: REPORT, files: [{ name: "report.pdf" }] }, { text: ASK }]);
  expect(turns.at(-1)?.siblings).toHaveLength(2);
  const { items: runs } = contract.runs.RunPage.parse(await read("/runs?agent=data-analyzer"));
  expect(runs.map(({ state }) => state)).toEqual(["completed", "completed"]);
  expect(person.complaints).toEqual([]);
});
