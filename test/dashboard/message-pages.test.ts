import { readFile } from "node:fs/promises";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import * as contract from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { violations, violationsInTheDark } from "./accessible.ts";
import { follow, leaveBrowser, openBrowser, toDesktop, visit, type Visit } from "./browser.ts";
import { verifies } from "../helpers/verifies.ts";

verifies("conversation.live", "dashboard.pages", "dashboard.accessible");

const SMALL = { width: 360, height: 780 };
let browser: Browser;
let server: TestServer;
/** A conversation that ended before the visit, and one in progress. */
let past: string;
let open: string;

beforeAll(async () => {
  browser = await openBrowser();
  server = await startServer();
  for (const name of ["planner", "north-depot", "south-depot", "billing"]) {
    await server.ask("POST", "/api/v1/participants", { name, description: `This is ${name}` });
  }
  await server.ask("POST", "/api/v1/capabilities", { agent: "billing", capability: "invoicing", priority: 70 });
  past = await bargain();
  const asked = { performative: "request", sender: "planner", receiver: "billing", protocol: "fipa-request" };
  open = (await send({ ...asked, content: "Invoice order 1187", reply_by: inAnHour() })).conversation_id;
  await take("billing");
});
afterAll(async () => {
  await leaveBrowser(browser);
  await server?.[Symbol.asyncDispose]();
});

const inAnHour = (): string => new Date(Date.now() + 3_600_000).toISOString();

const send = async (message: object) =>
  contract.messages.MessageReceipt.parse((await server.ask("POST", "/api/v1/messages", message)).body);

/** Takes all there is out of a mailbox; with a reason it is refused for good. */
async function take(name: string, reason?: string): Promise<contract.LeasedMessages["items"]> {
  const { body } = await server.ask("POST", `/api/v1/mailboxes/${name}/fetch?max=50`);
  const { items } = contract.participants.LeasedMessages.parse(body);
  const taken = items.map(({ handle }) => handle);
  const settled = reason === undefined ? { done: taken } : { rejected: taken.map((handle) => ({ handle, reason })) };
  await server.ask("POST", `/api/v1/mailboxes/${name}/settle`, settled);
  return items;
}

async function bargain(): Promise<string> {
  const cfp = { performative: "cfp", sender: "planner", receiver: ["north-depot", "south-depot"], reply_with: "bids" };
  const protocol = { protocol: "fipa-contract-net", reply_by: inAnHour() };
  const opened = await send({ ...cfp, ...protocol, content: { pallets: 12 } });
  const more = { ...protocol, conversation_id: opened.conversation_id };
  const bid = { ...more, performative: "propose", receiver: "planner", in_reply_to: "bids" };
  await send({ ...bid, sender: "north-depot", content: { price: 410 } });
  await send({ ...bid, sender: "south-depot", content: { price: 380 } });
  await send({
    ...more,
    performative: "accept-proposal",
    sender: "planner",
    receiver: "north-depot",
    content: "yours",
  });
  await send({ ...more, performative: "reject-proposal", sender: "planner", receiver: "south-depot", content: "no" });
  await send({ ...more, performative: "inform", sender: "north-depot", receiver: "planner", content: "delivered" });
  for (const name of ["planner", "north-depot", "south-depot"]) await take(name);
  return opened.conversation_id;
}

const detail = (page: Page) => page.getByRole("region", { name: "Message", exact: true });
const rows = (page: Page) => page.getByRole("table", { name: "Live" });

