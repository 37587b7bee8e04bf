import { once } from "node:events";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import * as contract from "../../src/api/contract/index.ts";
import { deleteWorkspace } from "../../src/api/operations/access/delete-workspace.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { codeOf, WorkspaceServer } from "../helpers/workspaces.ts";
import { agent, fill, listed, LISTS, messageTexts, tablesWith } from "./workspace-content.ts";

afterEach(() => vi.restoreAllMocks());

const REMOVE = "/api/v1/workspaces/red?confirm=true";

test("a deleted workspace leaves nothing, and one that is created under its name is empty", async () => {
  await using server = await WorkspaceServer.start();
  for (const name of ["red", "blue"]) await server.createWorkspace(name);
  const [red, blue] = [await fill(server, "red"), await fill(server, "blue")];
  const key = await server.createKey("operator", "red");
  const before = await listed(server, "blue");
  expect(Object.values(await listed(server, "red")).filter((count) => count > 0).length).toBeGreaterThanOrEqual(8);
  const lead = await server.createKey("admin", "red");
  expect(codeOf(await server.request("DELETE", REMOVE, { key: lead }))).toBe("PERMISSION_DENIED");
  expect((await server.ask("default", "DELETE", "/api/v1/workspaces/red")).status).toBe(400);
  expect(codeOf(await server.ask("default", "DELETE", "/api/v1/workspaces/default?confirm=true"))).toBe(
    "WORKSPACE_IS_DEFAULT",
  );

  expect((await server.ask("default", "DELETE", REMOVE)).status).toBe(204);

  expect((await server.request("GET", "/api/v1/agents", { key })).status).toBe(401);
  expect(codeOf(await server.ask("red", "GET", "/api/v1/agents"))).toBe("WORKSPACE_NOT_FOUND");
  const data = join(server.server.directory, ".caxton");
  expect(tablesWith(join(data, "caxton.db"), "red")).toEqual(["audit_records"]);
  expect(tablesWith(join(data, "messages.db"), "red")).toEqual([]);
  expect(messageTexts(join(data, "messages.db"))).not.toContain("talk-red");
  expect(messageTexts(join(data, "messages.db"))).toContain("talk-blue");
  expect(existsSync(join(data, "artifacts", red))).toBe(false);
  expect(readdirSync(join(data, "uploads"))).toHaveLength(1);
  expect(readdirSync(join(server.server.directory, "workspaces"))).toEqual(["blue"]);

  await server.createWorkspace("red");
  expect(await listed(server, "red")).toEqual(Object.fromEntries(LISTS.map((path) => [path, 0])));
  expect(await listed(server, "blue")).toEqual(before);
  expect((await server.ask("blue", "GET", `/api/v1/runs/${blue}`)).status).toBe(200);
  // The ids and names of the deleted workspace are free again.
  await fill(server, "red");
});

// access.workspaces.W1
test("links, sessions, streams and sockets end with their workspace", async () => {
  await using server = await WorkspaceServer.start();
  await server.createWorkspace("red");
  const links = await Promise.all(
    ["ann", "eve"].map(async (name) => {
      const { body } = await server.ask("red", "POST", "/api/v1/login-links", { name, role: "admin" });
      return contract.users.CreatedLoginLink.parse(body).token ?? "";
    }),
  );
  const [used = "", unused = ""] = links;
  const logIn = (key: string) => server.request("POST", "/api/v1/session", { key });
  const [cookie = ""] = (await logIn(used)).headers.get("set-cookie")?.split(";") ?? [];
  const { url } = server.server;
  const ofSession = { cookie, "sec-fetch-site": "same-origin" };
  const whoami = async () => (await fetch(`${url}/api/v1/whoami`, { headers: ofSession })).status;
  expect(await whoami()).toBe(200);
  const ofAdmin = { "x-api-key": server.admin, "x-caxton-workspace": "red" };
  const streams = await Promise.all([ofAdmin, ofSession].map((headers) => fetch(`${url}/api/v1/events`, { headers })));
  expect(streams.map(({ status }) => status)).toEqual([200, 200]);
  const sockets = [ofAdmin, ofSession].map(
    (headers) => new WebSocket(url.replace("http", "ws") + contract.MESSAGE_SOCKET, { headers }),
  );
  await Promise.all(sockets.map((socket) => once(socket, "open")));
  const closed = Promise.all(sockets.map((socket) => once(socket, "close")));

  expect((await server.ask("default", "DELETE", REMOVE)).status).toBe(204);
  await Promise.all(streams.map((stream) => stream.text()));
  await closed;
  await server.createWorkspace("red");
  expect(await whoami()).toBe(401);
  expect((await logIn(unused)).status).toBe(401);
  expect((await server.ask("default", "GET", "/api/v1/users")).body).toMatchObject({ items: [] });
});

