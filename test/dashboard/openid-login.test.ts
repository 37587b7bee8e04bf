import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { CLIENT, OpenIdProvider } from "../helpers/openid-provider.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { violations } from "./accessible.ts";
import { leaveBrowser, openBrowser, visit } from "./browser.ts";

let browser: Browser;
let provider: OpenIdProvider;
let server: TestServer;
let admin: string;

beforeAll(async () => {
  browser = await openBrowser();
  provider = await OpenIdProvider.listen();
  server = await startServer({
    settings: {
      "access.mode": "required",
      "access.jwt": {
        office: {
          issuer: provider.url,
          roles: { "caxton-admins": { role: "admin", workspace: "*" }, staff: "user" },
          login: { client_id: CLIENT.id, client_secret: "${env:OFFICE_SECRET}", label: "Office" },
        },
      },
    },
    environment: { OFFICE_SECRET: CLIENT.secret },
  });
  await provider.serve(server.url);
  const response = await fetch(`${server.url}/api/v1/keys`, {
    method: "POST",
    headers: { authorization: `Bearer ${server.started.setupToken}`, "content-type": "application/json" },
    body: JSON.stringify({ name: "root", role: "admin" }),
  });
  admin = contract.keys.CreatedApiKey.parse(await response.json()).key ?? "";
});
afterAll(async () => {
  await leaveBrowser(browser);
  await server?.[Symbol.asyncDispose]();
  await provider?.[Symbol.asyncDispose]();
});

const heading = (page: Page, name: string) => page.getByRole("heading", { level: 1, name, exact: true }).waitFor();

/** Logs in at the provider's own pages. */
async function logInAt(page: Page, login: string): Promise<void> {
  await page.getByRole("link", { name: "Log in with Office" }).click();
  await page.getByPlaceholder("Enter any login").fill(login);
  await page.getByPlaceholder("and password").fill("x");
  await page.getByRole("button", { name: "Sign-in" }).click();
  await page.getByRole("button", { name: "Continue" }).click();
}

test("a user logs in at the provider, returns to the page of the address, and logs out there too", async () => {
  await using person = await visit(browser, server.url, { still: true });
  const { page, context } = person;
  await page.goto("/ui/agents/greeter?tab=definition");
  await heading(page, "Log in");
  expect(await violations(page)).toEqual([]);
  await logInAt(page, "grace");
  await heading(page, "greeter");
  expect(new URL(page.url()).search).toBe("?tab=definition");
  await page.getByText("grace@example.com").waitFor();
  expect(await page.getByRole("link", { name: "Access" }).count()).toBe(0);
  const names = (await context.cookies(server.url)).map(({ name }) => name);
  expect(names).toContain("__Host-caxton");
  expect(names).not.toContain("__Host-caxton-login");
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("button", { name: "Yes, sign me out" }).click();
  await heading(page, "Log in");
  expect(new URL(page.url()).pathname).toBe("/ui/login");
  await page.getByRole("link", { name: "Log in with Office" }).click();
  await page.getByPlaceholder("Enter any login").waitFor();
});

test("the login page says why a login failed, and another one works", async () => {
  await using person = await visit(browser, server.url, { still: true });
  const { page } = person;
  await page.goto("/ui/");
  await logInAt(page, "guest");
  await page.getByRole("alert").getByText("none of your groups has a role on this server").waitFor();
  expect(await violations(page)).toEqual([]);
  await page.getByLabel("API key").fill(admin);
  await page.getByRole("button", { name: "Log in" }).click();
  await heading(page, "Home");
});

// access.users.U1
test("an administrator disables a user, whose page shows the login within a second", async () => {
  await using person = await visit(browser, server.url, { still: true });
  await person.page.goto("/ui/");
  await logInAt(person.page, "grace");
  await person.page.getByText("Live", { exact: true }).waitFor();
  await using boss = await visit(browser, server.url, { still: true });
  const { page } = boss;
  await page.goto("/ui/access");
  await logInAt(page, "ada");
  await heading(page, "Access");
  await page.getByRole("row", { name: /grace@example\.com.*user_office:grace.*Role user.*active/ }).waitFor();
  expect(await violations(page)).toEqual([]);
  await page.getByRole("button", { name: "Disable grace@example.com" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Disable" }).click();
  await page.getByRole("row", { name: /user_office:grace.*disabled/ }).waitFor();
  await person.page.getByRole("heading", { level: 1, name: "Log in" }).waitFor({ timeout: 5_000 });
  await page.getByLabel("Key or user").selectOption({ label: "User grace@example.com (user_office:grace)" });
  const verdict = page.getByRole("status").filter({ hasText: "Role user" });
  await verdict.getByText("Denied", { exact: true }).waitFor();
  await verdict.getByText("The credentials are disabled, so every request is refused.").waitFor();
  await page.getByRole("button", { name: "Enable grace@example.com" }).click();
  await verdict.getByText("Granted", { exact: true }).waitFor();
  await verdict.getByText("Role user in the workspace default: granted by runs:execute").waitFor();
  await page.getByLabel("Permission", { exact: true }).selectOption("agents:deploy");
  await verdict.getByText("Role user in the workspace default: does not grant it").waitFor();
});

// access.users.L1
test("a login link is used by the click on its page, once", async () => {
  await using boss = await visit(browser, server.url, { still: true });
  await boss.page.goto("/ui/access");
  await boss.page.getByLabel("API key").fill(admin);
  await boss.page.getByRole("button", { name: "Log in" }).click();
  await boss.page.getByRole("button", { name: "Create a login link" }).click();
  const dialog = boss.page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("Alan");
  await dialog.getByLabel("Role").selectOption("readonly");
  expect(await violations(boss.page)).toEqual([]);
  await dialog.getByRole("button", { name: "Create a login link" }).click();
  const link = (await dialog.getByText(/\/ui\/login#cax_login_/).textContent()) ?? "";
  await using preview = await visit(browser, server.url, { still: true });
  await preview.page.goto(link);
  await preview.page.getByRole("button", { name: "Log in with this link" }).waitFor();
  await using person = await visit(browser, server.url, { still: true });
  const { page } = person;
  await page.goto(link);
  await heading(page, "Log in");
  expect(page.url()).not.toContain("cax_login_");
  await page.getByRole("button", { name: "Log in with this link" }).click();
  await heading(page, "Home");
  await page.getByText("Alan").waitFor();
  await preview.page.getByRole("button", { name: "Log in with this link" }).click();
  await preview.page.getByText("the login link is invalid, was used, or has expired").waitFor();
});
