import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";
import { events, refusing, vendor } from "../models/vendors/endpoint.ts";
import { violations, violationsInBothThemes } from "./accessible.ts";
import { leaveBrowser, openBrowser, PHONE, visit } from "./browser.ts";

verifies("security.secrets", "dashboard.pages");

const WRONG = "sk-wrong-5d1c07aa93be";
const RIGHT = "sk-right-e2f46b1d80c9";

const AGENT = `name = "probe"
version = "1.0.0"
capabilities = ["x"]
system_prompt = "Answer."
[llm]
model = "openai/m"
`;

const says = events(
  {
    id: "c1",
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta: { content: "OK" }, finish_reason: "stop" }],
  },
  "[DONE]",
);
const refuses = refusing(401, { error: { message: "Incorrect API key provided" } });

let browser: Browser;
let endpoint: Awaited<ReturnType<typeof vendor>>;
let server: TestServer;
beforeAll(async () => {
  browser = await openBrowser();
  endpoint = await vendor((response) =>
    (response.req.headers.authorization === `Bearer ${RIGHT}` ? says : refuses)(response),
  );
  server = await startServer({ environment: { OPENAI_BASE_URL: `${endpoint.url}/v1` } });
});
afterAll(async () => {
  await leaveBrowser(browser);
  await server?.[Symbol.asyncDispose]();
  await endpoint?.[Symbol.asyncDispose]();
});

const dialog = (page: Page) => page.getByRole("dialog");
const rowOf = (page: Page, table: string, name: string | RegExp) =>
  page.getByRole("table", { name: table }).getByRole("row", { name });
const openKey = (page: Page) => page.getByRole("button", { name: /^(?:Set|Change) key of openai$/ }).click();

/** The methods and paths of the requests that contain a text. */
function requestsWith(page: Page, text: string): readonly string[] {
  const found: string[] = [];
  page.on("request", (request) => {
    const sent = [request.url(), request.postData() ?? "", JSON.stringify(request.headers())].join("\n");
    if (sent.includes(text)) found.push(`${request.method()} ${new URL(request.url()).pathname}`);
  });
  return found;
}

