import { McpServer, type McpServerFactory, ResourceTemplate } from "@modelcontextprotocol/server";
import { expect, test } from "vitest";
import * as z from "zod";
import { RunDetail } from "../../../src/api/contract/runs/runs.ts";
import { startServer } from "../../helpers/server.ts";
import { verifies } from "../../helpers/verifies.ts";
import { callOf, Endpoint, httpAt, legacyListener, modernHandler, never, runnerTo, serverIn, textOf } from "./room.ts";

verifies("tool.mcp-resources");

const PIXEL = Buffer.from("89504e470d0a1a0a", "hex");

/** A library with texts, an image, a template of addresses and a prompt; it has a tool of its own called `get_prompt`. */
const library: McpServerFactory = () => {
  const server = new McpServer({ name: "library", version: "1.0.0" });
  server.registerResource("note", "memo://note", { title: "A note", mimeType: "text/plain" }, async ({ href }) => ({
    contents: [{ uri: href, mimeType: "text/plain", text: "remember the milk" }],
  }));
  server.registerResource("pixel", "memo://pixel", { mimeType: "image/png" }, async ({ href }) => ({
    contents: [{ uri: href, mimeType: "image/png", blob: PIXEL.toString("base64") }],
  }));
  server.registerResource("day", new ResourceTemplate("day://{date}", { list: undefined }), {}, async ({ href }) => ({
    contents: [{ uri: href, text: `nothing on ${href}` }],
  }));
  server.registerResource("huge", "memo://huge", {}, async ({ href }) => ({
    contents: [{ uri: href, text: "x".repeat(100_000) }],
  }));
  server.registerPrompt(
    "greet",
    { description: "Greets a user", argsSchema: z.object({ name: z.string() }) },
    async ({ name }) => ({ messages: [{ role: "user", content: { type: "text", text: `Say hello to ${name}` } }] }),
  );
  server.registerTool("get_prompt", { inputSchema: z.object({}) }, async () => ({
    content: [{ type: "text", text: "its own" }],
  }));
  return server;
};

const servers = {
  "2025": () => legacyListener(library),
  "2026": () => modernHandler(library).listener,
};

for (const [era, listenerOf] of Object.entries(servers))
  test(`agents list and read the resources and prompts of a server of ${era} with tools`, async () => {
    await using endpoint = await Endpoint.start(listenerOf());
    await using runner = runnerTo(httpAt(endpoint.url), { limits: { resultBytesMax: 50_000 } });
    await runner.open(5_000);
    const { tools } = await serverIn(runner, "loaded");
    expect(tools.map(({ name }) => name)).toEqual([
      "get_prompt",
      "list_resources",
      "read_resource",
      "list_prompts",
      "get_prompt_2",
    ]);
    expect(tools.filter(({ effects }) => effects.readOnly)).toHaveLength(4);
    const call = (tool: string, given = {}) => runner.call(callOf(tool, given), never);
    expect(await call("list_resources")).toMatchObject({
      type: "done",
      structured: {
        resources: [
          { uri: "memo://note", name: "A note", mimeType: "text/plain" },
          { uri: "memo://pixel", mimeType: "image/png" },
          { uri: "memo://huge" },
        ],
        templates: [{ uriTemplate: "day://{date}" }],
      },
    });
    expect(textOf(await call("read_resource", { uri: "memo://note" }))).toContain("remember the milk");
    expect(textOf(await call("read_resource", { uri: "day://monday" }))).toContain("nothing on day://monday");
    const pixel = await call("read_resource", { uri: "memo://pixel" });
    expect(pixel).toMatchObject({ content: [{ type: "bytes", mediaType: "image/png", bytes: PIXEL }] });
    expect(await call("list_prompts")).toMatchObject({
      structured: { prompts: [{ name: "greet", arguments: [{ name: "name", required: true }] }] },
    });
    const greeting = await call("get_prompt_2", { name: "greet", arguments: { name: "Ada" } });
    expect(textOf(greeting)).toMatch(/\[user\]\nSay hello to Ada$/);
    expect(textOf(await call("get_prompt"))).toBe("its own");
    expect(textOf(await call("read_resource", { uri: "memo://none" }))).toMatch(/read_resource failed: .*not found/i);
    expect(textOf(await call("get_prompt_2", { name: "greet" }))).toMatch(/^invalid-arguments: /);
    expect(textOf(await call("read_resource", { uri: "memo://huge" }))).toMatch(/^bad-output: .*50000/);
  });

test("the setting tools names them like other tools, and a server without resources has none", async () => {
  await using endpoint = await Endpoint.start(servers["2026"]());
  await using runner = runnerTo(httpAt(endpoint.url), { tools: ["read_resource"] });
  await runner.open(5_000);
  const { tools } = await serverIn(runner, "loaded");
  expect(tools.map(({ name }) => name)).toEqual(["read_resource"]);
});

const agent = (tools: string) =>
  `name = "reader"\nversion = "1.0.0"\ncapabilities = ["reading"]\ntools = ["${tools}"]\nsystem_prompt = "Read."\n`;

test("an agent reads a resource only if its definition names the tool", async () => {
  await using endpoint = await Endpoint.start(servers["2026"]());
  await using server = await startServer({
    script: [{ toolCalls: [{ name: "books__read_resource", arguments: '{"uri":"memo://note"}' }] }, { text: "read" }],
    overrides: { toolServers: "/nonexistent" },
    files: { "caxton.toml": `[mcp_servers.books]\nurl = "${endpoint.url}"\n` },
  });
  for (const [tools, outcome] of [
    ["books.read_resource", { outcome: "done", text: expect.stringContaining("remember the milk") }],
    ["books.list_resources", { outcome: "unknown-tool" }],
  ] as const) {
    await server.ask("POST", "/api/v1/agents", { source: agent(tools) });
    const run = await server.ask("POST", "/api/v1/runs", { agent: "reader", input: "go", wait: true });
    const { step_list: steps } = RunDetail.parse(run.body);
    expect(steps.find(({ kind }) => kind === "tool")).toMatchObject(outcome);
  }
});

test("all pages of a list arrive, each on a stream of its own", async () => {
  const names = ["one", "two", "three"];
  await using endpoint = await Endpoint.start(
    legacyListener(() => {
      const server = new McpServer({ name: "pages", version: "1.0.0" }, { capabilities: { tools: {} } });
      server.server.setRequestHandler("tools/list", ({ params }) => {
        const page = Number(params?.cursor ?? 0);
        const tools = [{ name: names[page] ?? "", inputSchema: { type: "object" as const } }];
        return page + 1 < names.length ? { tools, nextCursor: String(page + 1) } : { tools };
      });
      return server;
    }),
  );
  await using runner = runnerTo(httpAt(endpoint.url));
  await runner.open(5_000);
  expect((await serverIn(runner, "loaded")).tools.map(({ name }) => name)).toEqual(names);
});
