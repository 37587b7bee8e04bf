import { afterAll, beforeAll, expect, test } from "vitest";
import * as contract from "../../src/api/contract/index.ts";
import { startServer, type TestServer } from "../helpers/server.ts";

let server: TestServer;
let admin: string;

type Answer = { readonly status: number; readonly body: unknown };
type Sent = { readonly key: string; readonly workspace?: string; readonly body?: object };

async function request(method: string, path: string, { key, workspace, body }: Sent): Promise<Answer> {
  const response = await fetch(server.url + path, {
    method,
    headers: {
      authorization: `Bearer ${key}`,
      ...(workspace !== undefined && { "x-caxton-workspace": workspace }),
      ...(body && { "content-type": "application/json" }),
    },
    ...(body && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(20_000),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
}
const codeOf = ({ body }: Answer): string => contract.problems.ProblemDetails.parse(body).code;

async function createKey(role: string, workspace?: string, by = admin): Promise<string> {
  const { body } = await request("POST", "/api/v1/keys", { key: by, body: { name: "test", role, workspace } });
  return contract.keys.CreatedApiKey.parse(body).key ?? "";
}
const source = `name = "shared-name"
version = "1.0.0"
capabilities = ["answer"]
system_prompt = "Answer."
`;

beforeAll(async () => {
  server = await startServer({ settings: { "access.mode": "required" } });
  const setup = server.started.setupToken ?? "";
  admin = await createKey("admin", undefined, setup);
  for (const name of ["red", "blue"]) await request("POST", "/api/v1/workspaces", { key: admin, body: { name } });
});
afterAll(() => server?.[Symbol.asyncDispose]());

// access.access.A6
test("a request applies to the workspace that it names, and an unknown or foreign one is not found", async () => {
  const red = await createKey("operator", "red");
  const whoami = async (key: string, workspace?: string, query = "") =>
    request("GET", `/api/v1/whoami${query}`, { key, ...(workspace && { workspace }) });
  expect((await whoami(red)).body).toMatchObject({ workspace: "red", role: "operator" });
  expect((await whoami(admin)).body).toMatchObject({ workspace: "default", role: "admin" });
  expect((await whoami(admin, "blue")).body).toMatchObject({ workspace: "blue" });
  expect((await whoami(admin, undefined, "?workspace=blue")).body).toMatchObject({ workspace: "blue" });
  const answers = [await whoami(red, "blue"), await whoami(red, "default"), await whoami(red, "none")];
  expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
  expect(answers.map(codeOf)).toEqual(Array.from({ length: 3 }, () => "WORKSPACE_NOT_FOUND"));
  expect((await request("GET", "/api/v1/workspaces", { key: red })).body).toMatchObject({ items: [{ name: "red" }] });
});

test("a key is created for another workspace by those only who may in every one", async () => {
  const lead = await createKey("admin", "red");
  const attempts = ["blue", "*", "none"].map((workspace) =>
    request("POST", "/api/v1/keys", { key: lead, body: { name: "x", role: "readonly", workspace } }),
  );
  const answers = await Promise.all(attempts);
  expect(answers.map(codeOf)).toEqual(["WORKSPACE_NOT_FOUND", "ROLE_EXCEEDS_OWN", "WORKSPACE_NOT_FOUND"]);
  const { body } = await request("GET", "/api/v1/keys", { key: lead });
  expect(contract.keys.ApiKeyPage.parse(body).items.every(({ workspace }) => workspace === "red")).toBe(true);
});

// access.workspaces.W1
test("a workspace that is being deleted is not found", async () => {
  const { workspaces } = server.started.caxton.access;
  await workspaces.create("short", {});
  const key = await createKey("operator", "short");
  const erased = Promise.withResolvers<void>();
  const deleting = workspaces.delete("short", () => erased.promise);
  await expect.poll(() => workspaces.isActive("short")).toBe(false);
  expect(codeOf(await request("GET", "/api/v1/agents", { key }))).toBe("WORKSPACE_NOT_FOUND");
  erased.resolve();
  await deleting;
  expect(workspaces.list().map(({ name }) => name)).not.toContain("short");
});

test("agents and runs of a workspace are not found from another", async () => {
  const [red, blue] = [await createKey("operator", "red"), await createKey("operator", "blue")];
  for (const key of [red, blue])
    expect((await request("POST", "/api/v1/agents", { key, body: { source } })).body).toMatchObject({
      outcome: "created",
    });
  const run = contract.runs.RunDetail.parse(
    (await request("POST", "/api/v1/runs", { key: red, body: { agent: "shared-name", input: "hello", wait: true } }))
      .body,
  );
  for (const path of ["", "/export", "/artifacts", "/events"]) {
    expect(codeOf(await request("GET", `/api/v1/runs/${run.id}${path}`, { key: blue }))).toBe("RUN_NOT_FOUND");
  }
  expect(codeOf(await request("POST", `/api/v1/runs/${run.id}/retry`, { key: blue, body: {} }))).toBe("RUN_NOT_FOUND");
  expect((await request("GET", "/api/v1/runs", { key: blue })).body).toMatchObject({ items: [] });
  expect((await request("GET", "/api/v1/runs", { key: red })).body).toMatchObject({ items: [{ id: run.id }] });
});
