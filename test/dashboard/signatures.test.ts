import { randomUUID } from "node:crypto";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startServer, type TestServer } from "../helpers/server.ts";
import { Signer } from "../helpers/signer.ts";
import { verifies } from "../helpers/verifies.ts";
import { violations, violationsInTheDark } from "./accessible.ts";
import { leaveBrowser, openBrowser, PHONE, toDesktop, visit } from "./browser.ts";

verifies("security.signed-messages", "dashboard.pages");

let browser: Browser;
let server: TestServer;
const alice = new Signer();

beforeAll(async () => {
  browser = await openBrowser();
  server = await startServer();
  for (const name of ["alice", "bob"]) await server.ask("POST", "/api/v1/participants", { name });
  await server.ask("POST", "/api/v1/participants/alice/keys", { public_key: alice.publicKey });
});
afterAll(async () => {
  await leaveBrowser(browser);
  await server?.[Symbol.asyncDispose]();
});

/** A signed message that arrived. */
async function send(content: string): Promise<string> {
  const id = randomUUID();
  const message = { id, workspace: "default", performative: "inform", sender: "alice", receiver: "bob", content };
  await server.ask("POST", "/api/v1/messages", alice.sign({ ...message, conversation_id: id }));
  return id;
}

test("messages show whether their signature was verified, by which key, and whether the workspace requires one", async () => {
  const bare = { performative: "inform", sender: "alice", receiver: "bob", content: "not signed" };
  await server.ask("POST", "/api/v1/messages", bare);
  const id = await send("signed");
  await using person = await visit(browser, server.url);
  const { page } = person;
  await page.goto("/ui/messages");
  const row = (content: string) =>
    page.getByRole("row").filter({ has: page.getByRole("cell", { name: content, exact: true }) });
  await row("not signed").getByRole("cell", { name: "unsigned", exact: true }).waitFor();
  await row("signed")
    .getByRole("cell", { name: `verified ${alice.keyId.slice(0, 8)}` })
    .waitFor();
  await server.ask("PATCH", "/api/v1/workspaces/default", { signatures: "required" });
  await page.reload();
  await row("not signed").getByRole("cell", { name: "unsigned, required" }).waitFor();
  expect([...(await violations(page)), ...(await violationsInTheDark(page))]).toEqual([]);
  await page.goto(`/ui/messages?message=${id}`);
  const detail = page.getByRole("region", { name: "Message", exact: true });
  await detail.getByTitle(`The signature is valid. Key ${alice.keyId}`).waitFor();
  await detail.getByText(alice.keyId, { exact: true }).waitFor();
  expect([...(await violations(page)), ...(await violationsInTheDark(page))]).toEqual([]);
  await page.setViewportSize(PHONE);
  await page.goto("/ui/messages");
  await page.getByRole("link", { name: "alice → bob" }).first().waitFor();
  await page.getByText("unsigned, required").filter({ visible: true }).waitFor();
  expect(await violations(page)).toEqual([]);
  await toDesktop(page);
  // Without its key the stored signature is no longer valid.
  server.started.caxton.messaging.messageKeys.deleteWorkspace("default");
  await page.goto(`/ui/messages?message=${id}`);
  await detail.getByText("invalid").waitFor();
  expect(person.complaints).toEqual([]);
});
