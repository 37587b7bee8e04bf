import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Validator } from "@cfworker/json-schema";
import * as fc from "fast-check";
import * as z from "zod";
import { SERVERS } from "../../../scripts/build-tools.ts";
import { runServer } from "./wasi.ts";
import { World } from "./world.ts";

export { World };

const ROOT = join(import.meta.dirname, "../../..");

const modules = new Map<string, WebAssembly.Module>();
function moduleOf(server: string): WebAssembly.Module {
  const known = modules.get(server);
  if (known) return known;
  const module = new WebAssembly.Module(readFileSync(join(ROOT, SERVERS[server] ?? server, "module.wasm")));
  modules.set(server, module);
  return module;
}

const Message = z.looseObject({
  jsonrpc: z.literal("2.0"),
  id: z.union([z.string(), z.number(), z.null()]),
  result: z.unknown().optional(),
  error: z.object({ code: z.int(), message: z.string() }).optional(),
});
export type Message = z.infer<typeof Message>;

/** Sends lines to a fresh instance and reads its answers. */
export const converse = (server: string, lines: readonly string[], world = new World()): readonly Message[] =>
  runServer(moduleOf(server), lines, world).map((line) => Message.parse(JSON.parse(line)));

const Structured = z.record(z.string(), z.json());
const Tool = z.looseObject({
  name: z.string(),
  title: z.string(),
  description: z.string(),
  inputSchema: Structured,
  outputSchema: Structured.optional(),
  annotations: z
    .object({
      title: z.string(),
      readOnlyHint: z.boolean(),
      idempotentHint: z.boolean(),
      destructiveHint: z.boolean(),
      openWorldHint: z.boolean(),
    })
    .optional(),
});
export type Tool = z.infer<typeof Tool>;

const request = (id: number, method: string, params: object) => JSON.stringify({ jsonrpc: "2.0", id, method, params });

export function listTools(server: string): readonly Tool[] {
  const [answer] = converse(server, [request(1, "tools/list", {})]);
  return z.object({ tools: z.array(Tool) }).parse(answer?.result).tools;
}

const outputs = new Map<string, Validator | undefined>();
function outputCheck(server: string, tool: string): Validator | undefined {
  const key = `${server}.${tool}`;
  if (!outputs.has(key)) {
    for (const { name, outputSchema } of listTools(server)) {
      outputs.set(`${server}.${name}`, outputSchema ? new Validator(outputSchema, "2020-12", false) : undefined);
    }
  }
  return outputs.get(key);
}

const Content = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text"), text: z.string() }),
  z.object({
    type: z.literal("resource"),
    resource: z.object({ uri: z.string(), mimeType: z.string(), text: z.string() }),
  }),
]);
const CallResult = z.object({
  content: z.array(Content),
  structuredContent: Structured.optional(),
  isError: z.boolean(),
});

export type Called = {
  readonly isError: boolean;
  readonly text: string;
  readonly structured: z.infer<typeof Structured>;
  readonly files: readonly { readonly uri: string; readonly mimeType: string; readonly text: string }[];
};

/** Calls a tool in a fresh instance. The structured result must fit the tool's output schema. */
export function call(server: string, tool: string, given: object, world = new World()): Called {
  const [answer] = converse(server, [request(1, "tools/call", { name: tool, arguments: given })], world);
  if (answer?.error) throw new Error(answer.error.message);
  const { content, structuredContent, isError } = CallResult.parse(answer?.result);
  if (!isError) {
    const checked = outputCheck(server, tool)?.validate(structuredContent);
    if (checked?.valid === false) throw new Error(`${tool}: ${JSON.stringify(checked.errors.at(-1))}`);
  }
  const text = content.map((part) => (part.type === "text" ? part.text : "")).join("");
  const files = content.flatMap((part) => (part.type === "resource" ? [part.resource] : []));
  return { isError, text, structured: structuredContent ?? {}, files };
}

/** The text of a call that has to fail as a tool failure. */
export function failure(server: string, tool: string, given: object, world = new World()): string {
  const { isError, text } = call(server, tool, given, world);
  if (!isError) throw new Error(`${tool} did not fail: ${text}`);
  return text;
}

/** Any JSON value but one with a key that the reader of answers in these tests, zod, takes for a prototype. */
export const jsonValue = (constraints: fc.JsonSharedConstraints = {}): fc.Arbitrary<unknown> =>
  fc.jsonValue(constraints).filter((value) => !JSON.stringify(value).includes("__proto__"));