test("messages arrive automatically, wait while paused, and show all details of one", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto("/ui/messages");
  await rows(page).getByText("planner → north-depot, south-depot").waitFor();
  await send({ performative: "inform", sender: "billing", receiver: "planner", content: "The week begins" });
  await rows(page).getByRole("cell", { name: "The week begins" }).waitFor();
  await page.getByRole("button", { name: "Pause" }).click();
  const note = { performative: "inform", sender: "billing", receiver: "planner", content: { orders: [7] } };
  const { id } = await send(note);
  await page.getByText("1 new since you paused").waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await rows(page).getByRole("link", { name: "billing → planner" }).first().click();
  await detail(page).getByText(id, { exact: true }).waitFor();
  await detail(page).getByText("orders").first().waitFor();
  await detail(page).getByText("queued", { exact: true }).waitFor();
  await take("planner");
  await detail(page).getByText("done", { exact: true }).waitFor();
  await detail(page).getByRole("button", { name: "Close the message" }).click();
  await rows(page).getByRole("cell", { name: "done", exact: true }).first().waitFor();
  await rows(page).getByRole("link", { name: "billing → planner" }).first().click();
  await detail(page).getByRole("button", { name: "Send again" }).click();
  await page.getByText("Sent again, in a new conversation").waitFor();
  await page.waitForURL((url) => url.searchParams.get("message") !== id);
  await page.goto("/ui/messages?act=propose&sender=south-depot");
  await page.getByText("1 message", { exact: true }).waitFor();
  await rows(page).getByRole("cell", { name: "price: 380" }).waitFor();
  expect(person.complaints).toEqual([]);
});

test("large content shows how it begins, and is saved whole as a file", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  const content = `The report begins here. ${"row ".repeat(25_000)}`;
  const { id } = await send({ performative: "inform", sender: "billing", receiver: "planner", content });
  await page.goto(`/ui/messages?message=${id}`);
  await detail(page).getByText("Stored separately").waitFor();
  await detail(page).getByText("The report begins here.").waitFor();
  const downloading = page.waitForEvent("download");
  await detail(page).getByRole("link", { name: "Download" }).click();
  const saved = await (await downloading).path();
  expect(await readFile(saved, "utf8")).toBe(content);
  expect(person.complaints).toEqual([]);
});

test("a message is checked while it is written, sent, and its answer waited for", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto("/ui/messages?compose=true");
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Content").fill('{"order": 12}');
  await dialog.getByLabel("Names, with commas between").fill("billing, no-such-one");
  await dialog.getByText("Problems").waitFor();
  await page.setViewportSize({ width: 400, height: 560 });
  const refusal = await dialog.getByText("Problems").boundingBox();
  expect((refusal?.y ?? 560) + (refusal?.height ?? 0), "what is wrong is seen without scrolling").toBeLessThan(560);
  await toDesktop(page);
  await dialog.getByText("no-such-one", { exact: false }).first().waitFor();
  await dialog.getByLabel("Names, with commas between").fill("billing, south-depot");
  await dialog.getByText("Goes to billing, south-depot").waitFor();
  await dialog.getByLabel("Protocol").selectOption("fipa-request");
  await dialog.getByRole("button", { name: "By capability" }).click();
  await dialog.getByLabel("Capability").fill("invoicing");
  await dialog.getByText("Goes to billing", { exact: true }).waitFor();
  await dialog.getByLabel("From").fill("planner");
  await dialog.getByLabel("Its token").fill("cxp_of-planner");
  const [shown] = await Promise.all([
    page.waitForRequest((request) => request.method() === "POST" && request.url().endsWith("/api/v1/messages")),
    page.keyboard.press("Control+Enter"),
  ]);
  expect(shown.headers()["authorization"]).toBe("Bearer cxp_of-planner");
  await dialog.getByRole("button", { name: "Send another" }).click();
  await take("billing");
  await dialog.getByLabel("From").fill("user");
  await expect.poll(() => dialog.getByLabel("Its token").count()).toBe(0);
  await page.keyboard.press("Control+Enter");
  await dialog.getByText("Stored and queued").waitFor();
  await dialog.getByText("Waiting for an answer.").waitFor();
  const [got] = await take("billing");
  expect(got?.message).toMatchObject({ content: { order: 12 }, sender: "user", protocol: "fipa-request" });
  const conversation = z.string().parse(got?.message["conversation_id"]);
  const answer = { performative: "refuse", sender: "billing", receiver: "user", content: "Not before Friday" };
  await send({ ...answer, protocol: "fipa-request", conversation_id: conversation });
  await dialog.getByText("Not before Friday").waitFor();
  await dialog.getByRole("link", { name: "Open the conversation" }).click();
  await page.waitForURL(`**/ui/conversations/${conversation}`);
});

