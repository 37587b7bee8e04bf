import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as z from "zod";
import { keys, models, secrets as contract } from "../../src/api/contract/index.ts";
import { commandLine } from "../cli/caxton.ts";
import { CaxtonProcess } from "../helpers/process.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { tempDirectory } from "../helpers/temp.ts";
import { verifies } from "../helpers/verifies.ts";
import { answering, manifest } from "../tools/servers/modules.ts";
import { events, refusing, vendor } from "../models/vendors/endpoint.ts";

verifies("security.secrets", "model.key-origin");

const CANARY = "sk-canary-7f3a9c51e8d24b60";

const saying = (text: string) =>
  events(
    {
      id: "c1",
      object: "chat.completion.chunk",
      choices: [{ index: 0, delta: { content: text }, finish_reason: "stop" }],
    },
    "[DONE]",
  );

const agent = (model: string, more = "") =>
  `name = "probe"\nversion = "1.0.0"\ncapabilities = ["x"]\nsystem_prompt = "Answer."\n[llm]\nmodel = "${model}"\n${more}`;

const deploy = (server: TestServer, source: string) =>
  server.started.services.agents.agents.deploy("default", { source, fileName: "probe.toml" });

/** A run that has ended, or the problem of one that did not start. */
const run = async (server: TestServer, input = "hello") =>
  z
    .record(z.string(), z.unknown())
    .parse((await server.ask("POST", "/api/v1/runs", { agent: "probe", input, wait: true })).body);

/** `path`: the name of a secret, and a query. */
const set = (server: TestServer, path: string, value: string, more: object = {}) =>
  server.ask("PUT", `/api/v1/secrets/${path}`, { value, ...more });

const authorizations = ({ seen }: Awaited<ReturnType<typeof vendor>>) =>
  seen.map(({ headers }) => headers.authorization ?? "none");

test("a stored key is used from the next request on, before the variable of its name", async () => {
  await using endpoint = await vendor(saying("hi"));
  await using server = await startServer({
    environment: { OPENAI_BASE_URL: `${endpoint.url}/v1`, OPENAI_API_KEY: "sk-of-the-environment" },
  });
  await deploy(server, agent("openai/m"));
  const providers = async () =>
    models.ModelProviderPage.parse((await server.ask("GET", "/api/v1/models/providers")).body).items;
  expect((await providers()).find(({ name }) => name === "openai")).toMatchObject({
    key_name: "OPENAI_API_KEY",
    test_model: "openai/gpt-5-mini",
  });
  expect(await run(server)).toMatchObject({ state: "completed" });
  const stored = await set(server, "OPENAI_API_KEY", "sk-of-the-workspace");
  expect(stored).toMatchObject({ status: 200, body: { workspace: "default", origins: [], last_used_at: null } });
  expect(await run(server)).toMatchObject({ state: "completed" });
  await server.ask("PUT", "/api/v1/secrets/OPENAI_API_KEY/value", { value: "sk-rotated-by-then" });
  await run(server);
  expect(await server.ask("DELETE", "/api/v1/secrets/OPENAI_API_KEY")).toMatchObject({ status: 200 });
  await set(server, "OPENAI_API_KEY?all_workspaces=true", "sk-of-all-workspaces");
  await run(server);
  await server.ask("DELETE", "/api/v1/secrets/OPENAI_API_KEY?all_workspaces=true");
  await run(server);
  expect(authorizations(endpoint)).toEqual(
    ["of-the-environment", "of-the-workspace", "rotated-by-then", "of-all-workspaces", "of-the-environment"].map(
      (key) => `Bearer sk-${key}`,
    ),
  );
});

