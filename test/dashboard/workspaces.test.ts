import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { repository, startServer, type TestServer } from "../helpers/server.ts";
import { violations } from "./accessible.ts";
import { leaveBrowser, openBrowser, PHONE, visit, type Visit } from "./browser.ts";

let browser: Browser;
let server: TestServer;
let admin: string;
const keys: Record<string, string> = {};

beforeAll(async () => {
  browser = await openBrowser();
  server = await startServer({ settings: { "access.mode": "required" } });
  admin = await createKey(server.started.setupToken ?? "", { name: "administrator", role: "admin" });
  for (const name of ["red", "blue"]) {
    await post("/api/v1/workspaces", { name, description: `Team ${name}` });
    keys[name] = await createKey(admin, { name: `${name}-lead`, role: "operator", workspace: name });
    await post("/api/v1/agents", { source: definition(`${name}-agent`) }, keys[name]);
  }
});
afterAll(async () => {
  await leaveBrowser(browser);
  await server?.[Symbol.asyncDispose]();
});

const definition = (name: string) => `name = "${name}"
version = "1.0.0"
capabilities = ["answer"]
system_prompt = "Answer."
`;

async function post(path: string, body: object, key = admin, workspace?: string): Promise<unknown> {
  const headers = {
    authorization: `Bearer ${key}`,
    "content-type": "application/json",
    ...(workspace !== undefined && { "x-caxton-workspace": workspace }),
  };
  const response = await fetch(server.url + path, { method: "POST", headers, body: JSON.stringify(body) });
  const answer: unknown = await response.json();
  expect({ path, ok: response.ok, answer }).toMatchObject({ path, ok: true });
  return answer;
}

async function createKey(by: string, body: object): Promise<string> {
  return contract.keys.CreatedApiKey.parse(await post("/api/v1/keys", body, by)).key ?? "";
}

const startRun = async (body: object, key?: string, workspace?: string): Promise<string> =>
  contract.runs.RunDetail.parse(await post("/api/v1/runs", { ...body, wait: true }, key, workspace)).id;

const heading = (page: Page, name: string) => page.getByRole("heading", { level: 1, name, exact: true }).waitFor();
const row = (page: Page, name: string | RegExp) => page.getByRole("row", { name }).first();
const workspaceIn = (page: Page) => new URL(page.url()).searchParams.get("workspace");

/** A person who has logged in with a key, at a page. */
async function person(key: string, path: string): Promise<Visit> {
  const opened = await visit(browser, server.url, { still: true });
  await opened.page.goto(path);
  await opened.page.getByLabel("API key").fill(key);
  await opened.page.getByRole("button", { name: "Log in" }).click();
  return opened;
}

const switcher = (page: Page) => page.getByRole("banner").getByLabel("Workspace");

test("two people in two workspaces do not see each other's agents, runs and events", async () => {
  await using ann = await person(keys["red"] ?? "", "/ui/runs");
  await using bob = await person(keys["blue"] ?? "", "/ui/runs");
  for (const { page } of [ann, bob]) await page.getByText("Live", { exact: true }).waitFor();
  const run = await startRun({ agent: "red-agent", input: "the secret of red" }, keys["red"]);
  await row(ann.page, /the secret of red/).waitFor();
  await startRun({ agent: "blue-agent", input: "the secret of blue" }, keys["blue"]);
  // On the same stream events of the other run would have come before.
  await row(bob.page, /the secret of blue/).waitFor();
  expect(await bob.page.getByText("the secret of red").count()).toBe(0);
  expect(await ann.page.getByText("the secret of blue").count()).toBe(0);
  for (const [{ page }, own, other] of [
    [ann, "red", "blue"],
    [bob, "blue", "red"],
  ] as const) {
    await expect.poll(() => workspaceIn(page)).toBe(own);
    expect(await switcher(page).count()).toBe(0);
    await page.getByRole("link", { name: "Agents" }).click();
    await row(page, new RegExp(`${own}-agent`)).waitFor();
    expect(await page.getByText(`${other}-agent`).count()).toBe(0);
    expect(workspaceIn(page)).toBe(own);
  }
  await bob.page.goto(`/ui/runs/${run}`);
  await bob.page.getByText("RUN_NOT_FOUND").waitFor();
  await bob.page.goto(ann.page.url().replace("/agents", `/runs/${run}`));
  await heading(bob.page, "Workspace not found");
  await bob.page.getByText("There is no workspace red, or you have no role in it.").waitFor();
  expect(await violations(bob.page)).toEqual([]);
  await bob.page.getByRole("button", { name: "Open your workspace" }).click();
  await heading(bob.page, "Home");
  expect(await bob.page.getByText("red-agent").count()).toBe(0);
  expect([...ann.complaints, ...bob.complaints]).toEqual([]);
});

test("a login opens the page of a link to an unknown workspace as not found, with a way to others", async () => {
  await using opened = await person(admin, "/ui/agents?workspace=gone");
  const { page } = opened;
  await heading(page, "Workspace not found");
  await page.getByRole("button", { name: "blue", exact: true }).click();
  await heading(page, "Home");
  await expect.poll(() => switcher(page).inputValue()).toBe("blue");
});

