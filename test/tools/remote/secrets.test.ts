import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { McpServer } from "@modelcontextprotocol/server";
import { expect, test } from "vitest";
import * as z from "zod";
import { loadConfig, publicConfig } from "../../../src/server/config/index.ts";
import { tempDirectory } from "../../helpers/temp.ts";
import { callOf, Endpoint, httpAt, modernHandler, never, processOf, runnerTo, serverIn, textOf } from "./room.ts";
import { newState, testServer } from "./test-server.ts";

const KEY = "sk-live-1234567890";
const resolve = async (text: string) => ({
  text: text.replaceAll("${env:K}", KEY),
  values: text.includes("${env:K}") ? [{ name: "K", value: KEY }] : [],
});

/** A server that repeats its input, in every way it can. */
const parrot = () => {
  const server = new McpServer({ name: "parrot", version: "1.0.0" });
  server.registerTool(
    "say",
    {
      description: `Says ${KEY}.`,
      inputSchema: z.object({ text: z.string() }),
      outputSchema: z.object({ it: z.string() }),
    },
    async ({ text }) => ({
      content: [
        { type: "text", text: `${text} ${Buffer.from(text).toString("base64")} ${encodeURIComponent(text)}` },
        { type: "resource", resource: { uri: "memo://one", text, mimeType: "text/plain" } },
        { type: "resource", resource: { uri: "memo://two.txt", blob: Buffer.from(text).toString("base64") } },
      ],
      structuredContent: { it: text },
    }),
  );
  return server;
};

test("what a server was given in confidence comes back in no form: text, file, structure, description", async () => {
  await using endpoint = await Endpoint.start(modernHandler(parrot).listener);
  const transport = httpAt(endpoint.url, {
    headers: { "x-one": "prefix-${env:K}", "x-api-key": "lit/eral" },
    auth: { type: "bearer", token: "pass phrase" },
  });
  await using runner = runnerTo(transport, {}, { resolve });
  await runner.open(5_000);
  for (const [secret, name] of [
    [KEY, "K"],
    ["lit/eral", "x-api-key"],
    ["pass phrase", "auth.token"],
  ] as const) {
    const result = await runner.call(callOf("say", { text: secret }), never);
    expect(textOf(result)).toContain(`[redacted:${name}] [redacted:${name}] [redacted:${name}]`);
    const bytes = result.type === "done" ? result.content.find((part) => part.type === "bytes") : undefined;
    expect(bytes && Buffer.from(bytes.bytes).toString("utf8")).toBe(`[redacted:${name}]`);
    expect(result).toMatchObject({ structured: { it: `[redacted:${name}]` } });
    expect(JSON.stringify(result)).not.toContain(secret);
  }
  expect(runner.servers()[0]?.tools[0]?.description).toBe("Says [redacted:K].");
  // What only looks alike stays as it is.
  expect(textOf(await runner.call(callOf("say", { text: "a Bearer token" }), never))).toContain("a Bearer token");
});

test("a secret within an argument or an address is hidden automatically in logs, and arguments are not listed", async () => {
  const script =
    'process.stderr.write(process.argv.slice(1).join("\\n").replaceAll(/[=@:]/g, " ") + "\\n"); process.exit(3)';
  const args = [
    "-e",
    script,
    "--",
    "--api-key=${env:K}",
    "--token",
    "literal-one",
    "postgres://app:hunter2hunter2@db/x",
  ];
  await using runner = runnerTo(processOf(args), { timeoutMs: 100 }, { resolve });
  await runner.open(20_000);
  const server = await serverIn(runner, "failed");
  const lines = runner.logs("remote").map(({ text }) => text);
  expect(lines).toEqual(expect.arrayContaining(["--api-key [redacted:K]", "[redacted:token]"]));
  expect(JSON.stringify([server, lines])).not.toMatch(/sk-live|literal-one|hunter2/);
  expect(server.description).toBe(`${process.execPath} with 7 arguments`);
});

// remote.bounded-fetch.B4
test("a server's headers and calls follow redirects within its origin only", async () => {
  const state = newState();
  const { listener } = modernHandler(testServer(state));
  await using elsewhere = await Endpoint.start(listener);
  await using moving = await Endpoint.start((_request, response) =>
    response.writeHead(307, { location: elsewhere.url }).end(),
  );
  await using lost = runnerTo(httpAt(moving.url, { headers: { "x-key": KEY } }), { timeoutMs: 100 });
  await lost.open(5_000);
  expect(await serverIn(lost, "failed")).toMatchObject({ reason: expect.stringContaining("not followed") });
  expect(elsewhere.requests).toEqual([]);
  await using endpoint = await Endpoint.start((request, response) =>
    request.url === "/mcp" ? response.writeHead(307, { location: "/moved" }).end() : listener(request, response),
  );
  await using runner = runnerTo(httpAt(endpoint.url, { headers: { "x-key": KEY } }));
  await runner.open(5_000);
  expect(textOf(await runner.call(callOf("add", { a: 1, b: 1 }), never))).toBe("2");
  expect(endpoint.requests.every(({ headers }) => headers["x-key"] === KEY)).toBe(true);
});

// remote.bounded-fetch.B4
test("headers for a server are not shown to where it sends us for tokens, nor to where that redirects", async () => {
  await using elsewhere = await Endpoint.start((_request, response) => response.writeHead(404).end());
  await using endpoint = await Endpoint.start((request, response) => {
    const { origin } = endpoint;
    if (request.url?.includes("oauth-protected-resource") === true) {
      const metadata = { resource: `${origin}/mcp`, authorization_servers: [elsewhere.origin] };
      return response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(metadata));
    }
    const challenge = `Bearer resource_metadata="${origin}/.well-known/oauth-protected-resource/mcp"`;
    return response.writeHead(401, { "www-authenticate": challenge }).end();
  });
  const auth = {
    type: "client-credentials",
    clientId: "c",
    clientSecret: "s3cret-of-c",
    tokenUrl: undefined,
    issuer: undefined,
    scopes: [],
    resource: undefined,
  } as const;
  await using runner = runnerTo(httpAt(endpoint.url, { headers: { "x-key": KEY }, auth }), { timeoutMs: 100 });
  await runner.open(5_000);
  expect(elsewhere.requests.length).toBeGreaterThan(0);
  expect(elsewhere.requests.filter(({ headers }) => headers["x-key"] !== undefined)).toEqual([]);
  expect(endpoint.requests.every(({ headers }) => headers["x-key"] === KEY)).toBe(true);
});

test("the configuration is shown without arguments, users, queries and what references fall back to", () => {
  using temp = tempDirectory();
  const file = join(temp.path, "caxton.toml");
  writeFileSync(
    file,
    `[mcp_servers.one]
command = "npx"
args = ["-y", "--key=literal-one", "--key=\${env:K:-literal-two}"]
[mcp_servers.two]
url = "https://user:literal-three@a.example/mcp?key=literal-four"
headers = { a = "literal-five", b = "Bearer \${env:K}", c = "literal-six \${env:K}" }
`,
  );
  const { config } = loadConfig({}, {}, temp.path);
  const { one, two } = publicConfig(config).mcp_servers;
  expect(one).toMatchObject({ command: "npx", args: ["[hidden]", "[hidden]", "--key=${env:K:-[hidden]}"] });
  expect(two).toMatchObject({
    url: "https://a.example/mcp?[hidden]",
    headers: { a: "[hidden]", b: "Bearer ${env:K}", c: "[hidden]${env:K}" },
  });
});