test("a key makes its provider the default, and a test of its model says whether it works", async () => {
  await using endpoint = await vendor(refusing(401, { error: { message: `${CANARY} is wrong` } }), saying("OK"));
  await using server = await startServer({
    settings: { "models.providers": { mistral: { base_url: `${endpoint.url}/v1` } } },
  });
  const provider = async (name: string) =>
    models.ModelProviderPage.parse((await server.ask("GET", "/api/v1/models/providers")).body).items.find(
      (each) => each.name === name,
    );
  const defaultModel = async () =>
    models.ModelPage.parse((await server.ask("GET", "/api/v1/models")).body).default_model;
  expect(await defaultModel()).toBe("mock");
  expect(await provider("anthropic")).toMatchObject({ ready: false });
  await set(server, "ANTHROPIC_API_KEY", "sk-ant-0123456789");
  expect(await provider("anthropic")).toMatchObject({ ready: true, note: "ANTHROPIC_API_KEY is stored" });
  expect(await defaultModel()).toBe("anthropic/claude-sonnet-4-5");
  await server.ask("DELETE", "/api/v1/secrets/ANTHROPIC_API_KEY");
  expect(await defaultModel()).toBe("mock");
  await set(server, "MISTRAL_API_KEY", CANARY);
  const check = async () =>
    models.ModelTest.parse((await server.ask("POST", "/api/v1/models/test", { model: "mistral/m" })).body);
  const failed = await check();
  expect(failed).toMatchObject({
    ok: false,
    checks: { 0: { state: "failed", note: expect.stringContaining("auth") } },
  });
  expect(JSON.stringify(failed)).not.toContain(CANARY);
  await set(server, "MISTRAL_API_KEY", "sk-a-better-one");
  expect(await check()).toMatchObject({ ok: true });
  expect(authorizations(endpoint).slice(0, 2)).toEqual([`Bearer ${CANARY}`, "Bearer sk-a-better-one"]);
});

// vendors.origins.O3, access.secrets.S3
test("a stored secret goes to the origins it is bound to, and to no other", async () => {
  await using own = await vendor(saying("hi"));
  await using other = await vendor(saying("hi"));
  await using evil = await vendor(saying("hi"));
  await using server = await startServer({
    environment: {
      VLLM_BASE_URL: `${own.url}/v1`,
      LMSTUDIO_BASE_URL: `${other.url}/v1`,
      LEAKED_API_KEY: "sk-env-leaked",
    },
    settings: {
      "models.key_origins": { TEAM_KEY: [other.url] },
      "models.providers": { gateway: { base_url: `${other.url}/v1`, api_key: "${secret:TEAM_KEY}" } },
    },
  });
  const refused = { status: 422, code: "KEY_ORIGIN_REFUSED" };
  await set(server, "TEAM_KEY", "sk-team-0123456789", { origins: [own.url] });
  await deploy(server, agent("vllm/m", 'api_key = "${secret:TEAM_KEY}"'));
  expect(await run(server)).toMatchObject({ state: "completed" });
  await deploy(server, agent("lmstudio/m", 'api_key = "${secret:TEAM_KEY}"'));
  expect(await run(server)).toMatchObject(refused);
  await deploy(server, agent("lmstudio/m", '[llm.headers]\nX-Api-Key = "${env:TEAM_KEY}"'));
  expect(await run(server)).toMatchObject(refused);
  await deploy(server, agent("gateway/m"));
  expect(await run(server)).toMatchObject(refused);
  // The key of a provider may not go to the address that the provider has now.
  await set(server, "LMSTUDIO_API_KEY", "sk-lm-0123456789", { origins: ["https://lm.example"] });
  await deploy(server, agent("lmstudio/m"));
  expect(await run(server)).toMatchObject(refused);
  // A secret of the name of a variable does not let an address have the variable's value.
  await set(server, "LEAKED_API_KEY", "sk-own-0123456789", { origins: [evil.url] });
  await deploy(
    server,
    agent("m", `base_url = "${evil.url}/\${env:LEAKED_API_KEY}"\napi_key = "\${env:LEAKED_API_KEY}"`),
  );
  expect(await run(server)).toMatchObject(refused);
  expect(evil.seen).toEqual([]);
  expect(authorizations(own)).toEqual(["Bearer sk-team-0123456789"]);
  expect(JSON.stringify(other.seen)).not.toContain("sk-team");
});

