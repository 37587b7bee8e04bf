import type { CallToolResult, ContentBlock, ServerContext, Tool } from "@modelcontextprotocol/server";
import { isJsonObject } from "../../../kernel/json.ts";
import { operations, type OutputOf, type ToolDetail, tools as contract } from "../../contract/index.ts";
import type { Caller } from "../../operations/index.ts";
import { callerOf } from "../caller-info.ts";
import { asResult, type ToolAnswer } from "../errors.ts";
import { ToolQuestions } from "./tool-questions.ts";
import { Progress } from "./progress.ts";
import type { Environment } from "./run-calls.ts";
import { exposedToolName } from "./tool-names.ts";
import { unknownTool } from "./unknown-tool.ts";

type Outcome = OutputOf<typeof operations.tool.call>;
type Exposed = { readonly server: string; readonly tool: ToolDetail };

/** Tools of tool servers that the settings expose. */
export class ExposedTools {
  readonly #expose: ReadonlySet<string>;
  readonly #environment: Environment;

  constructor(expose: readonly string[], environment: Environment) {
    this.#expose = new Set(expose);
    this.#environment = environment;
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
    const progress = new Progress(mcpReq, this.#environment.clock);
    const onProgress = (report: object) => progress.reportTool(contract.ToolCallProgress.parse(report));
    const questions = new ToolQuestions(name, context, this.#environment);
    return asResult(() =>
      questions.during(async (user) => {
        const options = { signal: mcpReq.signal, onProgress, user };
        return resultOf(await progress.during(() => caller.perform(operations.tool.call, input, options)));
      }),
    );
  }

  /** The servers that have an exposed tool of this name. */
  async serversWith(caller: Caller, tool: string): Promise<readonly string[]> {
    return (await this.#find(caller)).flatMap((found) => (found.tool.name === tool ? found.server : []));
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
  inputSchema: { ...withoutHeaders(tool.input_schema), type: "object" },
  ...(tool.output_schema?.["type"] === "object" && { outputSchema: { ...tool.output_schema, type: "object" } }),
  annotations: {
    readOnlyHint: tool.read_only,
    idempotentHint: tool.idempotent,
    destructiveHint: tool.destructive,
  },
});

/** Which arguments are also headers concerns the requests of Caxton to the tool's server, and no client. */
const withoutHeaders = (schema: object): object =>
  JSON.parse(JSON.stringify(schema, (key, value: unknown) => (key === "x-mcp-header" ? undefined : value)));

const resultOf = ({ outcome, text, structured, files }: Outcome): CallToolResult => ({
  content: [...(text === "" && files.length > 0 ? [] : [{ type: "text" as const, text }]), ...files.map(fileOf)],
  ...(isJsonObject(structured) && { structuredContent: structured }),
  ...(outcome !== "done" && { isError: true }),
  _meta: { "caxton/outcome": outcome },
});

function fileOf({ name, media_type: mimeType, text, base64, uri: given }: Outcome["files"][number]): ContentBlock {
  if (given === null && base64 !== null && mimeType.startsWith("image/"))
    return { type: "image", data: base64, mimeType };
  if (given === null && base64 !== null && mimeType.startsWith("audio/"))
    return { type: "audio", data: base64, mimeType };
  const uri = given ?? `caxton://files/${encodeURIComponent(name)}`;
  return { type: "resource", resource: base64 === null ? { uri, mimeType, text } : { uri, mimeType, blob: base64 } };
}
