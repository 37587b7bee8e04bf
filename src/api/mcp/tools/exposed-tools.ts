import type { CallToolResult, ContentBlock, ServerContext, Tool } from "@modelcontextprotocol/server";
import type { Clock } from "../../../kernel/clock.ts";
import { isJsonObject } from "../../../kernel/json.ts";
import { operations, type OutputOf, type ToolDetail, tools as contract } from "../../contract/index.ts";
import type { Caller } from "../../operations/index.ts";
import { callerOf } from "../caller-info.ts";
import { asResult, type ToolAnswer } from "../errors.ts";
import { Progress } from "./progress.ts";
import { exposedToolName } from "./tool-names.ts";
import { unknownTool } from "./unknown-tool.ts";

type Outcome = OutputOf<typeof operations.tool.call>;
type Exposed = { readonly server: string; readonly tool: ToolDetail };

/** Tools of tool servers that the settings expose. */
export class ExposedTools {
  readonly #expose: ReadonlySet<string>;
  readonly #clock: Clock;

  constructor(expose: readonly string[], clock: Clock) {
    this.#expose = new Set(expose);
    this.#clock = clock;
  }

  async list(caller: Caller): Promise<readonly Tool[]> {
    return (await this.#find(caller)).map(toolOf);
  }

  /** Throws ProtocolError if there is no such tool; other failures are results. A cancelled request cancels the call. */
  async call(name: string, given: object, context: ServerContext): Promise<ToolAnswer> {
    const caller = callerOf(context);
    const found = (await this.#find(caller)).find(({ server, tool }) => exposedToolName(server, tool.name) === name);
    if (found === undefined) throw unknownTool(name);
    const input = { server: found.server, tool: found.tool.name, arguments: Object.fromEntries(Object.entries(given)) };
    const { mcpReq } = context;
    const progress = new Progress(mcpReq, this.#clock);
    const options = {
      signal: mcpReq.signal,
      onProgress: (report: object) => progress.reportTool(contract.ToolCallProgress.parse(report)),
    };
    return asResult(async () =>
      resultOf(await progress.during(() => caller.perform(operations.tool.call, input, options))),
    );
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