test("an agent that names a secret which is not stored, or not readable, fails with the name", async () => {
  using home = tempDirectory();
  await using endpoint = await vendor(saying("hi"));
  const options = { directory: home.path, environment: { VLLM_BASE_URL: `${endpoint.url}/v1` } };
  {
    await using server = await startServer(options);
    await deploy(server, agent("vllm/m", 'api_key = "${secret:TEAM_KEY}"'));
    const unresolved = { status: 422, code: "REFERENCE_UNRESOLVED", detail: expect.stringContaining("TEAM_KEY") };
    expect(await run(server)).toMatchObject(unresolved);
    await set(server, "TEAM_KEY", CANARY);
    expect(await run(server)).toMatchObject({ state: "completed" });
    await server.ask("DELETE", "/api/v1/secrets/TEAM_KEY");
    expect(await run(server)).toMatchObject(unresolved);
    await deploy(server, agent("vllm/m", 'base_url = "https://${secret:TEAM_KEY}.example/v1"'));
    await set(server, "TEAM_KEY", CANARY);
    expect(await run(server)).toMatchObject(unresolved);
    await deploy(server, agent("vllm/m", 'api_key = "${secret:TEAM_KEY}"'));
  }
  const file = join(home.path, ".caxton", "secrets.key");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  writeFileSync(file, `${Buffer.alloc(32, 1).toString("base64")}\n`);
  await using server = await startServer(options);
  expect(await run(server)).toMatchObject({
    code: "SECRET_UNREADABLE",
    detail: expect.stringContaining("TEAM_KEY"),
    hint: expect.stringContaining(file),
  });
  expect((await server.ask("GET", "/api/v1/secrets")).body).toMatchObject({
    items: [{ name: "TEAM_KEY", state: "unreadable", fingerprint: null }],
  });
  expect(await server.ask("POST", "/api/v1/secret-key/rotate")).toMatchObject({
    status: 422,
    body: { code: "SECRET_UNREADABLE", hint: expect.stringContaining(file) },
  });
  await set(server, "TEAM_KEY", CANARY);
  expect((await server.ask("POST", "/api/v1/secret-key/rotate")).body).toEqual({ secrets: 1 });
});

test("a secret lists the agents and tool servers of the workspace that name it", async () => {
  await using server = await startServer();
  await deploy(server, agent("openai/m", 'api_key = "${secret:TEAM_KEY}"\n[llm.headers]\nx-team = "${env:SIDE_KEY}"'));
  const module = Buffer.from(await answering("hi")).toString("base64");
  const granted = manifest("signer", '[[grants.secrets]]\nname = "TEAM_KEY"\nas = "value"\n');
  expect((await server.ask("POST", "/api/v1/tool-servers", { module, manifest: granted })).status).toBeLessThan(300);
  for (const path of ["TEAM_KEY", "SIDE_KEY", "TEAM", "TEAM_KEY?all_workspaces=true"])
    expect(await set(server, path, CANARY)).toMatchObject({ status: 200 });
  const listed = async () =>
    contract.SecretPage.parse((await server.ask("GET", "/api/v1/secrets")).body).items.map(
      ({ name, workspace, used_by: { agents, tool_servers: servers } }) => [name, workspace, ...agents, ...servers],
    );
  expect(await listed()).toEqual([
    ["SIDE_KEY", "default", "probe"],
    ["TEAM", "default"],
    ["TEAM_KEY", "default", "probe", "signer"],
    // The workspace has its own one.
    ["TEAM_KEY", "*"],
  ]);
  const { stdout } = await commandLine(["secret", "list"], { server: server.url });
  expect(stdout).toMatch(/TEAM_KEY +default .*agent probe, tools signer/u);
  expect((await server.ask("DELETE", "/api/v1/secrets/TEAM_KEY")).body).toMatchObject({
    used_by: { agents: ["probe"] },
  });
  expect(await listed()).toContainEqual(["TEAM_KEY", "*", "probe", "signer"]);
});