test("the switcher opens another workspace, which the address names and the browser remembers", async () => {
  await using opened = await person(admin, "/ui/agents");
  const { page } = opened;
  await row(page, /data-analyzer/).waitFor();
  await expect.poll(() => workspaceIn(page)).toBe("default");
  await switcher(page).selectOption("red");
  await heading(page, "Home");
  await page.getByRole("link", { name: "Agents" }).click();
  await row(page, /red-agent/).waitFor();
  expect(workspaceIn(page)).toBe("red");
  expect(await page.getByText("data-analyzer").count()).toBe(0);
  await page.goto("/ui/agents");
  await row(page, /red-agent/).waitFor();
  await page.goto("/ui/agents?workspace=blue");
  await row(page, /blue-agent/).waitFor();
  await page.setViewportSize(PHONE);
  expect(await switcher(page).inputValue()).toBe("blue");
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(PHONE.width);
  expect(await violations(page)).toEqual([]);
});

test("images and downloads of a run come from its workspace", async () => {
  const source = readFileSync(join(repository, "examples/agents/data-analyzer.toml"), "utf8");
  await post("/api/v1/agents", { source }, admin, "red");
  const uploaded = await fetch(`${server.url}/api/v1/uploads?name=penguins.csv&workspace=red`, {
    method: "POST",
    headers: { authorization: `Bearer ${admin}`, "content-type": "text/csv" },
    body: readFileSync(join(repository, "examples/data/penguins.csv")),
  });
  const { id } = contract.runs.Upload.parse(await uploaded.json());
  const input = "Chart the mean body mass per species and island in uploads/penguins.csv";
  const run = await startRun({ agent: "data-analyzer", input, uploads: [id] }, admin, "red");
  await using opened = await person(admin, `/ui/runs/${run}?workspace=red`);
  const { page } = opened;
  const image = page.getByRole("img", { name: /^Image/ }).first();
  await image.waitFor();
  await expect
    .poll(() => image.evaluate((node) => ("naturalWidth" in node ? Number(node.naturalWidth) : 0)))
    .toBeGreaterThan(0);
  await page.getByRole("button", { name: "More actions" }).click();
  const download = page.waitForEvent("download");
  await page.getByRole("menuitem", { name: /^Export/ }).click();
  expect(await (await download).failure()).toBeNull();
});

test("the page Access creates and changes workspaces, and keys that are valid in one or in all", async () => {
  await using opened = await person(admin, "/ui/access?workspace=red");
  const { page } = opened;
  const dialog = page.getByRole("dialog");
  await page.getByRole("button", { name: "Create a workspace" }).click();
  await dialog.getByLabel("Name").fill("green");
  await dialog.getByLabel("Agents").fill("5");
  expect(await violations(page)).toEqual([]);
  await dialog.getByRole("button", { name: "Create a workspace" }).click();
  await row(page, /green.*Agents: 5/).waitFor();
  await page.getByRole("button", { name: "Change green" }).click();
  await dialog.getByLabel("Agents").fill("");
  await dialog.getByLabel("Bytes of uploads and artifacts").fill("1000000");
  await dialog.getByLabel("Description").fill("Team green");
  await dialog.getByRole("button", { name: "Save" }).click();
  await row(page, /green.*Team green.*artifacts: 1,000,000/).waitFor();
  expect(await row(page, /green/).getByText("Agents: 5").count()).toBe(0);
  for (const [name, workspace, shown] of [
    ["here", "", "red"],
    ["there", "green", "green"],
    ["all", "every workspace", "every workspace"],
  ] as const) {
    await page.getByRole("button", { name: "Create a key" }).click();
    await dialog.getByLabel("Name").fill(name);
    if (workspace !== "") await dialog.getByLabel("Workspace").selectOption(workspace);
    await dialog.getByRole("button", { name: "Create a key" }).click();
    await dialog.getByText(/^cax_/).waitFor();
    await dialog.getByRole("button", { name: "Close" }).last().click();
    await row(page, new RegExp(`^${name} .*user ${shown} `)).waitFor();
  }
  await page.setViewportSize(PHONE);
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(PHONE.width);
  expect(await violations(page)).toEqual([]);
  await post("/api/v1/workspaces", { name: "brief" });
  await page.reload();
  await page.getByRole("button", { name: "Delete brief" }).click();
  const remove = dialog.getByRole("button", { name: "Delete the workspace" });
  expect(await remove.isDisabled()).toBe(true);
  await dialog.getByRole("textbox").fill("brief");
  await remove.click();
  await page.getByText("The workspace brief is deleted").waitFor();
  await expect.poll(() => page.getByRole("row", { name: /brief/ }).count()).toBe(0);
  await page.getByRole("button", { name: "Open green" }).click();
  await heading(page, "Home");
  expect(workspaceIn(page)).toBe("green");
  await page.goto("/ui/access");
  await row(page, /green.*this one/).waitFor();
});

test("an administrator of one workspace cannot create others", async () => {
  const key = await createKey(admin, { name: "red-admin", role: "admin", workspace: "red" });
  await using opened = await person(key, "/ui/access");
  const { page } = opened;
  await row(page, /red-lead/).waitFor();
  expect(await page.getByText("blue-lead").count()).toBe(0);
  expect(await page.getByRole("button", { name: "Create a workspace" }).count()).toBe(0);
});