test("dead letters say why, are sent again, saved, and dropped after a question", async () => {
  await send({ performative: "inform", sender: "planner", receiver: "south-depot", content: "one" });
  await send({ performative: "inform", sender: "planner", receiver: "south-depot", content: "two" });
  await take("south-depot", "the gate is closed");
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto("/ui/messages?tab=dead");
  await page.getByText("2 dead letters in all").waitFor();
  await page.getByText("the gate is closed").filter({ visible: true }).first().waitFor();
  await page.getByRole("button", { name: "Show the attempts: to south-depot" }).first().click();
  const attempts = page.getByRole("dialog", { name: "Attempts to deliver to south-depot" });
  await attempts.getByRole("row", { name: /^1 .* the gate is closed$/ }).waitFor();
  await attempts.getByRole("button", { name: "Close" }).click();
  const saving = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export as JSONL" }).click();
  const saved = await readFile(await (await saving).path(), "utf8");
  const letters = saved
    .trimEnd()
    .split("\n")
    .map((line) => contract.messages.DeadLetter.parse(JSON.parse(line)));
  expect(letters.map(({ code }) => code)).toEqual(["DELIVERY_REJECTED", "DELIVERY_REJECTED"]);
  await page.getByRole("button", { name: "Try again: to south-depot" }).first().click();
  // It is refused as soon as it is there once more.
  await expect
    .poll(() => take("south-depot", "the gate is still closed"), { interval: 20, timeout: 10_000 })
    .toHaveLength(1);
  await page.getByText("It failed again: the gate is still closed").waitFor();
  await page.getByText("2 dead letters in all").waitFor();
  await page.getByRole("button", { name: "Try again: to south-depot" }).first().click();
  await page.getByText("1 dead letter in all").waitFor();
  expect(await take("south-depot")).toHaveLength(1);
  await page.getByRole("button", { name: "Drop: to south-depot" }).click();
  await page.getByText("The message will not be delivered to south-depot.").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Drop" }).click();
  await page.getByText("No dead letters").waitFor();
  expect(person.complaints).toEqual([]);
});

test("a conversation is drawn message by message, grows live, and shows what may follow", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto("/ui/conversations");
  await page.getByRole("link", { name: /^planner and north-depot, south-depot/ }).click();
  const steps = page.getByRole("list", { name: "Messages" }).getByRole("button");
  await expect.poll(() => steps.count(), { timeout: 15_000 }).toBe(6);
  await steps.first().focus();
  for (const key of ["Tab", "Enter"]) await page.keyboard.press(key);
  await detail(page).getByText("propose", { exact: true }).first().waitFor();
  await detail(page).getByText("price").first().waitFor();
  await page.getByText("The protocol: Contract net", { exact: false }).click();
  await page.getByRole("group", { name: /^The protocol/ }).waitFor();
  await page.getByRole("button", { name: "Archive", exact: true }).click();
  await page.getByText("Conversation archived").waitFor();
  await page.goto(`/ui/conversations/${open}`);
  await page.getByText("billing may say").waitFor();
  await page.getByText(/^due \d\d:/).waitFor();
  const agreed = { performative: "agree", sender: "billing", receiver: "planner", conversation_id: open };
  await send({ ...agreed, protocol: "fipa-request", content: "at noon" });
  await page.getByRole("button", { name: /agree from billing to planner/ }).waitFor();
  await page.getByRole("button", { name: "List" }).click();
  await page.getByText("at noon").waitFor();
  await page.getByRole("button", { name: "End conversation" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "End conversation" }).click();
  await page.getByText("Conversation ended").waitFor();
  await page.getByText("None. The conversation has ended.").waitFor();
  await page.goto("/ui/conversations?protocol=fipa-contract-net");
  await page.getByText("No conversation fits").waitFor();
  await page.getByRole("checkbox", { name: "Archived" }).check();
  await page.getByRole("link", { name: /^planner and north-depot/ }).waitFor();
  expect(person.complaints).toEqual([]);
});