test("what is wrong with a request is answered without the value", async () => {
  await using server = await startServer();
  const put = (path: string, body: unknown) => server.ask("PUT", `/api/v1/secrets/${path}`, body);
  const wrong: readonly (readonly [string, unknown])[] = [
    ["9KEY", { value: CANARY }],
    ["A-KEY", { value: CANARY }],
    ["K".repeat(129), { value: CANARY }],
    ["KEY?all_workspaces=perhaps", { value: CANARY }],
    ["KEY", { value: [CANARY] }],
    ["KEY", { value: { [CANARY]: 1 } }],
    ["KEY", { valu: CANARY }],
    ["KEY", CANARY],
    ["KEY", { value: CANARY.repeat(4_000) }],
    ["KEY", { value: CANARY.slice(0, 7) }],
    ["KEY", { value: CANARY, origins: ["https://a.example/path"] }],
    ["KEY", { value: CANARY, origins: ["javascript:x"] }],
    ["KEY/value", { value: CANARY, origins: [] }],
    ["MISSING/value", { value: CANARY }],
  ];
  for (const [path, body] of wrong) {
    const answer = await put(path, body);
    expect(answer.status, path).toBeGreaterThanOrEqual(400);
    expect(answer.status, path).toBeLessThan(500);
    expect(JSON.stringify(answer.body)).not.toContain(CANARY.slice(0, 7));
  }
  expect((await server.ask("GET", "/api/v1/secrets")).body).toEqual({ items: [], next: null });
});

/** The audit record of a change of the secret KEY. */
const changed = (operation: string, workspace: string, event: string) => ({
  operation,
  outcome: "allowed",
  event,
  target: { name: "KEY", workspace },
});

