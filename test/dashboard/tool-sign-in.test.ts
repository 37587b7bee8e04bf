import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startServer, type TestServer } from "../helpers/server.ts";
import { Office } from "../tools/remote/oauth/office.ts";
import { violations } from "./accessible.ts";
import { leaveBrowser, openBrowser, visit } from "./browser.ts";

let browser: Browser;
let office: Office;
let server: TestServer;

beforeAll(async () => {
  browser = await openBrowser();
  office = await Office.open();
  server = await startServer({
    files: { "caxton.toml": `[mcp_servers.office]\nurl = "${office.endpoint.url}"\nauth.type = "oauth"\n` },
  });
});
afterAll(async () => {
  await leaveBrowser(browser);
  await server?.[Symbol.asyncDispose]();
  await office?.[Symbol.asyncDispose]();
});

test("a user signs in to a tool server on its page, sees who is signed in, and signs out", async () => {
  await using person = await visit(browser, server.url, { still: true });
  const { page } = person;
  await page.goto("/ui/tools/office");
  await page.getByText("Signed out").waitFor();
  expect(await violations(page)).toEqual([]);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByPlaceholder("Enter any login").fill("ada");
  await page.getByPlaceholder("and password").fill("x");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("Signed in · local").waitFor();
  // The code is not in the address any more.
  const { pathname, search, hash } = new URL(page.url());
  expect([pathname, search, hash]).toEqual(["/ui/tools/office", "", ""]);
  await page.getByRole("tab", { name: /^Tools/ }).waitFor();
  await page.getByText("office.add").first().waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Sign in", exact: true }).waitFor();
});

test("a user who does not consent comes back to the page with the reason", async () => {
  await using person = await visit(browser, server.url, { still: true });
  const { page } = person;
  await page.goto("/ui/tools/office");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await page.getByText("[ Cancel ]").click();
  await page.getByText(/the sign-in to the tool server office failed: access_denied/).waitFor();
  expect(new URL(page.url()).hash).toBe("");
});
