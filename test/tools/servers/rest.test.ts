import { expect, test } from "vitest";
import { tools } from "../../../src/api/contract/index.ts";
import { answering, CLOCK, hostileModule, manifest, renamed } from "./modules.ts";
import { Problem, World } from "./world.ts";

test("a module is deployed, called, replaced by a compatible one, and rolled back within a second", async () => {
  await using world = await World.open();
  const first = await world.send(await answering("ok"), { manifest: manifest("probe") });
  expect(first).toMatchObject({ status: 201, body: { outcome: "created", revision: 1, changes: [] } });
  expect(await world.call("probe")).toBe("ok");
  expect(await world.deploy(await answering("v2"), manifest("probe", "", "1.1.0"))).toMatchObject({
    outcome: "updated",
    revision: 2,
    changes: [
      { kind: "module", asks: false },
      { kind: "version", asks: false },
    ],
  });
  expect(await world.call("probe")).toBe("v2");
  expect(await world.deploy(await answering("v2"), manifest("probe", "", "1.1.0"))).toMatchObject({
    outcome: "unchanged",
    revision: 2,
  });
  const began = performance.now();
  expect(await world.ask("POST", "/probe/activate", { revision: 1 })).toMatchObject({
    status: 200,
    body: { revision: 1, version: "1.0.0" },
  });
  expect(await world.call("probe")).toBe("ok");
  expect(performance.now() - began).toBeLessThan(1_000);
  expect((await world.get("probe")).versions.map(({ revision, status }) => [revision, status])).toEqual([
    [2, "past"],
    [1, "serving"],
  ]);
  expect(await world.code("POST", "/probe/activate", { revision: 9 })).toBe("TOOL_REVISION_NOT_FOUND");
});

test("a revision that alters its tools waits, the old one serves, until it is accepted", async () => {
  await using world = await World.open();
  await world.deploy(await answering("ok"), manifest("probe"));
  const { status, body } = await world.send(await renamed(), { manifest: manifest("probe", "", "2.0.0") });
  expect(status).toBe(202);
  const waiting = tools.ToolServerDeployment.parse(body);
  expect(waiting.changes.map(({ kind, tool, asks }) => [kind, tool, asks])).toEqual([
    ["tool-removed", "more", true],
    ["tool-added", "less", false],
    ["module", null, false],
    ["version", null, false],
  ]);
  const record = await world.get("probe");
  expect(record).toMatchObject({ revision: 1, version: "1.0.0", pending: { revision: 2, version: "2.0.0" } });
  expect(record.tools.map(({ name }) => name)).toContain("more");
  expect(await world.ask("GET", "/probe/diff")).toMatchObject({ body: { from: 1, to: 2, asks: true } });
  expect(await world.code("POST", "/probe/accept", { revision: 7 })).toBe("TOOL_SERVER_NOT_PENDING");
  expect(await world.ask("POST", "/probe/accept", { revision: 2 })).toMatchObject({
    body: { revision: 2, pending: null, pending_revision: null },
  });
  expect((await world.get("probe")).tools.map(({ name }) => name)).toContain("less");
  expect(await world.code("POST", "/probe/accept", {})).toBe("TOOL_SERVER_NOT_PENDING");
});

test("wanting more waits; with accept it does not; what the operator granted already asks nothing", async () => {
  await using world = await World.open({ settings: { "tool_servers.trusted": { grants: { clock: true } } } });
  await world.deploy(await answering("ok"), manifest("probe"));
  expect(await world.deploy(await answering("ok"), manifest("probe", CLOCK))).toMatchObject({
    outcome: "pending",
    changes: [{ kind: "grant-added", after: "clock", asks: true }],
  });
  expect(await world.deploy(await answering("ok"), manifest("probe", CLOCK), { accept: true })).toMatchObject({
    outcome: "updated",
    revision: 2,
  });
  expect(await world.get("probe")).toMatchObject({ revision: 2, grants: { clock: true }, grant_list: ["clock"] });
  await world.deploy(await answering("ok"), manifest("trusted"));
  expect(await world.deploy(await answering("ok"), manifest("trusted", CLOCK))).toMatchObject({ outcome: "updated" });
});

test("a dry run says what would change, and changes nothing", async () => {
  await using world = await World.open();
  const sent = { manifest: manifest("probe"), dry_run: true };
  expect(await world.send(await answering("ok"), sent)).toMatchObject({
    status: 200,
    body: { outcome: "created", dry_run: true, revision: 1, tools: expect.arrayContaining(["answer"]) },
  });
  expect(await world.code("GET", "/probe")).toBe("TOOL_SERVER_NOT_FOUND");
  await world.deploy(await answering("ok"), manifest("probe"));
  expect(await world.deploy(await renamed(), manifest("probe"), { dry_run: true })).toMatchObject({
    outcome: "pending",
  });
  expect(await world.get("probe")).toMatchObject({ revision: 1, pending: null });
});

