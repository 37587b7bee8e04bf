import { createHash } from "node:crypto";
import type { Tool as WireTool } from "@modelcontextprotocol/client";
import { canonicalJson, isJsonObject, type JsonObject, parseJson } from "../../kernel/json.ts";
import type { Tool } from "../catalogue/index.ts";
import { cleanLine, cleanSchema, cleanText } from "../../kernel/clean.ts";
import type { Secrets } from "./secrets.ts";

const TOOLS_MAX = 1_000;
const NAME_CHARS_MAX = 128;
const TITLE_CHARS_MAX = 200;
const DESCRIPTION_CHARS_MAX = 8_000;
const SCHEMA_CHARS_MAX = 256 * 1024;

/** A tool as agents see it, and what its server calls it. */
export type RemoteTool = { readonly tool: Tool; readonly wire: WireTool };

/** The tools of one server. */
export type ToolList = {
  readonly tools: readonly Tool[];
  /** By the name agents use. */
  readonly remote: ReadonlyMap<string, RemoteTool>;
  /** sha256 over names, descriptions and schemas, hexadecimal. */
  readonly hash: string;
  /** What was left out or changed, one sentence each. */
  readonly remarks: readonly string[];
};

export const NO_TOOLS: ToolList = {
  tools: [],
  remote: new Map(),
  hash: createHash("sha256").update("[]").digest("hex"),
  remarks: [],
};

/** What a server lists, made fit for agents: only allowed tools, names unique and readable, schemas of a bearable size. */
export function readToolList(
  server: string,
  listed: readonly WireTool[],
  { allowed, secrets }: { readonly allowed: readonly string[] | undefined; readonly secrets: Secrets },
): ToolList {
  const remarks: string[] = [];
  const remote = new Map<string, RemoteTool>();
  for (const wire of listed) {
    if (allowed !== undefined && !allowed.includes(wire.name)) continue;
    if (remote.size >= TOOLS_MAX) {
      remarks.push(`only the first ${TOOLS_MAX} tools are used`);
      break;
    }
    const name = freeName(wire.name, remote);
    if (name !== wire.name) remarks.push(`the tool ${JSON.stringify(wire.name)} is called ${name} here`);
    const tool = readTool(server, name, wire);
    if (typeof tool === "string") remarks.push(`the tool ${name} is left out: ${tool}`);
    else remote.set(name, { tool: hidden(tool, secrets), wire });
  }
  for (const name of allowed ?? []) {
    if (!listed.some((wire) => wire.name === name)) remarks.push(`tools names ${name}, which the server does not have`);
  }
  const tools = [...remote.values()].map(({ tool }) => tool);
  return { tools, remote, hash: hashOf(tools), remarks };
}

/** A name without hidden characters that no other tool of the server has. */
function freeName(wireName: string, taken: ReadonlyMap<string, unknown>): string {
  const clean = cleanLine(wireName, NAME_CHARS_MAX).replaceAll(/\s/g, "_") || "tool";
  if (!taken.has(clean)) return clean;
  let number = 2;
  while (taken.has(`${clean}_${number}`)) number += 1;
  return `${clean}_${number}`;
}

function readTool(server: string, name: string, wire: WireTool): Tool | string {
  const inputSchema = readSchema(wire.inputSchema);
  if (typeof inputSchema === "string") return `its input schema ${inputSchema}`;
  const outputSchema = wire.outputSchema === undefined ? undefined : readSchema(wire.outputSchema);
  if (typeof outputSchema === "string") return `its output schema ${outputSchema}`;
  const { readOnlyHint, idempotentHint, destructiveHint } = wire.annotations ?? {};
  return {
    server,
    name,
    title: cleanLine(wire.title ?? wire.annotations?.title ?? name, TITLE_CHARS_MAX) || name,
    description: cleanText(wire.description ?? "", DESCRIPTION_CHARS_MAX),
    inputSchema,
    outputSchema,
    effects: {
      readOnly: readOnlyHint === true,
      idempotent: idempotentHint === true,
      ...(readOnlyHint !== true && destructiveHint === true && { destructive: true }),
    },
  };
}

/** The tool with the server's secrets redacted in its texts. */
function hidden(tool: Tool, secrets: Secrets): Tool {
  const schema = (given: JsonObject): JsonObject => {
    const value = secrets.json(given);
    return isJsonObject(value) ? value : given;
  };
  return {
    ...tool,
    title: secrets.text(tool.title),
    description: secrets.text(tool.description),
    inputSchema: schema(tool.inputSchema),
    outputSchema: tool.outputSchema && schema(tool.outputSchema),
  };
}

function readSchema(schema: unknown): JsonObject | string {
  let text: string;
  try {
    text = JSON.stringify(schema);
  } catch {
    return "is nested past measure";
  }
  if (text.length > SCHEMA_CHARS_MAX) return `is longer than ${SCHEMA_CHARS_MAX} characters`;
  const parsed = parseJson(text);
  if (parsed.type === "malformed") return `is ${parsed.reason}`;
  return isJsonObject(parsed.value) ? cleanSchema(parsed.value) : "is not an object";
}

const hashOf = (tools: readonly Tool[]): string =>
  createHash("sha256")
    .update(
      canonicalJson(
        tools.map(({ name, title, description, inputSchema, outputSchema, effects }) => ({
          name,
          title,
          description,
          inputSchema,
          outputSchema: outputSchema ?? null,
          effects: { ...effects, destructive: effects.destructive === true },
        })),
      ),
    )
    .digest("hex");
