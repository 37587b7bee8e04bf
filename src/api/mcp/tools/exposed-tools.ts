import type { CallToolResult, ContentBlock, Tool } from "@modelcontextprotocol/server";
import { isJsonObject } from "../../../kernel/json.ts";
import { operations, type OutputOf, type ToolDetail } from "../../contract/index.ts";
import type { Caller } from "../../operations/index.ts";
import { asResult, type ToolAnswer } from "../errors.ts";
import { exposedToolName } from "./tool-names.ts";
import { unknownTool } from "./unknown-tool.ts";

type Outcome = OutputOf<typeof operations.tool.call>;
type Exposed = { readonly server: string; readonly tool: ToolDetail };

/** Tools of tool servers that the settings expose. */
export class ExposedTools {
  readonly #expose: ReadonlySet<string>;

  constructor(expose: readonly string[]) {
    this.#expose = new Set(expose);
  }

  async list(caller: Caller): Promise<readonly Tool[]> {
    return (await this.#find(caller)).map(toolOf);
  }

  /** Throws ProtocolError if there is no such tool; other failures are results. */
  async call(caller: Caller, name: string, given: object, signal: AbortSignal): Promise<ToolAnswer> {
    const found = (await this.#find(caller)).find(({ server, tool }) => exposedToolName(server, tool.name) === name);
    if (found === undefined) throw unknownTool(name);
    const input = { server: found.server, tool: found.tool.name, arguments: Object.fromEntries(Object.entries(given)) };
    return asResult(async () => resultOf(await caller.perform(operations.tool.call, input, { signal })));
  }

  async #find(caller: Caller): Promise<readonly Exposed[]> {
    if (this.#expose.size === 0 || !caller.may(operations.tool.call) || !caller.may(operations.tool.list)) return [];
    const { items } = await caller.perform(operations.tool.list, {});
    return items.flatMap(({ name: server, tools }) =>
      tools
        .filter(({ name }) => this.#expose.has(server) || this.#expose.has(`${server}.${name}`))
        .map((tool) => ({ server, tool })),
    );
  }
}

const toolOf = ({ server, tool }: Exposed): Tool => ({
  name: exposedToolName(server, tool.name),
  title: tool.title,
  description: tool.description,
  inputSchema: { ...tool.input_schema, type: "object" },
  ...(tool.output_schema?.["type"] === "object" && { outputSchema: { ...tool.output_schema, type: "object" } }),
  annotations: {
    readOnlyHint: tool.read_only,
    idempotentHint: tool.idempotent,
    destructiveHint: tool.destructive,
  },
});

const resultOf = ({ outcome, text, structured, files }: Outcome): CallToolResult => ({
  content: [{ type: "text", text }, ...files.map(fileOf)],
  ...(isJsonObject(structured) && { structuredContent: structured }),
  ...(outcome !== "done" && { isError: true }),
  _meta: { "caxton/outcome": outcome },
});

function fileOf({ name, media_type: mimeType, text, base64 }: Outcome["files"][number]): ContentBlock {
  if (base64 !== null && mimeType.startsWith("image/")) return { type: "image", data: base64, mimeType };
  if (base64 !== null && mimeType.startsWith("audio/")) return { type: "audio", data: base64, mimeType };
  const uri = `caxton://files/${encodeURIComponent(name)}`;
  return { type: "resource", resource: base64 === null ? { uri, mimeType, text } : { uri, mimeType, blob: base64 } };
}