test("a conversation is branched, and continues in another one", async () => {
  for (const id of ["small-talk", "large-talk"])
    await send({
      performative: "inform",
      sender: "planner",
      receiver: "billing",
      conversation_id: id,
      content: "hello",
    });
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto("/ui/conversations/small-talk");
  await page.getByRole("link", { name: "Branch off" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("branches from small-talk").waitFor();
  await dialog.getByLabel("Names, with commas between").fill("billing");
  await dialog.getByLabel("From", { exact: true }).fill("planner");
  const held = Promise.withResolvers<undefined>();
  let sent = 0;
  await page.route("**/api/v1/messages", async (route) => {
    sent += 1;
    await held.promise;
    await route.continue();
  });
  await page.keyboard.press("Control+Enter");
  await dialog.getByLabel("Content").fill("by the way");
  await page.keyboard.press("Control+Enter");
  await dialog.getByRole("button", { name: "Sending" }).waitFor();
  await page.keyboard.press("Control+Enter");
  held.resolve(undefined);
  await dialog.getByRole("link", { name: "Open the conversation" }).click();
  expect(sent, "neither half of a message nor one twice").toBe(1);
  await page.getByRole("link", { name: "small-talk" }).click();
  await page.getByText("Branches", { exact: true }).waitFor();
  const failure = "the router is stopping";
  await page.route("**/small-talk/end", (route) =>
    route.fulfill({
      status: 503,
      json: { type: "", title: "", status: 503, detail: failure, code: "X", hint: "", request_id: "", details: {} },
    }),
  );
  await page.getByRole("button", { name: "End conversation" }).click();
  await dialog.getByRole("button", { name: "End conversation" }).click();
  await dialog.getByText(failure).waitFor();
  expect(await page.getByText(failure).count(), "a failure is reported once").toBe(1);
  await page.keyboard.press("Escape");
  await page.getByRole("button", { name: "Merge" }).click();
  await dialog.getByLabel("Target conversation").fill("nowhere");
  await dialog.getByRole("button", { name: "Merge" }).click();
  await dialog.getByText("there is no conversation nowhere").waitFor();
  await dialog.getByLabel("Target conversation").fill("large-talk");
  await dialog.getByRole("button", { name: "Merge" }).click();
  await page.getByText("continues in large-talk").waitFor();
  await expect.poll(() => page.getByRole("button", { name: "Merge" }).count()).toBe(0);
  expect(person.complaints).toEqual([]);
});

test("a message that an agent answers leads to the run that did it, and the run back to the message", async () => {
  const { id } = await send({ performative: "request", receiver: "greeter", content: "Who are you?" });
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto(`/ui/messages?message=${id}`);
  await detail(page).getByText("The run it started").waitFor();
  await detail(page).getByRole("link", { name: "greeter", exact: true }).click();
  await page.getByRole("heading", { level: 1, name: "Who are you?" }).waitFor();
  await page.getByRole("link", { name: id }).first().click();
  await detail(page).getByText("Who are you?").first().waitFor();
  await detail(page).getByRole("list", { name: "Trace: 2 messages" }).waitFor();
  expect(person.complaints).toEqual([]);
});

test("older messages come at the press of a button, and what comes meanwhile waits", async () => {
  const messages = Array.from({ length: 210 }, (_, number) => ({
    performative: "inform",
    sender: "billing",
    receiver: "south-depot",
    content: `note ${number}`,
  }));
  await server.ask("POST", "/api/v1/messages/batch", { messages });
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto("/ui/messages?sender=billing&recipient=south-depot");
  await rows(page).getByRole("cell", { name: "note 209", exact: true }).waitFor();
  await page.getByRole("button", { name: "Older" }).click();
  await rows(page).getByRole("cell", { name: "note 0", exact: true }).waitFor();
  await send({ performative: "inform", sender: "billing", receiver: "south-depot", content: "the last" });
  await page.getByText("1 new since you paused").waitFor();
  await page.getByRole("button", { name: "Resume" }).click();
  await rows(page).getByRole("cell", { name: "the last" }).waitFor();
  await expect.poll(() => rows(page).getByRole("cell", { name: "note 0", exact: true }).count()).toBe(0);
});

test("the graph counts who talks to whom, while they talk, and leads to what they said", async () => {
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto("/ui/graph");
  const table = page.getByRole("table", { name: "The same as a table" });
  await table.getByRole("row", { name: /^planner north-depot \d/ }).waitFor();
  await send({ performative: "inform", sender: "billing", receiver: "north-depot", content: "hello" });
  await table.getByRole("row", { name: /^billing north-depot 1 0/ }).waitFor();
  await page.getByRole("button", { name: /^north-depot: \d+ sent/ }).click();
  await table.getByRole("row", { name: /^planner billing/ }).waitFor({ state: "detached" });
  await page.getByRole("button", { name: "All participants" }).click();
  await table.getByRole("row", { name: /^planner billing/ }).waitFor();
  await table
    .getByRole("row", { name: /^billing north-depot/ })
    .getByRole("link")
    .click();
  await page.waitForURL("**/ui/messages?sender=billing&recipient=north-depot");
  await rows(page).getByRole("cell", { name: "hello" }).waitFor();
  expect(person.complaints).toEqual([]);
});

type Look = { readonly path: string; readonly whole: string | RegExp };
const LOOKS: readonly Look[] = [
  { path: "/ui/messages?sender=planner", whole: "planner → north-depot, south-depot" },
  { path: "/ui/messages?sender=planner&message=PAST", whole: "Raw JSON" },
  { path: "/ui/messages?sender=planner&compose=true", whole: "By capability" },
  { path: "/ui/messages?tab=dead", whole: "the archive is closed" },
  { path: "/ui/messages?tab=mailboxes", whole: "invoicing" },
  { path: "/ui/messages?sender=nonexistent", whole: "No message fits" },
  { path: "/ui/conversations", whole: "In progress" },
  { path: "/ui/conversations/PAST?as=diagram&message=PAST", whole: "Raw JSON" },
  { path: "/ui/conversations/PAST?as=list", whole: "delivered" },
  { path: "/ui/graph?node=planner", whole: "All participants" },
];

/** A page is opened once and then looked at in both widths: opening it takes longer than to look. */
describe("every page of messages", () => {
  let person: Visit;
  beforeAll(async () => {
    const asked = { performative: "request", sender: "planner", receiver: "billing", protocol: "fipa-request" };
    await send({ ...asked, content: "Look it up", reply_by: inAnHour() });
    await take("billing", "the archive is closed");
    await send({ ...asked, content: "Look again", reply_by: inAnHour() });
    person = await visit(browser, server.url, { still: true });
  });
  afterAll(async () => {
    await person?.[Symbol.asyncDispose]();
  });

  test.for(LOOKS)(
    "$path is accessible on a phone in the light and on a desktop in the dark theme",
    async ({ path, whole }) => {
      const { page } = person;
      await page.setViewportSize(SMALL);
      await follow(page, path.replaceAll("PAST", past));
      await page.getByText(whole).filter({ visible: true }).first().waitFor();
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(SMALL.width);
      expect(await violations(page)).toEqual([]);
      await toDesktop(page);
      expect(await violationsInTheDark(page)).toEqual([]);
      expect(person.complaints).toEqual([]);
      expect(person.foreign).toEqual([]);
    },
  );
});
