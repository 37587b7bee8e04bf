import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { CaxtonProcess } from "../helpers/process.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";
import { signed } from "./hook-sender.ts";

verifies("triggers.kill-safe");

const AGENT = `name = "clerk"
version = "1.0.0"
capabilities = ["writing"]
system_prompt = "Repeat the request."
`;
const KILLS = 5;
const SECOND_MS = 1_000;

async function serve(cwd: string) {
  const server = new CaxtonProcess(["serve", "-o", "json"], { cwd });
  const [, url = ""] = await server.printed(/"url":"(http:[^"]+)"/);
  return { server, url, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

/** Every item of a list. */
async function all<Item>(url: string, parse: (document: unknown) => { items: Item[]; next: string | null }) {
  const found: Item[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const page = parse(await (await fetch(`${url}?limit=200${cursor === "" ? "" : `&cursor=${cursor}`}`)).json());
    found.push(...page.items);
    cursor = page.next;
  }
  return found;
}

/** Returns the time of the trigger's creation. */
async function createTick(directory: string): Promise<number> {
  await using running = await serve(directory);
  await expect.poll(async () => (await fetch(`${running.url}/ready`)).status).toBe(200);
  const spec = { kind: "every", every: "1s", catch_up: "all", parallel: 100, input: "{{planned_at}}" };
  const response = await fetch(`${running.url}/api/v1/triggers`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ agent: "clerk", name: "tick", ...spec }),
  });
  const created = contract.triggers.Trigger.parse(await response.json());
  running.server.kill("SIGKILL");
  return Date.parse(created.created_at);
}

test("a server that is killed repeatedly while triggers fire starts one run for each slot", async () => {
  using place = tempDirectory();
  mkdirSync(join(place.path, "agents"));
  writeFileSync(join(place.path, "agents/clerk.toml"), AGENT);
  writeFileSync(join(place.path, "caxton.toml"), `[server]\nport = 0\n[models]\ndefault = "mock"\n`);
  // triggers.firing.F1
  const createdMs = await createTick(place.path);
  for (let kill = 0; kill < KILLS; kill += 1) {
    await using running = await serve(place.path);
    await setTimeout(SECOND_MS + ((kill * 237) % SECOND_MS));
    running.server.kill("SIGKILL");
  }
  await using running = await serve(place.path);
  const fires = () =>
    all(`${running.url}/api/v1/triggers/clerk%2Ftick/fires`, (page) => contract.triggers.TriggerFirePage.parse(page));
  await expect.poll(async () => (await fires()).every(({ outcome }) => outcome === "started")).toBe(true);
  await fetch(`${running.url}/api/v1/triggers/clerk%2Ftick`, {
    method: "PATCH",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ enabled: false }),
  });
  await expect.poll(async () => (await fires()).every(({ outcome }) => outcome === "started")).toBe(true);
  const planned = (await fires()).map(({ at }) => at).toReversed();
  const expected = planned.map((_at, index) => new Date(createdMs + (index + 1) * SECOND_MS).toISOString());
  expect(planned.length).toBeGreaterThan(KILLS);
  expect(planned).toEqual(expected);
  const runs = await all(`${running.url}/api/v1/runs`, (page) => contract.runs.RunPage.parse(page));
  expect(runs.map(({ input_preview: input }) => input).toSorted()).toEqual(expected);
}, 300_000);

/** Sends an event until it is accepted; false if the server is gone. */
async function deliver(url: string, secret: string, id: string): Promise<boolean> {
  const body = JSON.stringify({ id });
  try {
    const { status } = await fetch(url, { method: "POST", headers: signed(secret, body, { id }), body });
    return status === 202 || status === 200;
  } catch {
    return false;
  }
}

test("a server that is killed repeatedly while webhooks come starts one run for each event", async () => {
  using place = tempDirectory();
  mkdirSync(join(place.path, "agents"));
  writeFileSync(join(place.path, "agents/clerk.toml"), AGENT);
  writeFileSync(join(place.path, "caxton.toml"), `[server]\nport = 0\n[models]\ndefault = "mock"\n`);
  const headers = { "content-type": "application/json" };
  let hook = { url: "", secret: "" };
  const sent: string[] = [];
  // triggers.firing.F1
  for (let kill = 0; kill <= KILLS; kill += 1) {
    await using running = await serve(place.path);
    await expect.poll(async () => (await fetch(`${running.url}/ready`)).status).toBe(200);
    if (kill === 0) {
      const spec = { kind: "webhook", agent: "clerk", name: "hook", parallel: 100, input: "{{event.body.id}}" };
      const made = `${running.url}/api/v1/triggers`;
      const answer = await fetch(made, { method: "POST", headers, body: JSON.stringify(spec) });
      const { id } = contract.triggers.Trigger.parse(await answer.json());
      hook = contract.triggers.HookSecret.parse(
        await (await fetch(`${made}/${id}/rotate-secret`, { method: "POST" })).json(),
      );
    }
    const isLast = kill === KILLS;
    const ended = isLast
      ? Promise.resolve()
      : setTimeout(100 + ((kill * 137) % 400)).then(() => running.server.kill("SIGKILL"));
    const wanted = sent.length + (isLast ? 5 : 1_000);
    while (sent.length < wanted) {
      // The event that was not answered is sent again to the next server.
      const id = `event-${String(sent.length).padStart(5, "0")}`;
      if (!(await deliver(running.url + hook.url, hook.secret, id))) break;
      sent.push(id);
    }
    await ended;
    if (!isLast) continue;
    const found = () => all(`${running.url}/api/v1/runs`, (page) => contract.runs.RunPage.parse(page));
    await expect.poll(async () => (await found()).map(({ input_preview: input }) => input).toSorted()).toEqual(sent);
    expect(sent.length).toBeGreaterThan(KILLS);
  }
}, 300_000);

