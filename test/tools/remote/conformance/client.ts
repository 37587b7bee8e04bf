// Our MCP client as the protocol's own scenarios drive it: node client.ts <server URL>. Connects, lists and calls every tool, answers questions.
import * as z from "zod";
import type { McpAuth } from "../../../../src/tools/remote/index.ts";
import { type Json, JsonObject } from "../../../../src/kernel/json.ts";
import type { Tool } from "../../../../src/tools/catalogue/index.ts";
import { callOf, httpAt, never, runnerTo, textOf } from "../room.ts";

/** What a scenario passes to its client beside the URL. */
const Context = z.looseObject({
  client_id: z.string().optional(),
  client_secret: z.string().optional(),
  toolCalls: z.array(z.looseObject({ name: z.string(), arguments: JsonObject.optional() })).optional(),
});

const url = process.argv.at(-1) ?? "";
const context = Context.parse(JSON.parse(process.env["MCP_CONFORMANCE_CONTEXT"] ?? "{}"));

/** Client credentials where the scenario has some; the authorization server is found as the MCP server names it. */
const auth: McpAuth =
  context.client_id === undefined || context.client_secret === undefined
    ? { type: "none" }
    : {
        type: "client-credentials",
        clientId: context.client_id,
        clientSecret: context.client_secret,
        tokenUrl: undefined,
        issuer: undefined,
        scopes: [],
        resource: undefined,
      };

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

await using runner = runnerTo(httpAt(url, { auth }), { timeoutMs: 15_000 });
await runner.open(20_000);
const [server] = runner.servers();
process.stdout.write(`${server?.state ?? "gone"} ${server?.reason ?? ""}\n`);
const ask = async () => ({ type: "accepted", content: {} }) as const;
const calls =
  context.toolCalls?.map(({ name, arguments: given }) => callOf(name, given ?? {}, { ask })) ??
  (server?.tools ?? []).map((tool) => callOf(tool.name, { ...argumentsOf(tool), ...echoOf(tool) }, { ask }));
for (const call of calls) process.stdout.write(`${call.tool}: ${textOf(await runner.call(call, never))}\n`);
process.exitCode = server?.state === "failed" ? 1 : 0;