test("a workspace is deleted while its runs execute", async () => {
  await using server = await WorkspaceServer.start({ script: [{ text: "slow", delayMs: 60_000 }] });
  await server.createWorkspace("red");
  await server.ask("red", "POST", "/api/v1/agents", agent("speaker"));
  const waiting = server.ask("red", "POST", "/api/v1/runs", { agent: "speaker", input: "x", wait: true });
  const { runs } = server.server.started.caxton;
  await expect.poll(() => runs.runs.load().executing).toBe(1);
  expect((await server.ask("default", "DELETE", REMOVE)).status).toBe(204);
  await waiting;
  expect(runs.runs.load()).toEqual({ executing: 0, waiting: 0 });
});

test("a workspace stays closed while an operation or a run in it has not ended", async () => {
  await using server = await WorkspaceServer.start({ script: [{ text: "slow", delayMs: 60_000 }] });
  await server.createWorkspace("red");
  await server.ask("red", "POST", "/api/v1/agents", agent("speaker"));
  const { caxton } = server.server.started;
  const operation = caxton.access.workspaces.use("red");
  await expect(deleteWorkspace(caxton, "red", 50)).rejects.toMatchObject({ code: "WORKSPACE_IN_USE" });
  expect(codeOf(await server.ask("red", "GET", "/api/v1/agents"))).toBe("WORKSPACE_NOT_FOUND");
  operation[Symbol.dispose]();
  await deleteWorkspace(caxton, "red");

  await server.createWorkspace("red");
  await server.ask("red", "POST", "/api/v1/agents", agent("speaker"));
  await server.ask("red", "POST", "/api/v1/runs", { agent: "speaker", input: "x" });
  const { promise: never } = Promise.withResolvers<void>();
  const cancel = vi.spyOn(caxton.runs.runs, "cancel").mockReturnValue(never);
  await expect(deleteWorkspace(caxton, "red", 50)).rejects.toMatchObject({ code: "WORKSPACE_IN_USE" });
  cancel.mockRestore();
  expect((await server.ask("default", "GET", "/api/v1/workspaces")).body).toMatchObject({
    items: [{ name: "default" }, { name: "red", state: "deleting" }],
  });
  await deleteWorkspace(caxton, "red");
});

// access.workspaces.W2
test("a deletion that fails at any step continues at the next start", { timeout: 120_000 }, async () => {
  using directory = tempDirectory();
  let admin: string | undefined;
  const steps = ["keys", "messaging", "runs", "memory", "agents", "storage"] as const;
  for (const step of steps) {
    await using server: WorkspaceServer = await WorkspaceServer.start({ directory: directory.path }, admin);
    admin = server.admin;
    await server.createWorkspace("red");
    await fill(server, "red");
    const { access, messaging, runs, memory, agents, storage } = server.server.started.caxton;
    const places = {
      keys: () => vi.spyOn(access.keys, "deleteWorkspace"),
      messaging: () => vi.spyOn(messaging, "deleteWorkspace"),
      runs: () => vi.spyOn(runs, "deleteWorkspace"),
      memory: () => vi.spyOn(memory.memory, "deleteWorkspace"),
      agents: () => vi.spyOn(agents, "deleteWorkspace"),
      storage: () => vi.spyOn(storage.workspaces, "delete"),
    };
    places[step]().mockImplementationOnce(() => {
      throw new Error(`no ${step}`);
    });
    expect((await server.ask("default", "DELETE", REMOVE)).status, step).toBe(500);
    expect(codeOf(await server.ask("red", "GET", "/api/v1/runs")), step).toBe("WORKSPACE_NOT_FOUND");
  }
  await using last = await WorkspaceServer.start({ directory: directory.path }, admin);
  expect((await last.ask("default", "GET", "/api/v1/workspaces")).body).toMatchObject({ items: [{ name: "default" }] });
  expect(tablesWith(join(directory.path, ".caxton", "caxton.db"), "red")).toEqual(["audit_records"]);
});
