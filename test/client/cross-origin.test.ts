import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { build } from "esbuild";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { WebSocket } from "ws";
import * as z from "zod";
import { leaveBrowser, openBrowser } from "../dashboard/browser.ts";
import { repository } from "../helpers/server.ts";
import { verifies } from "../helpers/verifies.ts";
import { WorkspaceServer } from "../helpers/workspaces.ts";
import { publishInto } from "./published.ts";

verifies("api.client", "api.allowed-origins");

/** What pages do with the server: the published client, the package of OpenAI, and each protocol that browsers speak. */
const PAGE = `
import { createClient } from "caxton-server/client";
import OpenAI from "openai";

const json = { "content-type": "application/json" };
const clientInfo = { name: "page", version: "1.0.0" };
const MCP = { jsonrpc: "2.0", id: 1, method: "initialize", params: { protocolVersion: "2025-11-25", capabilities: {}, clientInfo } };
const TASK = { jsonrpc: "2.0", id: 1, method: "GetTask", params: { id: "none" } };
const RUN = { threadId: "page", runId: "1", messages: [{ id: "1", role: "user", content: "Hello" }] };

window.use = async (server, key) => {
  const used = {};
  const as = async (name, act) => {
    used[name] = await act().catch((error) => \`\${error.name}: \${error.message}\`);
  };
  const post = async (path, body, headers = {}) =>
    fetch(server + path, {
      method: "POST",
      headers: { ...json, authorization: \`Bearer \${key}\`, ...headers },
      body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body),
    });
  const { agent, run } = createClient({ server, key, retries: 0 });
  await as("get", async () => (await agent.get({ name: "greeter" })).name);
  await as("start", async () => (await run.start({ agent: "greeter", input: "hi", wait: true })).state);
  await as("watch", async () => {
    const { id } = await run.start({ agent: "greeter", input: "hi" });
    let last = "";
    for await (const { event } of run.watch({ id })) last = event.type;
    return last;
  });
  await as("upload", async () => (await run.upload({ name: "a.txt" }, "a")).name);
  await as("problem", async () => (await agent.get({ name: "none" })).name);
  await as("openai", async () => {
    const client = new OpenAI({ baseURL: server + "/v1", apiKey: key, dangerouslyAllowBrowser: true, maxRetries: 0 });
    const { data, response } = await client.responses.create({ model: "greeter", input: "hi" }).withResponse();
    return data.status + " " + (response.headers.get("x-caxton-run") !== null);
  });
  await as("connect", async () => (await (await post("/caxton.v1.AgentService/GetAgent", { name: "greeter" })).json()).name);
  await as("grpc-web", async () => {
    const message = new Uint8Array([0, 0, 0, 0, 9, 10, 7, ...new TextEncoder().encode("greeter")]);
    const headers = { "content-type": "application/grpc-web+proto", "x-grpc-web": "1" };
    const response = await post("/caxton.v1.AgentService/GetAgent", message, headers);
    return (await response.text()).includes("grpc-status: 0");
  });
  const accept = { accept: "application/json, text/event-stream" };
  await as("mcp", async () => {
    const response = await post("/mcp", MCP, accept);
    return (await response.text()).includes("serverInfo") && response.headers.get("mcp-session-id") !== null;
  });
  await as("a2a", async () => (await (await post("/a2a/greeter", TASK, { "a2a-version": "1.0" })).json()).jsonrpc);
  await as("ag-ui", async () => (await (await post("/ag-ui/greeter", RUN)).text()).includes("RUN_FINISHED"));
  return used;
};
window.withCookies = (server) => fetch(server + "/api/v1/agents", { credentials: "include" }).then(() => "read", ({ name }) => name);
`;

let server: WorkspaceServer;
let key: string;
let browser: Browser | undefined;
let script: Uint8Array | undefined;
const pages = [0, 1].map(() =>
  createServer(({ url }, response) => {
    const isScript = url === "/page.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? script : '<!doctype html><title>Another site</title><script src="/page.js"></script>');
  }),
);
const portOf = (page: (typeof pages)[number] | undefined): number => {
  const bound = page?.address();
  if (bound === null || bound === undefined || typeof bound === "string") throw new Error("the page has no port");
  return bound.port;
};
const listed = () => `http://localhost:${portOf(pages[0])}`;

