import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { answering, chatty, hostileModule, manifest } from "../tools/servers/modules.ts";

const temp = tempDirectory();
let server: TestServer;
let admin: string;
/** Keys of administrators of one workspace. */
const keys = { red: "", blue: "", default: "", again: "" };
type Workspace = keyof typeof keys;

const Answer = contract.problems.ProblemDetails;
async function request(key: string, method: string, path: string, body?: object) {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body && { "content-type": "application/json" }) },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  return { status: response.status, text, body: text.startsWith("{") ? JSON.parse(text) : undefined };
}
const codeOf = async (answer: ReturnType<typeof request>) => Answer.parse((await answer).body).code;

async function createKey(by: string, role: string, workspace?: string): Promise<string> {
  const { body } = await request(by, "POST", "/keys", { name: "test", role, workspace });
  return contract.keys.CreatedApiKey.parse(body).key ?? "";
}
const deploy = (workspace: Workspace, module: Uint8Array, text: string) =>
  request(keys[workspace], "POST", "/tool-servers", {
    module: Buffer.from(module).toString("base64"),
    manifest: text,
  });

async function call(workspace: Workspace, tool: string, given: object = {}): Promise<string> {
  const { body } = await request(keys[workspace], "POST", `/tools/${tool}/call`, { arguments: given });
  if (body?.outcome === undefined) return Answer.parse(body).code;
  const { outcome, text, structured } = contract.tools.ToolCallOutcome.parse(body);
  return outcome === "done" ? text || JSON.stringify(structured) : outcome;
}

const start = async (directory: string) =>
  startServer({
    directory,
    settings: { "access.mode": "required", "tools.directory": "own-tools" },
    files: {
      "own-tools/shared_probe/module.wasm": await chatty(),
      "own-tools/shared_probe/tool.toml": manifest("shared_probe"),
      "own-tools/counter/module.wasm": hostileModule(),
      "own-tools/counter/tool.toml": manifest("counter", 'instance = "server"\n'),
    },
  });

beforeAll(async () => {
  server = await start(temp.path);
  admin = await createKey(server.started.setupToken ?? "", "admin");
  for (const name of ["red", "blue"] as const) await request(admin, "POST", "/workspaces", { name });
  for (const name of ["red", "blue", "default"] as const) keys[name] = await createKey(admin, "admin", name);
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  temp[Symbol.dispose]();
});

test("two workspaces have tool servers of one name, and neither sees or calls the other's", async () => {
  expect(await deploy("red", await answering("R1"), manifest("probe"))).toMatchObject({ status: 201 });
  expect(await call("blue", "probe/answer")).toBe("TOOL_SERVER_NOT_FOUND");
  expect(await deploy("blue", await answering("B1"), manifest("probe"))).toMatchObject({ body: { revision: 1 } });
  expect(await deploy("default", await answering("D1"), manifest("probe"))).toMatchObject({ body: { revision: 1 } });
  expect(await Promise.all((["red", "blue", "default"] as const).map((name) => call(name, "probe/answer")))).toEqual([
    "R1",
    "B1",
    "D1",
  ]);
  expect(await request(keys.blue, "POST", "/tool-servers/probe/pause", {})).toMatchObject({
    body: { state: "paused" },
  });
  expect([await call("red", "probe/answer"), await call("blue", "probe/answer")]).toEqual(["R1", "unavailable"]);
  expect(await request(keys.blue, "DELETE", "/tool-servers/probe")).toMatchObject({ status: 200 });
  expect([await call("red", "probe/answer"), await call("blue", "probe/answer")]).toEqual([
    "R1",
    "TOOL_SERVER_NOT_FOUND",
  ]);
  expect(await call("default", "probe/answer")).toBe("D1");
});

test("a server that only one workspace has is not found from another, by any operation", async () => {
  expect(await deploy("red", await answering("ok"), manifest("red_only"))).toMatchObject({ status: 201 });
  const paths = ["", "/versions", "/diff", "/module", "/logs", "/uses"].map((end) => ["GET", end, undefined] as const);
  const actions = ["/health", "/accept", "/pause", "/resume"].map((end) => ["POST", end, {}] as const);
  const all = [...paths, ...actions, ["POST", "/activate", { revision: 1 }], ["DELETE", "", undefined]] as const;
  for (const [method, end, body] of all)
    for (const name of ["blue", "default"] as const) {
      const found = await codeOf(request(keys[name], method, `/tool-servers/red_only${end}`, body));
      expect(found, `${method} ${end}`).toBe("TOOL_SERVER_NOT_FOUND");
    }
  for (const path of ["/tool-servers", "/tools", "/status"])
    expect((await request(keys.blue, "GET", path)).text).not.toContain("red_only");
  const source = `name = "caller"\nversion = "1.0.0"\ncapabilities = ["x"]\nsystem_prompt = "x"\ntools = ["red_only"]\n`;
  expect((await request(keys.red, "POST", "/agents", { source })).body).toMatchObject({ outcome: "created" });
  expect((await request(keys.blue, "POST", "/agents", { source })).status).toBe(422);
});