test("roles: operators store secrets of their workspace, administrators those of all, others none", async () => {
  await using server = await startServer({ settings: { "access.mode": "required" } });
  const ask = async (key: string, method: string, path: string, body?: object) => {
    const headers = { authorization: `Bearer ${key}`, ...(body && { "content-type": "application/json" }) };
    const response = await fetch(server.url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    const text = await response.text();
    return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
  };
  const create = async (by: string, role: string) => {
    const { body } = await ask(by, "POST", "/api/v1/keys", { name: role, role });
    return keys.CreatedApiKey.parse(body).key ?? "";
  };
  const admin = await create(server.started.setupToken ?? "", "admin");
  const operator = await create(admin, "operator");
  const value = { value: CANARY };
  const one = "/api/v1/secrets/KEY";
  for (const role of ["user", "readonly"]) {
    const key = await create(admin, role);
    expect(await ask(key, "GET", "/api/v1/secrets")).toMatchObject({ status: 403 });
    expect(await ask(key, "PUT", one, value)).toMatchObject({ status: 403 });
  }
  expect(await ask(operator, "PUT", one, value)).toMatchObject({ status: 200, body: { workspace: "default" } });
  const denied = { status: 403, body: { code: "PERMISSION_DENIED" } };
  expect(await ask(operator, "PUT", `${one}?all_workspaces=true`, value)).toMatchObject(denied);
  expect(await ask(operator, "DELETE", `${one}?all_workspaces=true`)).toMatchObject(denied);
  expect(await ask(operator, "POST", "/api/v1/secret-key/rotate")).toMatchObject(denied);
  expect(await ask(admin, "PUT", `${one}?all_workspaces=true`, value)).toMatchObject({
    status: 200,
    body: { workspace: "*" },
  });
  expect(await ask(admin, "PUT", `${one}/value?all_workspaces=true`, value)).toMatchObject({ status: 200 });
  expect(await ask(admin, "DELETE", one)).toMatchObject({ status: 200 });
  const listed = contract.SecretPage.parse((await ask(operator, "GET", "/api/v1/secrets")).body).items;
  expect(listed).toMatchObject([{ name: "KEY", workspace: "*", state: "ready" }]);
  const { body } = await ask(admin, "GET", "/api/v1/audit?limit=200");
  const records = z.object({ items: z.array(z.record(z.string(), z.unknown())) }).parse(body).items;
  const changes = records.filter(({ operation }) => String(operation).startsWith("secret."));
  expect(changes.filter(({ outcome }) => outcome === "allowed").toReversed()).toMatchObject([
    changed("secret.set", "default", "SecurityPolicyUpdated"),
    changed("secret.set", "*", "SecurityPolicyUpdated"),
    changed("secret.rotate", "*", "TokenRefresh"),
    changed("secret.delete", "default", "SecurityPolicyUpdated"),
  ]);
  expect(changes.filter(({ outcome }) => outcome === "denied")).toHaveLength(7);
  expect(JSON.stringify(body)).not.toContain(CANARY);
});

test("runs of two workspaces use their own keys, and neither lists or uses the other's", async () => {
  await using endpoint = await vendor(saying("hi"));
  await using server = await startServer({ environment: { VLLM_BASE_URL: `${endpoint.url}/v1` } });
  const ask = async (workspace: string, method: string, path: string, body?: object) => {
    const headers = { "x-caxton-workspace": workspace, ...(body && { "content-type": "application/json" }) };
    const response = await fetch(`${server.url}/api/v1${path}`, {
      method,
      headers,
      ...(body && { body: JSON.stringify(body) }),
    });
    return z.record(z.string(), z.unknown()).parse(await response.json());
  };
  for (const name of ["red", "blue"]) {
    await server.ask("POST", "/api/v1/workspaces", { name });
    await ask(name, "PUT", "/secrets/VLLM_API_KEY", { value: `sk-of-${name}-0123` });
    await ask(name, "POST", "/agents", { source: agent("vllm/m"), file_name: "probe.toml" });
  }
  await ask("red", "PUT", "/secrets/RED_KEY", { value: "sk-red-only-0123" });
  const started = (workspace: string) => ask(workspace, "POST", "/runs", { agent: "probe", input: "hi", wait: true });
  for (const name of ["red", "blue", "red"]) expect(await started(name)).toMatchObject({ state: "completed" });
  expect(await ask("red", "POST", "/models/test", { model: "vllm/m" })).toMatchObject({ ok: true });
  expect(new Set(authorizations(endpoint).slice(0, 2))).toEqual(
    new Set(["Bearer sk-of-red-0123", "Bearer sk-of-blue-0123"]),
  );
  expect(authorizations(endpoint).slice(2)).toEqual(
    Array.from({ length: endpoint.seen.length - 2 }, () => "Bearer sk-of-red-0123"),
  );
  const source = agent("vllm/m", 'api_key = "${secret:RED_KEY}"');
  for (const name of ["red", "blue"]) await ask(name, "POST", "/agents", { source, file_name: "probe.toml" });
  expect(await started("red")).toMatchObject({ state: "completed" });
  expect(await started("blue")).toMatchObject({ code: "REFERENCE_UNRESOLVED" });
  expect(await ask("blue", "GET", "/secrets")).toMatchObject({ items: [{ name: "VLLM_API_KEY", workspace: "blue" }] });
  expect(await ask("blue", "DELETE", "/secrets/RED_KEY")).toMatchObject({ code: "SECRET_NOT_FOUND" });
});

test("the command line reads values from standard input and never shows them", async () => {
  await using server = await startServer();
  const caxton = (args: readonly string[], input?: string) =>
    commandLine(["secret", ...args], { server: server.url, ...(input !== undefined && { input }) });
  expect(await caxton(["list"])).toMatchObject({ code: 0, stderr: expect.stringContaining("caxton secret set") });
  expect(await caxton(["set", "TEAM_KEY", "--origin", "https://a.example"], `${CANARY}\n`)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(
      /^the secret TEAM_KEY is stored in the workspace default; fingerprint [0-9a-f]{12}\n$/,
    ),
  });
  expect(server.started.caxton.access.secrets.find("default", "TEAM_KEY")?.read()).toBe(CANARY);
  expect(await caxton(["set", "TEAM_KEY"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("standard input"),
  });
  expect(await caxton(["rotate", "MISSING"], CANARY)).toMatchObject({ code: 3 });
  expect(await caxton(["rotate", "TEAM_KEY"], "sk-rotated-value")).toMatchObject({ code: 0 });
  expect(await caxton(["set", "SHARED", "--all-workspaces"], CANARY)).toMatchObject({
    stdout: expect.stringContaining("for all workspaces"),
  });
  const listed = await caxton(["list"]);
  expect(listed.stdout).toMatch(/TEAM_KEY +default +ready .*https:\/\/a\.example/);
  expect(listed.stdout).toMatch(/SHARED +\(all\) +ready/);
  expect(await caxton(["rotate-key"])).toMatchObject({ stdout: "2 secrets are encrypted with a new master key\n" });
  expect(await caxton(["delete", "TEAM_KEY"])).toMatchObject({ code: 2 });
  expect(await caxton(["delete", "TEAM_KEY", "--yes"])).toMatchObject({ stdout: "the secret TEAM_KEY is deleted\n" });
  expect(await caxton(["delete", "SHARED", "--yes"])).toMatchObject({ code: 3 });
  expect(await caxton(["delete", "SHARED", "--all-workspaces", "--yes"])).toMatchObject({ code: 0 });
});

/** Every byte of a directory with all below it, as Latin-1. */
const bytesOf = (directory: string): readonly (readonly [string, string])[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => [file, readFileSync(file, "latin1")]);

test("no byte that the server writes or sends has a stored value, but the request to its provider", async () => {
  const values = [CANARY, "sk-canary-before-1d5b7e", "canary-of-the-tools-90ab"];
  const [before = "", tool = ""] = values.slice(1);
  await using endpoint = await vendor(
    refusing(400, { error: { message: `${CANARY} and ${before} are keys` } }),
    saying(`My key is ${CANARY}, in base64 ${Buffer.from(CANARY).toString("base64")}, and ${tool}.`),
  );
  using temp = tempDirectory();
  const environment = { OPENAI_BASE_URL: `${endpoint.url}/v1`, CAXTON_LOG_LEVEL: "trace" };
  await using server = new CaxtonProcess(["serve", "--port", "0"], { cwd: temp.path, environment });
  const [url = ""] = await server.printed(/http:\/\/127\.0\.0\.1:\d+/);
  const sent: string[] = [];
  const ask = async (method: string, path: string, body?: object) => {
    const response = await fetch(url + path, {
      method,
      ...(body && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
    const text = await response.text();
    sent.push(text, JSON.stringify([...response.headers]));
    return text;
  };
  await ask("PUT", "/api/v1/secrets/OPENAI_API_KEY", { value: before });
  await ask("PUT", "/api/v1/secrets/OPENAI_API_KEY/value", { value: CANARY });
  await ask("PUT", "/api/v1/secrets/TOOL_TOKEN", { value: tool, origins: ["https://a.example"] });
  await ask("PUT", "/api/v1/secrets/TOOL_TOKEN", { value: [tool] });
  const source = agent("openai/m", 'api_key = "${env:OPENAI_API_KEY}"');
  await ask("POST", "/api/v1/agents", { source, file_name: "probe.toml" });
  const input = `Say ${tool} and ${encodeURIComponent(CANARY)}`;
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const started = await ask("POST", "/api/v1/runs", { agent: "probe", input, wait: true });
    const { id } = z.object({ id: z.string() }).parse(JSON.parse(started));
    for (const path of ["", "/events", "/export"]) await ask("GET", `/api/v1/runs/${id}${path}`);
    await ask("POST", `/api/v1/runs/${id}/replay`);
  }
  await ask("POST", "/api/v1/models/test", { model: "openai/m" });
  for (const path of ["secrets", "audit", "audit/export", "config", "status", "models/providers", "runs", "memory"])
    await ask("GET", `/api/v1/${path}`);
  await ask("GET", "/metrics");
  await ask("POST", "/api/v1/secret-key/rotate");
  await ask("DELETE", "/api/v1/secrets/TOOL_TOKEN");
  expect(sent.join("\n")).toContain("[redacted:OPENAI_API_KEY]");
  const data = join(temp.path, ".caxton");
  const running = bytesOf(data);
  expect(running.map(([file]) => file).join(" ")).toMatch(/caxton\.db-wal .*secrets\.key/s);
  server.kill("SIGTERM");
  const { stdout, stderr } = await server.ended();
  expect(stderr).toContain("REQUEST_INVALID");
  const forms = values.flatMap((value) => [
    value,
    Buffer.from(value).toString("base64"),
    Buffer.from(value).toString("hex"),
  ]);
  const found = (text: string) => forms.filter((form) => text.includes(form));
  for (const text of [...sent, stdout, stderr]) expect(found(text)).toEqual([]);
  for (const [file, content] of [...running, ...bytesOf(data)]) expect(found(content), file).toEqual([]);
  expect(new Set(authorizations(endpoint))).toEqual(new Set([`Bearer ${CANARY}`]));
  expect(found(JSON.stringify(endpoint.seen.map(({ url: path, body }) => [path, body])))).toEqual([]);
});