beforeAll(async () => {
  for (const page of pages) await once(page.listen(0, "127.0.0.1"), "listening");
  server = await WorkspaceServer.start({
    script: [{ text: "Hello." }],
    settings: { "server.allowed_origins": [`${listed()}/`] },
  });
  key = await server.createKey("operator");
  const directory = server.server.directory;
  await publishInto(directory);
  const { outputFiles } = await build({
    stdin: { contents: PAGE, resolveDir: directory, loader: "js" },
    nodePaths: [join(repository, "node_modules")],
    bundle: true,
    write: false,
    format: "iife",
    platform: "browser",
  });
  script = outputFiles[0]?.contents;
  browser = await openBrowser();
});
afterAll(async () => {
  await leaveBrowser(browser);
  for (const page of pages) page.close();
  await server?.[Symbol.asyncDispose]();
});

const Used = z.record(z.string(), z.unknown());
async function used(page: string, how: string): Promise<unknown> {
  const opened = await browser?.newPage();
  if (opened === undefined) throw new Error("there is no browser");
  await opened.goto(page);
  return opened.evaluate(how);
}

test("a page of a listed origin uses the server with a key, in every protocol that browsers speak", async () => {
  const found = Used.parse(await used(listed(), `use(${JSON.stringify(server.url)}, ${JSON.stringify(key)})`));
  expect(found).toEqual({
    get: "greeter",
    start: "completed",
    watch: "end",
    upload: "a.txt",
    problem: expect.stringContaining("ProblemError"),
    openai: "completed true",
    connect: "greeter",
    "grpc-web": true,
    mcp: true,
    a2a: "2.0",
    "ag-ui": true,
  });
});

test("a page of another origin gets nothing, and none gets anything with cookies", async () => {
  const others = [`http://localhost:${portOf(pages[1])}`, `http://127.0.0.1:${portOf(pages[0])}`];
  for (const other of others) {
    const found = Used.parse(await used(other, `use(${JSON.stringify(server.url)}, ${JSON.stringify(key)})`));
    expect(Object.values(found).every((each) => /Failed to fetch|Connection/.test(String(each)))).toBe(true);
  }
  for (const page of [listed(), ...others])
    expect(await used(page, `withCookies(${JSON.stringify(server.url)})`)).toBe("TypeError");
});

const ask = (headers: Record<string, string>, method = "GET", path = "/api/v1/agents") =>
  fetch(server.url + path, { method, headers });

test("a preflight request of a listed origin is allowed, and refusals can be read", async () => {
  const asks = { origin: listed(), "access-control-request-method": "POST" };
  for (const path of ["/api/v1/runs", "/v1/responses", "/mcp", "/a2a/greeter", "/ag-ui/greeter"]) {
    const allowed = await ask({ ...asks, "sec-fetch-site": "cross-site" }, "OPTIONS", path);
    expect(allowed.status).toBe(204);
    expect(allowed.headers.get("access-control-allow-origin")).toBe(listed());
    expect(allowed.headers.get("access-control-allow-methods")).toContain("POST");
    expect(allowed.headers.get("access-control-allow-headers")).toBe("*, authorization");
    expect(allowed.headers.get("access-control-allow-credentials")).toBeNull();
    const refused = await ask({ ...asks, origin: "http://evil.invalid" }, "OPTIONS", path);
    expect(refused.headers.get("access-control-allow-origin")).toBeNull();
  }
  const denied = await ask({ origin: listed(), authorization: "Bearer none" });
  expect([denied.status, denied.headers.get("access-control-allow-origin")]).toEqual([401, listed()]);
  expect(denied.headers.get("vary")).toBe("origin");
  const foreign = await ask({ origin: "http://evil.invalid", "sec-fetch-site": "cross-site", "x-api-key": key });
  expect(await foreign.json()).toMatchObject({
    code: "FOREIGN_ORIGIN",
    hint: expect.stringContaining("server.allowed_origins"),
  });
});

test("a session is not taken from a listed origin, neither for requests nor for WebSockets", async () => {
  const { headers } = await server.request("POST", "/api/v1/session", { key });
  const cookie = headers.getSetCookie()[0]?.split(";")[0] ?? "";
  const own = { cookie, "sec-fetch-site": "same-origin" };
  expect((await ask(own)).status).toBe(200);
  for (const site of ["cross-site", "same-site", "same-origin"])
    expect((await ask({ ...own, origin: listed(), "sec-fetch-site": site })).status).toBe(401);
  const open = (more: Record<string, string>) =>
    new Promise<string>((resolve) => {
      const socket = new WebSocket(`${server.url.replace("http", "ws")}/api/v1/messages/socket`, { headers: more });
      socket.on("open", () => resolve("open"));
      socket.on("error", ({ message }) => resolve(message));
      socket.on("unexpected-response", (_asked, response) => resolve(String(response.statusCode)));
    });
  expect(await open({ origin: listed(), cookie })).toBe("401");
  expect(await open({ origin: "http://evil.invalid", "x-api-key": key })).toBe("403");
});