test("a form with the file itself does the same as JSON", async () => {
  await using world = await World.open();
  const form = new FormData();
  form.set("module", new Blob([new Uint8Array(await answering("ok"))]), "module.wasm");
  form.set("manifest", new Blob([manifest("formed")]), "tool.toml");
  form.set("dry_run", "false");
  const response = await fetch(`${world.server.url}/api/v1/tool-servers`, { method: "POST", body: form });
  expect(response.status).toBe(201);
  expect(await world.call("formed")).toBe("ok");
  const module = await fetch(`${world.server.url}/api/v1/tool-servers/formed/module`);
  expect(module.headers.get("content-type")).toBe("application/wasm");
  expect(Buffer.from(await module.arrayBuffer()).equals(Buffer.from(await answering("ok")))).toBe(true);
});

test("what cannot be deployed is refused in words", async () => {
  await using world = await World.open();
  const bad = await world.send(await answering("ok"), { manifest: `name = "x"\nversion = "1.0.0"\ngrant = 1` });
  expect(bad.status).toBe(422);
  expect(Problem.parse(bad.body)).toMatchObject({
    code: "TOOL_MANIFEST_INVALID",
    details: { problems: [{ line: 3, rendered: expect.stringContaining("grants") }] },
  });
  const noModule = await world.send(Buffer.from("hello"), { manifest: manifest("x") });
  expect(noModule).toMatchObject({ status: 422, body: { code: "TOOL_SERVER_REFUSED" } });
  expect(await world.code("POST", "", { manifest: "x" })).toBe("REQUEST_INVALID");
  expect(await world.code("GET", "/nonexistent")).toBe("TOOL_SERVER_NOT_FOUND");
  await world.deploy(await answering("ok"), manifest("probe"));
  expect(await world.send(await answering("ok"), { manifest: manifest("PROBE") })).toMatchObject({
    status: 409,
    body: { code: "TOOL_SERVER_NAME_TAKEN" },
  });
});

test("a paused server refuses calls and is not offered, until it is resumed", async () => {
  await using world = await World.open();
  await world.deploy(await answering("ok"), manifest("probe"));
  expect(await world.ask("POST", "/probe/pause", { reason: "it costs too much" })).toMatchObject({
    body: { state: "paused", reason: "it costs too much" },
  });
  expect(await world.call("probe")).toBe("unavailable");
  expect(world.server.started.services.tools.catalogue.of("default").select("all")).toEqual([]);
  expect(await world.code("POST", "/probe/pause", {})).toBe("TOOL_SERVER_STATE");
  // What is deployed meanwhile does not open the door.
  await world.deploy(await answering("v2"), manifest("probe"));
  expect(await world.call("probe")).toBe("unavailable");
  await world.ask("POST", "/probe/resume");
  expect(await world.call("probe")).toBe("v2");
});

test("lists are paged and narrowed", async () => {
  await using world = await World.open();
  for (const name of ["alpha", "bravo", "charlie"]) await world.deploy(await answering("ok"), manifest(name));
  await world.ask("POST", "/bravo/pause");
  const list = async (query: string) => tools.ToolServerPage.parse((await world.ask("GET", query)).body);
  const names = async (query: string) => {
    const { items, next } = await list(query);
    return [items.map(({ name }) => name), next];
  };
  expect(await names("?limit=2")).toEqual([["alpha", "bravo"], expect.any(String)]);
  const { next } = await list("?limit=2");
  expect(await names(`?limit=2&cursor=${next}`)).toEqual([["charlie"], null]);
  expect(await names("?state=paused")).toEqual([["bravo"], null]);
  expect(await names("?q=CHARL")).toEqual([["charlie"], null]);
  expect(await names("?origin=built-in")).toEqual([[], null]);
});

test("usage reports each tool, health the whole, after successful and failed calls", async () => {
  await using world = await World.open();
  await world.deploy(hostileModule(), manifest("hostile", "[limits]\nfuel_per_call = 1_000_000\n"));
  expect((await world.get("hostile")).health).toMatchObject({ health: "unknown", calls: 0, average_ms: null });
  expect(await world.call("hostile", "trap")).toBe("trap");
  expect(await world.call("hostile", "trap")).toBe("trap");
  const record = await world.get("hostile");
  expect(record.usage).toMatchObject({ calls: 2, done: 0, failed: 2, failures: { trap: 2 } });
  const trap = record.usage.tools.find(({ tool }) => tool === "trap");
  expect(trap).toMatchObject({ calls: 2, failures: { trap: 2 } });
  expect(trap?.fuel.max).toBeGreaterThan(0);
  expect(record.health).toMatchObject({ health: "unhealthy", note: expect.stringContaining("2 of its last 2") });
  expect(record.health.uptime_ms).toBeGreaterThan(0);
});

test("a health check starts the module and asks it for its tools", async () => {
  await using world = await World.open();
  await world.deploy(await answering("ok"), manifest("probe"));
  const health = tools.ToolServerHealth.parse((await world.ask("POST", "/probe/health")).body);
  expect(health).toMatchObject({ health: "healthy", check: { ok: true, note: "it lists its tools" } });
});