const post = (url: string, body: object) =>
  fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

test("a server that is killed repeatedly while messages come starts one run for each message", async () => {
  using place = tempDirectory();
  mkdirSync(join(place.path, "agents"));
  writeFileSync(join(place.path, "agents/clerk.toml"), AGENT);
  writeFileSync(join(place.path, "caxton.toml"), `[server]\nport = 0\n[models]\ndefault = "mock"\n`);
  const sent: string[] = [];
  // triggers.messages.M1
  for (let kill = 0; kill <= KILLS; kill += 1) {
    await using running = await serve(place.path);
    await expect.poll(async () => (await fetch(`${running.url}/ready`)).status).toBe(200);
    const spec = { kind: "message", agent: "clerk", name: "notes", topic: "notes", parallel: 100 };
    if (kill === 0) await post(`${running.url}/api/v1/triggers`, { ...spec, input: "{{event.content}}" });
    const isLast = kill === KILLS;
    const ended = isLast
      ? Promise.resolve()
      : setTimeout(100 + ((kill * 137) % 400)).then(() => running.server.kill("SIGKILL"));
    const wanted = sent.length + (isLast ? 5 : 1_000);
    while (sent.length < wanted) {
      const content = `note ${String(sent.length).padStart(5, "0")}`;
      // The message that was not answered is sent again to the next server, under its id.
      const id = `01a209b9-0000-7000-8000-${String(sent.length).padStart(12, "0")}`;
      const message = { id, performative: "inform", topic: "notes", content };
      const answer = await post(`${running.url}/api/v1/messages`, message).catch(() => undefined);
      if (answer?.status !== 200 && answer?.status !== 202) break;
      sent.push(content);
    }
    await ended;
    if (!isLast) continue;
    const found = () => all(`${running.url}/api/v1/runs`, (page) => contract.runs.RunPage.parse(page));
    await expect
      .poll(async () => (await found()).map(({ input_preview: input }) => input).toSorted(), { timeout: 60_000 })
      .toEqual(sent);
    expect(sent.length).toBeGreaterThan(KILLS);
  }
}, 300_000);

test("a server that is killed repeatedly while files come starts one run for each file", async () => {
  using place = tempDirectory();
  const inbox = join(place.path, "watched/default");
  mkdirSync(inbox, { recursive: true });
  mkdirSync(join(place.path, "agents"));
  writeFileSync(join(place.path, "agents/clerk.toml"), AGENT);
  const config = `[server]\nport = 0\n[models]\ndefault = "mock"\n[files]\nwatch_root = "watched"\n`;
  writeFileSync(join(place.path, "caxton.toml"), config);
  const written: string[] = [];
  // triggers.files.L1
  for (let kill = 0; kill <= KILLS; kill += 1) {
    await using running = await serve(place.path);
    await expect.poll(async () => (await fetch(`${running.url}/ready`)).status).toBe(200);
    const spec = { kind: "file", agent: "clerk", name: "inbox", path: "*.txt", parallel: 100 };
    if (kill === 0) await post(`${running.url}/api/v1/triggers`, { ...spec, input: "{{event.name}}" });
    const isLast = kill === KILLS;
    const until = Date.now() + (isLast ? 500 : 2_500 + ((kill * 337) % 1_000));
    while (Date.now() < until) {
      const name = `note-${String(written.length).padStart(5, "0")}.txt`;
      writeFileSync(join(inbox, name), name);
      written.push(name);
      await setTimeout(20);
    }
    if (!isLast) {
      running.server.kill("SIGKILL");
      continue;
    }
    const found = () => all(`${running.url}/api/v1/runs`, (page) => contract.runs.RunPage.parse(page));
    await expect
      .poll(async () => (await found()).map(({ input_preview: input }) => input).toSorted(), { timeout: 120_000 })
      .toEqual(written);
    const runs = await found();
    const files = await Promise.all(
      runs.map(async ({ id }) =>
        contract.runs.RunDetail.parse(await (await fetch(`${running.url}/api/v1/runs/${id}`)).json()).files.map(
          (file) => file.name,
        ),
      ),
    );
    expect(files.flat().toSorted()).toEqual(written);
  }
}, 300_000);
