import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";
import { answer, answerOk, type Receiver, startReceiver, verify } from "../webhooks/receiver.ts";
import { violationsInBothThemes } from "./accessible.ts";
import { leaveBrowser, openBrowser, PHONE, visit } from "./browser.ts";

verifies("webhooks.events", "dashboard.pages");

let browser: Browser;
let receiver: Receiver;
let server: TestServer;
beforeAll(async () => {
  browser = await openBrowser();
  receiver = await startReceiver();
  server = await startServer({
    script: [{ text: "done" }],
    settings: { "webhooks.private_origins": [receiver.origin] },
  });
});
afterAll(async () => {
  await leaveBrowser(browser);
  await server?.[Symbol.asyncDispose]();
  await receiver?.[Symbol.asyncDispose]();
});

const dialog = (page: Page) => page.getByRole("dialog");
const button = (page: Page, name: string | RegExp) =>
  page.getByRole("button", { name, exact: typeof name === "string" });

test("a webhook is created with its secret shown once, tested, stopped, and its deliveries are sent again", async () => {
  await using person = await visit(browser, server.url, { still: true, width: 1_280 });
  const { page } = person;
  await page.goto("/ui/webhooks");
  await button(page, "Create webhook").click();
  await dialog(page).getByLabel("URL").fill(receiver.url);
  await dialog(page).getByLabel("Events").fill("run.completed run.failed");
  expect(await violationsInBothThemes(page)).toEqual([]);
  await dialog(page).getByRole("button", { name: "Create webhook" }).click();
  const secret = (await dialog(page).locator("code").textContent()) ?? "";
  expect(secret).toMatch(/^whsec_/);
  await button(page, "Close").last().click();
  expect(await page.content()).not.toContain(secret);
  await page.getByRole("link", { name: receiver.url }).click();
  await button(page, "Send test event").click();
  await page.getByText("The target accepted the test event").waitFor();
  expect(receiver.received.map((each) => [each.event.type, verify(secret, each)])).toEqual([["webhook.test", 0]]);

  receiver.answer(answer(503));
  await server.ask("POST", "/api/v1/runs", { agent: "data-analyzer", input: "Say hello", wait: true });
  const rowOf = (name: RegExp) => page.getByRole("table", { name: "Deliveries" }).getByRole("row", { name });
  await rowOf(/Waiting.*run\.completed.*the target answered 503/).waitFor();
  await page.getByText("Failing", { exact: true }).waitFor();
  receiver.answer(answerOk);
  await button(page, "Send event 2 again").click();
  await rowOf(/Delivered.*run\.completed.*204/).waitFor();
  expect(await violationsInBothThemes(page)).toEqual([]);

  receiver.answer(answer(410));
  await server.ask("POST", "/api/v1/runs", { agent: "data-analyzer", input: "Say hello", wait: true });
  await page.getByText("Nothing is sent: the target answered 410 Gone").waitFor();
  await button(page, "Enable").click();
  await page.getByText("Active", { exact: true }).waitFor();
  await button(page, "Delete").click();
  await dialog(page).getByRole("button", { name: "Delete" }).click();
  await page.getByText("No webhooks").waitFor();
});

test("the pages of webhooks fit a phone", async () => {
  await server.ask("POST", "/api/v1/webhooks", { url: receiver.url, events: ["run.*"] });
  await using person = await visit(browser, server.url, { still: true, width: PHONE.width });
  const { page } = person;
  await page.goto("/ui/webhooks");
  await page.getByRole("link", { name: receiver.url }).click();
  await page.getByText("No deliveries").waitFor();
  expect(await violationsInBothThemes(page)).toEqual([]);
});