test("shared tool servers are called from every workspace, and changed from the operator's only", async () => {
  expect([await call("red", "shared_probe/answer"), await call("blue", "shared_probe/answer")]).toEqual(["ok", "ok"]);
  expect((await request(keys.red, "GET", "/tool-servers")).text).toContain("shared_probe");
  for (const name of ["shared_probe", "calculator"]) {
    for (const action of ["pause", "resume", "accept"])
      expect(await codeOf(request(keys.red, "POST", `/tool-servers/${name}/${action}`, {}))).toBe("TOOL_SERVER_SHARED");
    expect(await codeOf(request(keys.red, "DELETE", `/tool-servers/${name}`))).toBe("TOOL_SERVER_SHARED");
    // Its log has lines of other workspaces.
    expect(await codeOf(request(keys.red, "GET", `/tool-servers/${name}/logs`))).toBe("TOOL_SERVER_SHARED");
    expect(await codeOf(request(keys.red, "GET", `/tools/${name}/logs`))).toBe("TOOL_SERVER_SHARED");
  }
  expect((await request(keys.default, "GET", "/tool-servers/shared_probe/logs")).text).toContain("hello log");
  const lead = await createKey(admin, "admin", "*");
  for (const [key, path] of [
    [keys.default, "/tool-servers/shared_probe/pause"],
    [lead, "/tool-servers/shared_probe/resume?workspace=red"],
  ] as const)
    expect(await request(key, "POST", path, {})).toMatchObject({ status: 200 });
});

test("a workspace's tool server cannot have the name of a shared one, nor reach files, variables or secrets", async () => {
  for (const name of ["shared_probe", "SHARED_PROBE"]) {
    const { body } = await deploy("red", await answering("ok"), manifest(name));
    expect(body).toMatchObject({ code: "TOOL_SERVER_NAME_TAKEN", details: { existing: "shared_probe" } });
  }
  expect(await deploy("red", await answering("ok"), manifest("calculator"))).toMatchObject({
    body: { code: "TOOL_SERVER_BUILT_IN" },
  });
  const grants = [
    '[[grants.files]]\npath = "."\naccess = "read"\n',
    '[grants]\nenvironment = ["PATH"]\n',
    '[[grants.http]]\nurl = "http://127.0.0.1"\nprivate = true\n',
  ];
  for (const more of grants) {
    const { status, body } = await deploy("red", await answering("ok"), manifest("greedy", more));
    expect([status, body.code]).toEqual([403, "TOOL_GRANTS_REFUSED"]);
  }
  const permit = { arguments: {}, observe: "permit" };
  expect(await codeOf(request(keys.red, "POST", "/tools/file_system/list_directory/call", permit))).toBe(
    "PERMISSION_DENIED",
  );
});

test("what a shared tool server keeps, writes and was asked for is of one workspace", async () => {
  await call("red", "state/store", { key: "colour", value: "canary-red" });
  expect(await call("red", "state/retrieve", { key: "colour" })).toContain("canary-red");
  expect(await call("blue", "state/retrieve", { key: "colour" })).not.toContain("canary-red");
  expect(await call("default", "state/list")).not.toContain("colour");
  const file = { path: "output/note.txt", content: "canary-red" };
  await call("red", "file_system/write_file", file);
  expect(readFileSync(join(server.directory, "workspaces/red/output/note.txt"), "utf8")).toBe("canary-red");
  expect(existsSync(join(server.directory, "output/note.txt"))).toBe(false);
  expect(await call("blue", "file_system/read_file", { path: "output/note.txt" })).not.toContain("canary-red");
  const uses = (name: Workspace) => request(keys[name], "GET", "/tool-servers/state/uses");
  expect((await uses("red")).text).toContain("colour");
  expect((await request(keys.default, "GET", "/tool-servers/file_system/uses")).text).not.toContain("note.txt");
  expect((await uses("blue")).body.items.map(({ operation }: { operation: string }) => operation)).toEqual(["get"]);
});

test("an instance that all runs share is shared within one workspace", async () => {
  const counts = [];
  for (const name of ["red", "red", "blue", "default", "red", "blue"] as const)
    counts.push(await call(name, "counter/echo_state"));
  expect(counts).toEqual(["1", "2", "1", "1", "3", "2"]);
});

test("a workspace that is deleted and created again has no tool servers, and can deploy some", async () => {
  for (const word of ["A1", "A2"]) {
    await request(admin, "POST", "/workspaces", { name: "again" });
    keys.again = await createKey(admin, "admin", "again");
    expect(await call("again", "fleeting/answer")).toBe("TOOL_SERVER_NOT_FOUND");
    await deploy("again", await answering(word), manifest("fleeting"));
    expect(await call("again", "fleeting/answer")).toBe(word);
    expect((await request(admin, "DELETE", "/workspaces/again?confirm=true")).status).toBeLessThan(300);
  }
});

test("tool servers of workspaces are loaded after a restart", async () => {
  const { directory } = server;
  await server[Symbol.asyncDispose]();
  server = await start(directory);
  expect([await call("red", "probe/answer"), await call("default", "probe/answer")]).toEqual(["R1", "D1"]);
  expect(await call("blue", "probe/answer")).toBe("TOOL_SERVER_NOT_FOUND");
});
