// Our MCP client as the protocol's own scenarios drive it: node client.ts <server URL>. Connects, lists and calls every tool, answers questions.
import * as z from "zod";
import type { McpAuth } from "../../../../src/tools/remote/index.ts";
import { type Json, JsonObject } from "../../../../src/kernel/json.ts";
import type { Tool, ToolCall } from "../../../../src/tools/catalogue/index.ts";
import { callOf, httpAt, never, runnerTo, textOf, until, vaultOf } from "../room.ts";

/** What a scenario passes to its client beside the URL. */
const Context = z.looseObject({
  client_id: z.string().optional(),
  client_secret: z.string().optional(),
  toolCalls: z.array(z.looseObject({ name: z.string(), arguments: JsonObject.optional() })).optional(),
});

const url = process.argv.at(-1) ?? "";
const context = Context.parse(JSON.parse(process.env["MCP_CONFORMANCE_CONTEXT"] ?? "{}"));

const scenario = process.env["MCP_CONFORMANCE_SCENARIO"] ?? "";
const REDIRECT = "http://127.0.0.1:4321/back";

/** The authorization server is found as the MCP server names it. */
function authOf({ client_id: clientId, client_secret: clientSecret }: z.infer<typeof Context>): McpAuth {
  const rest = { issuer: undefined, scopes: [], resource: undefined };
  if (clientId !== undefined && clientSecret !== undefined && scenario.startsWith("auth/client-credentials"))
    return { type: "client-credentials", clientId, clientSecret, tokenUrl: undefined, ...rest };
  return scenario.startsWith("auth/") ? { type: "oauth", clientId, clientSecret, ...rest } : { type: "none" };
}

/** Signs in as a browser of a user who is signed in already: the authorization server sends it back at once. */
async function signIn(): Promise<void> {
  const { url: place } = await runner.signIn("remote").begin(REDIRECT, "ada");
  const { headers } = await fetch(place, { redirect: "manual" });
  const { searchParams } = new URL(headers.get("location") ?? "");
  const text = (name: string) => searchParams.get(name) ?? undefined;
  await runner.signIn("remote").complete({ state: text("state") ?? "", code: text("code"), iss: text("iss") }, "ada");
}

const SIGN_INS_MAX = 3;
const CONNECT_MS = 20_000;
const isRefused = () => (runner.servers()[0]?.signIn?.reason ?? "") !== "";

async function called(call: ToolCall): Promise<string> {
  for (let count = 0; ; count += 1) {
    const text = textOf(await runner.call(call, never));
    if (!text.startsWith("sign-in-needed") || count === SIGN_INS_MAX) return text;
    await signIn();
  }
}

/** A value for each argument that has to be given. */
function argumentsOf({ inputSchema }: Tool): JsonObject {
  const { properties, required } = z
    .looseObject({
      properties: z.record(z.string(), z.looseObject({ type: z.string().catch("") })).default({}),
      required: z.array(z.string()).default([]),
    })
    .parse(inputSchema);
  const values: { readonly [type: string]: Json } = { number: 2, integer: 2, boolean: true, array: [], object: {} };
  return Object.fromEntries(required.map((name) => [name, values[properties[name]?.type ?? ""] ?? "text"]));
}

/** A tool that wants to see a schema as it arrived here gets that of its neighbour. */
function echoOf({ name, inputSchema }: Tool): JsonObject {
  const isEcho =
    Object.keys(z.looseObject({ properties: JsonObject.default({}) }).parse(inputSchema).properties).join() ===
    "schema";
  const other = server?.tools.find((tool) => tool.name !== name);
  return isEcho && other ? { schema: other.inputSchema } : {};
}

const signIns = {
  vault: vaultOf(new Map()),
  fetchPublic: fetch,
  callback: { uri: REDIRECT, metadataUrl: "https://conformance-test.local/client-metadata.json" },
};
// Waits of the client alone do not keep a process alive.
const alive = setInterval(() => undefined, 1_000);
await using runner = runnerTo(httpAt(url, { auth: authOf(context) }), { timeoutMs: 15_000 }, { signIns });
await runner.open(20_000);
for (let count = 0; count < SIGN_INS_MAX && isRefused(); count += 1) {
  await signIn();
  const givenUpAtMs = performance.now() + CONNECT_MS;
  await until(() =>
    runner.servers()[0]?.state === "loaded" || isRefused() || performance.now() > givenUpAtMs ? true : undefined,
  );
}
const [server] = runner.servers();
process.stdout.write(`${server?.state ?? "gone"} ${server?.reason ?? ""}\n`);
const ask = async () => ({ type: "accepted", content: {} }) as const;
const calls =
  context.toolCalls?.map(({ name, arguments: given }) => callOf(name, given ?? {}, { ask })) ??
  (server?.tools ?? []).map((tool) => callOf(tool.name, { ...argumentsOf(tool), ...echoOf(tool) }, { ask }));
for (const call of calls) process.stdout.write(`${call.tool}: ${await called(call)}\n`);
process.exitCode = server?.state === "failed" ? 1 : 0;
clearInterval(alive);