async function expectNowhere(page: Page, text: string): Promise<void> {
  expect(await page.content()).not.toContain(text);
  expect(await page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")).not.toContain(text);
}

test("a provider's key is tested when it is stored, and is used by the next run", async () => {
  await using person = await visit(browser, server.url, { still: true, width: 1_280 });
  const { page } = person;
  const wrongIn = requestsWith(page, WRONG);
  const rightIn = requestsWith(page, RIGHT);
  await page.goto("/ui/settings");
  await openKey(page);
  const value = dialog(page).getByLabel("Value");
  expect(await value.getAttribute("type")).toBe("password");
  expect(await value.getAttribute("autocomplete")).toBe("off");
  expect(await value.inputValue()).toBe("");
  await value.fill(WRONG);
  await expectNowhere(page, WRONG);
  await dialog(page).getByRole("button", { name: "Store and test" }).click();
  await dialog(page).getByText("The key is stored, but its test failed.").waitFor();
  await dialog(page)
    .getByText(/Incorrect API key provided/)
    .waitFor();
  expect(await value.inputValue()).toBe("");
  expect(await violationsInBothThemes(page)).toEqual([]);

  await value.fill(RIGHT);
  await dialog(page).getByRole("button", { name: "Replace and test" }).click();
  await dialog(page).getByText("The key is stored and works.").waitFor();
  expect(
    await dialog(page)
      .getByText(/Incorrect API key provided/)
      .count(),
  ).toBe(0);
  expect(await value.inputValue()).toBe("");
  await dialog(page).getByRole("button", { name: "Close" }).last().click();
  await rowOf(page, "Secrets", /^OPENAI_API_KEY default/).waitFor();
  for (const text of [WRONG, RIGHT]) await expectNowhere(page, text);
  expect(wrongIn).toEqual(["PUT /api/v1/secrets/OPENAI_API_KEY"]);
  expect(rightIn).toEqual(["PUT /api/v1/secrets/OPENAI_API_KEY/value"]);

  await server.ask("POST", "/api/v1/agents", { source: AGENT });
  const { body } = await server.ask("POST", "/api/v1/runs", { agent: "probe", input: "hello", wait: true });
  expect(body).toMatchObject({ state: "completed" });
  expect(endpoint.seen.at(-1)).toMatchObject({
    headers: { authorization: `Bearer ${RIGHT}` },
    body: { model: "m" },
  });

  await openKey(page);
  await dialog(page).getByLabel("Workspace").selectOption("all workspaces");
  await dialog(page).getByLabel("Value").fill(WRONG);
  await dialog(page).getByText("The workspace default has its own key").waitFor();
  await dialog(page).getByRole("button", { name: "Store and test" }).click();
  await dialog(page).getByText("The key is stored and works.").waitFor();
  await dialog(page).getByRole("button", { name: "Delete" }).click();
  await dialog(page).getByText("OPENAI_API_KEY of all workspaces is deleted.").waitFor();
  await dialog(page).getByRole("button", { name: "Delete" }).click();
  await page.getByText("The secret is deleted").waitFor();
  await rowOf(page, "Secrets", /^OPENAI_API_KEY all workspaces/).waitFor({ state: "detached" });
  expect(await rowOf(page, "Secrets", /^OPENAI_API_KEY default/).count()).toBe(1);
  expect(person.complaints).toEqual([]);
  expect(person.foreign).toEqual([]);
});

test("secrets are added, replaced and deleted in the list", async () => {
  await using person = await visit(browser, server.url, { still: true, width: PHONE.width });
  const { page } = person;
  const stored = async () => {
    const { body } = await server.ask("GET", "/api/v1/secrets");
    return contract.secrets.SecretPage.parse(body).items.find(({ name }) => name === "TEAM_KEY");
  };
  const source = AGENT.replace("probe", "teammate") + 'api_key = "${secret:TEAM_KEY}"\n';
  expect((await server.ask("POST", "/api/v1/agents", { source })).status).toBe(201);
  await page.goto("/ui/settings");
  await page.getByRole("button", { name: "Add a secret" }).click();
  await dialog(page).getByLabel("Name").fill("TEAM_KEY");
  await dialog(page).getByLabel("Value").fill("short");
  await dialog(page).getByLabel("Workspace").selectOption("all workspaces");
  await dialog(page).getByLabel("Origins").fill("https://a.example.com\nhttps://b.example.com");
  expect(await violations(page)).toEqual([]);
  await dialog(page).getByRole("button", { name: "Store" }).click();
  await dialog(page).getByRole("alert").first().waitFor();
  await dialog(page).getByLabel("Value").fill(RIGHT);
  await dialog(page).getByRole("button", { name: "Store" }).click();
  const first = rowOf(page, "Secrets", /^TEAM_KEY all workspaces https:\/\/a.example.com, https:\/\/b.example.com/);
  await first.getByText("Agents: teammate").waitFor();
  const before = await stored();
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(PHONE.width);
  expect(await violations(page)).toEqual([]);

  await page.getByRole("button", { name: "Add a secret" }).click();
  await dialog(page).getByLabel("Name").fill("TEAM_KEY");
  await dialog(page).getByLabel("Workspace").selectOption("all workspaces");
  await dialog(page).getByText("A secret of this name exists.").waitFor();
  await dialog(page).getByRole("button", { name: "Cancel" }).click();

  await page.getByRole("button", { name: "Replace TEAM_KEY" }).click();
  await dialog(page).getByLabel("Value").fill(WRONG);
  await dialog(page).getByRole("button", { name: "Replace" }).click();
  await dialog(page).waitFor({ state: "detached" });
  const after = await stored();
  expect(after?.fingerprint).not.toBe(before?.fingerprint);
  expect(after?.origins).toEqual(before?.origins);
  await rowOf(page, "Secrets", new RegExp(after?.fingerprint ?? "none")).waitFor();
  await page.getByRole("button", { name: "Delete TEAM_KEY" }).click();
  await dialog(page).getByRole("button", { name: "Delete" }).click();
  await rowOf(page, "Secrets", /^TEAM_KEY/).waitFor({ state: "detached" });
  expect(await stored()).toBeUndefined();
  for (const text of [WRONG, RIGHT]) await expectNowhere(page, text);
});

test("roles limit what the page offers", async () => {
  await using guarded = await startServer({ settings: { "access.mode": "required" } });
  const post = async (token: string, path: string, body: object, method = "POST"): Promise<unknown> => {
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
    const response = await fetch(guarded.url + path, { method, headers, body: JSON.stringify(body) });
    expect({ path, ok: response.ok }).toEqual({ path, ok: true });
    return response.json();
  };
  const create = async (by: string, body: object) =>
    contract.keys.CreatedApiKey.parse(await post(by, "/api/v1/keys", body)).key ?? "";
  const admin = await create(guarded.started.setupToken ?? "", { name: "administrator", role: "admin" });
  await post(admin, "/api/v1/secrets/SHARED_KEY?all_workspaces=true", { value: RIGHT }, "PUT");
  const logIn = async (page: Page, role: string) => {
    const key = await create(admin, { name: role, role, workspace: "default" });
    await page.goto("/ui/settings");
    await page.getByLabel("API key").fill(key);
    await page.getByRole("button", { name: "Log in" }).click();
    await rowOf(page, "Providers", /^mistral/).waitFor();
  };
  await using operator = await visit(browser, guarded.url, { still: true });
  await logIn(operator.page, "operator");
  await rowOf(operator.page, "Secrets", /^SHARED_KEY all workspaces/).waitFor();
  expect(await operator.page.getByRole("button", { name: "Delete SHARED_KEY" }).isDisabled()).toBe(true);
  await openKey(operator.page);
  await dialog(operator.page).getByText("The secret is stored in the workspace default.").waitFor();
  expect(await dialog(operator.page).getByLabel("Workspace").count()).toBe(0);
  await using user = await visit(browser, guarded.url, { still: true });
  await logIn(user.page, "user");
  expect(await user.page.getByRole("button", { name: /key of/ }).count()).toBe(0);
  expect(await user.page.getByRole("heading", { name: "Secrets" }).count()).toBe(0);
});
