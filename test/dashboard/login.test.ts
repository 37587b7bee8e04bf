import { createServer, request, type RequestListener } from "node:http";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { violations } from "./accessible.ts";
import { leaveBrowser, openBrowser, visit } from "./browser.ts";

const HOUR_MS = 3_600_000;

let browser: Browser;
let server: TestServer;
let admin: string;
let lateMs = 0;
const clock = { ...systemClock, nowMs: () => systemClock.nowMs() + lateMs };

beforeAll(async () => {
  browser = await openBrowser();
  server = await startServer({ settings: { "access.mode": "required" }, overrides: { clock } });
});
afterAll(async () => {
  await leaveBrowser(browser);
  await server?.[Symbol.asyncDispose]();
});

const bearer = () => ({ authorization: `Bearer ${admin}`, "content-type": "application/json" });

async function createKey(name: string, role: string): Promise<{ readonly id: string; readonly key: string }> {
  const body = JSON.stringify({ name, role });
  const response = await fetch(`${server.url}/api/v1/keys`, { method: "POST", headers: bearer(), body });
  const { id, key } = contract.keys.CreatedApiKey.parse(await response.json());
  return { id, key: key ?? "" };
}

const stateOf = async (agent: string) => {
  const response = await fetch(`${server.url}/api/v1/agents/${agent}`, { headers: bearer() });
  return contract.agents.AgentDetail.parse(await response.json()).state;
};

const heading = (page: Page, name: string) => page.getByRole("heading", { level: 1, name, exact: true }).waitFor();

async function logIn(page: Page, key: string): Promise<void> {
  await page.getByLabel("API key").fill(key);
  await page.getByRole("button", { name: "Log in" }).click();
}

const sessionOf = async (context: BrowserContext): Promise<string | undefined> =>
  (await context.cookies(server.url)).find(({ name }) => name === "__Host-caxton")?.value;

/** Another server of this machine. */
async function otherServer(listener: RequestListener): Promise<AsyncDisposable & { readonly port: number }> {
  const other = createServer(listener);
  await new Promise<void>((resolve) => void other.listen(0, "127.0.0.1", resolve));
  const address = other.address();
  if (typeof address !== "object" || address === null) throw new Error("the other server has no port");
  return {
    port: address.port,
    [Symbol.asyncDispose]: async () => {
      other.close();
      other.closeAllConnections();
    },
  };
}

/** A server with one page for all addresses. */
const otherSite = (page: string, headers = {}) =>
  otherServer(
    (_request, response) => void response.writeHead(200, { "content-type": "text/html", ...headers }).end(page),
  );

type Seen = { readonly method: string; readonly hasCookie: boolean; readonly status: number };

/** Passes requests on to the server unchanged, and records those of other origins: a page does not see the answers that the browser blocks. */
const recorder = (seen: Seen[]) =>
  otherServer((given, response) => {
    const { method = "", url = "", headers } = given;
    const passed = request(server.url + url, { method, headers }, (answer) => {
      const { statusCode: status = 0 } = answer;
      const isOwn = headers["sec-fetch-site"] === "same-origin";
      if (url.startsWith("/api/") && !isOwn) seen.push({ method, hasCookie: headers.cookie !== undefined, status });
      response.writeHead(status, answer.headers);
      answer.pipe(response);
    });
    passed.on("error", () => response.destroy());
    response.on("close", () => passed.destroy());
    given.pipe(passed);
  });

test("no other site may frame, embed or run scripts in the dashboard", async () => {
  const { headers } = await fetch(`${server.url}/ui/`);
  expect(headers.get("content-security-policy")).toMatch(/^default-src 'self'; .*frame-ancestors 'none'/);
  expect(headers.get("content-security-policy")).not.toContain("unsafe");
  expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
  expect(headers.get("x-content-type-options")).toBe("nosniff");
  expect(headers.get("referrer-policy")).toBe("no-referrer");
});

test("the setup link creates the administrator's key, shows it once and logs in with it", async () => {
  await using person = await visit(browser, server.url, { still: true });
  const { page } = person;
  await page.goto(`/ui/setup#${server.started.setupToken}`);
  await heading(page, "Set up access");
  expect(page.url()).not.toContain("cax_setup_");
  expect(await violations(page)).toEqual([]);
  await page.getByRole("button", { name: "Create the key" }).click();
  admin = (await page.getByText(/^cax_/).textContent()) ?? "";
  await page.getByRole("button", { name: "Log in with this key" }).click();
  await heading(page, "Home");
  await page.getByText("administrator").waitFor();
  expect(await page.getByText(admin).count()).toBe(0);
  await page.goto(`/ui/setup#${server.started.setupToken}`);
  await heading(page, "Home");
  expect(person.foreign).toEqual([]);
  expect(person.complaints).toEqual([]);
});

test("a login opens the page of the address, permits writes, and ends at logout", async () => {
  await using person = await visit(browser, server.url, { still: true });
  const { page, context } = person;
  await page.goto("/ui/agents/greeter?tab=definition");
  await heading(page, "Log in");
  expect(await violations(page)).toEqual([]);
  await logIn(page, "cax_wrong");
  await page.getByText("CREDENTIALS_INVALID").waitFor();
  await logIn(page, admin);
  await heading(page, "greeter");
  expect(new URL(page.url()).search).toBe("?tab=definition");
  expect(await page.evaluate("document.cookie")).toBe("");
  expect(await page.evaluate("JSON.stringify([localStorage, sessionStorage])")).not.toContain("cax_");
  await page.reload();
  await heading(page, "greeter");
  await page.getByRole("button", { name: "More actions" }).click();
  await page.getByRole("menuitem", { name: "Pause" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Pause" }).click();
  await expect.poll(() => stateOf("greeter")).toBe("paused");
  await page.getByRole("button", { name: "Log out" }).click();
  await heading(page, "Log in");
  expect(await sessionOf(context)).toBeUndefined();
  await page.reload();
  await heading(page, "Log in");
});

test("a revoked key ends the streams of its pages, which then show the login", async () => {
  const { id, key } = await createKey("short", "admin");
  await using person = await visit(browser, server.url, { still: true });
  const { page } = person;
  await page.goto("/ui/");
  await logIn(page, key);
  await page.getByText("Live", { exact: true }).waitFor();
  await fetch(`${server.url}/api/v1/keys/${id}`, {
    method: "DELETE",
    headers: { authorization: bearer().authorization },
  });
  await heading(page, "Log in");
  await logIn(page, key);
  await page.getByText("the API key is revoked").waitFor();
  expect(await page.getByText("Live", { exact: true }).count()).toBe(0);
});

test("a session without a request for an hour shows the login", async () => {
  await using person = await visit(browser, server.url, { still: true });
  const { page } = person;
  await page.goto("/ui/");
  await logIn(page, admin);
  await page.getByText("Live", { exact: true }).waitFor();
  lateMs += HOUR_MS;
  await heading(page, "Log in");
  expect(await page.getByText("Live", { exact: true }).count()).toBe(0);
});

// access.sessions.S1
test("a session cookie that was set before the login is not adopted", async () => {
  await using person = await visit(browser, server.url, { still: true });
  const { page, context } = person;
  const planted = "A".repeat(43);
  // Cookies do not distinguish ports.
  await using other = await otherSite("", { "set-cookie": `__Host-caxton=${planted}; Path=/; Secure` });
  await page.goto(`http://127.0.0.1:${other.port}/`);
  expect(await sessionOf(context)).toBe(planted);
  await page.goto(`${server.url}/ui/`);
  await heading(page, "Log in");
  await logIn(page, admin);
  await heading(page, "Home");
  expect(await sessionOf(context)).toMatch(/^[\w-]{43}$/);
  expect(await sessionOf(context)).not.toBe(planted);
});

test("the page of keys creates a key that works, and revokes it", async () => {
  await using person = await visit(browser, server.url, { still: true });
  const { page } = person;
  await page.goto("/ui/access");
  await logIn(page, admin);
  await heading(page, "Access");
  await page.getByRole("button", { name: "Create a key" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("ci");
  await dialog.getByLabel("Role").selectOption("operator");
  await dialog.getByLabel("Expires").selectOption("In 90 days");
  expect(await violations(page)).toEqual([]);
  await dialog.getByRole("button", { name: "Create a key" }).click();
  const key = (await dialog.getByText(/^cax_/).textContent()) ?? "";
  await dialog.getByRole("button", { name: "Close" }).last().click();
  const agents = () => fetch(`${server.url}/api/v1/agents`, { headers: { authorization: `Bearer ${key}` } });
  expect((await agents()).status).toBe(200);
  await page.getByRole("row", { name: /ci.*operator.*active/ }).waitFor();
  await page.getByRole("button", { name: "Revoke ci" }).click();
  await dialog.getByRole("button", { name: "Revoke" }).click();
  await page.getByRole("row", { name: /ci.*operator.*revoked/ }).waitFor();
  expect((await agents()).status).toBe(401);
});

describe("with the role readonly", () => {
  test("pages and actions without permission are absent or disabled, and say why", async () => {
    const { key } = await createKey("reader", "readonly");
    await using person = await visit(browser, server.url, { still: true });
    const { page } = person;
    await page.goto("/ui/agents");
    await logIn(page, key);
    await page.getByRole("row", { name: /greeter/ }).waitFor();
    await page.getByText("reader").waitFor();
    expect(await page.getByRole("link", { name: "Access" }).count()).toBe(0);
    const deploy = page.getByRole("button", { name: /^Deploy/ }).first();
    expect(await deploy.isDisabled()).toBe(true);
    expect(await deploy.getAttribute("title")).toBe(
      "Needs the permission agents:deploy, which the role readonly does not have",
    );
    await page.goto("/ui/access");
    await page
      .getByText("key.list requires the permission access:read, which the role readonly does not have")
      .waitFor();
  });
});

/** A page of another origin that tries to act with the user's cookie. */
const attack = (target: string) => `<!doctype html><title>other</title>
<img src="${target}/api/v1/agents"><iframe name="sink"></iframe>
<form id="form" target="sink" method="post" action="${target}/api/v1/agents/data-analyzer/pause" enctype="text/plain"><input name='{"reason":"' value='x"}'></form>
<script>
  const done = [];
  document.querySelector("form").submit();
  const body = JSON.stringify({ reason: "x" });
  const options = { method: "POST", credentials: "include", body };
  done.push(fetch("${target}/api/v1/agents/data-analyzer/pause", { ...options, mode: "no-cors" }).then((r) => r.type, () => "refused"));
  done.push(fetch("${target}/api/v1/agents/data-analyzer/pause", { ...options, headers: { "content-type": "application/json" } }).then((r) => r.type, () => "refused"));
  done.push(fetch("${target}/api/v1/keys", { credentials: "include" }).then((r) => r.text(), () => "refused"));
  done.push(new Promise((resolve) => {
    const socket = new WebSocket("${server.url.replace("http", "ws")}${contract.MESSAGE_SOCKET}");
    socket.onopen = () => resolve("open");
    socket.onerror = () => resolve("refused");
  }));
  window.results = Promise.all(done);
</script>`;

// access.access.A3
test.for(["127.0.0.1", "localhost"])("a page of another port of %s cannot act with the session", async (host) => {
  const seen: Seen[] = [];
  await using proxy = await recorder(seen);
  const target = `http://127.0.0.1:${proxy.port}`;
  await using other = await otherSite(attack(target));
  await using person = await visit(browser, target, { still: true });
  const { page } = person;
  await page.goto("/ui/");
  await logIn(page, admin);
  await page.getByText("Live", { exact: true }).waitFor();
  await page.goto(`http://${host}:${other.port}/`);
  expect(await page.evaluate("results")).toEqual(["opaque", "refused", "refused", "refused"]);
  const attempts = () => seen.filter(({ method }) => method !== "OPTIONS");
  await expect.poll(() => attempts().length).toBe(4);
  expect(attempts().filter(({ status }) => status < 400)).toEqual([]);
  // Cookies do not distinguish ports: the browser sends the session to a page of the same host.
  expect(attempts().some(({ hasCookie }) => hasCookie)).toBe(host === "127.0.0.1");
  expect(await stateOf("data-analyzer")).not.toBe("paused");
  await page.goto(`${target}/ui/`);
  await heading(page, "Home");
});
