import {
  type GetPromptResult,
  type ListPromptsResult,
  ProtocolError,
  type ReadResourceResult,
  type Resource,
  type ResourceTemplateType as ResourceTemplate,
} from "@modelcontextprotocol/server";
import * as z from "zod";
import type { JsonObject } from "../../kernel/json.ts";
import { operations, type OutputOf } from "../contract/index.ts";
import type { Caller } from "../operations/index.ts";
import { INVALID_PARAMS, INVALID_REQUEST } from "./errors.ts";
import type { ExposedTools } from "./tools/exposed-tools.ts";
import { exposedToolName } from "./tools/tool-names.ts";

type Called = OutputOf<typeof operations.tool.call>;
type Call = { readonly server: string; readonly tool: string; readonly arguments?: JsonObject };
type Prompt = ListPromptsResult["prompts"][number];

/** Time that a server has for its list; without it, one that hangs would keep those of the others. */
const LIST_MS = 5_000;

const Listed = { name: z.string(), description: z.string().optional() };
const Prompts = z.object({
  prompts: z.array(
    z.object({
      ...Listed,
      arguments: z.array(
        z.object({ name: z.string(), description: z.string().optional(), required: z.boolean().optional() }),
      ),
    }),
  ),
});
const Described = { ...Listed, mimeType: z.string().optional() };
const Resources = z.object({
  resources: z.array(z.object({ ...Described, uri: z.string(), size: z.number().optional() })),
  templates: z.array(z.object({ ...Described, uriTemplate: z.string() })),
});
const Messages = z.object({ description: z.string().optional(), messages: z.custom<GetPromptResult["messages"]>() });

/** Resources and prompts of remote MCP servers, if the settings expose the tools that read them. */
export class ExposedContent {
  readonly #caller: Caller;
  readonly #signal: AbortSignal;
  readonly #exposed: ExposedTools;

  constructor(exposed: ExposedTools, caller: Caller, signal: AbortSignal) {
    this.#exposed = exposed;
    this.#caller = caller;
    this.#signal = signal;
  }

  /** All prompts, under names that no agent has. */
  async prompts(): Promise<readonly Prompt[]> {
    return (await this.#prompts()).map(({ prompt }) => prompt);
  }

  /** Throws ProtocolError for a prompt that does not exist or that its server refuses. */
  async prompt(name: string, given: Readonly<Record<string, string>> | undefined): Promise<GetPromptResult> {
    const found = (await this.#prompts()).find(({ prompt }) => prompt.name === name);
    if (found === undefined) throw new ProtocolError(INVALID_PARAMS, `there is no prompt ${name}`);
    const args = { name: found.name, ...(given && { arguments: given }) };
    const { structured } = await this.#read({ server: found.server, tool: "get_prompt", arguments: args });
    return Messages.parse(structured);
  }

  async resources(): Promise<readonly Resource[]> {
    return (await this.#resources()).flatMap(({ resources }) => resources);
  }

  async templates(): Promise<readonly ResourceTemplate[]> {
    return (await this.#resources()).flatMap(({ templates }) => templates);
  }

  /** The content of a resource of the first server that lists it, or a template that it begins with; undefined without one. */
  async resource(uri: string): Promise<ReadResourceResult | undefined> {
    const begins = ({ uriTemplate }: ResourceTemplate) => uri.startsWith(uriTemplate.replace(/\{.*$/s, ""));
    const found = (await this.#resources()).find(
      ({ resources, templates }) => resources.some((each) => each.uri === uri) || templates.some(begins),
    );
    if (found === undefined) return undefined;
    const { files } = await this.#read({ server: found.server, tool: "read_resource", arguments: { uri } });
    return {
      contents: files.map(({ media_type: mimeType, text, base64, uri: own }) =>
        base64 === null ? { uri: own ?? uri, mimeType, text } : { uri: own ?? uri, mimeType, blob: base64 },
      ),
    };
  }

  async #prompts() {
    const lists = await this.#lists("get_prompt", "list_prompts", Prompts);
    return lists.flatMap(({ server, list }) =>
      list.prompts.map((prompt) => ({
        server,
        name: prompt.name,
        prompt: { ...prompt, name: exposedToolName(server, prompt.name), title: `${server}: ${prompt.name}` },
      })),
    );
  }

  async #resources() {
    const lists = await this.#lists("read_resource", "list_resources", Resources);
    return lists.map(({ server, list }) => ({ server, ...list }));
  }

  /** The lists of all servers whose reading tool is exposed; that of a server that does not answer is left out. */
  async #lists<List>(reading: string, listing: string, schema: z.ZodType<List>) {
    const servers = await this.#exposed.serversWith(this.#caller, reading);
    const lists = await Promise.all(
      servers.map(async (server) => {
        const signal = AbortSignal.any([this.#signal, AbortSignal.timeout(LIST_MS)]);
        const { structured } = await this.#call({ server, tool: listing }, signal);
        const { data: list } = schema.safeParse(structured);
        return list === undefined ? [] : [{ server, list }];
      }),
    );
    return lists.flat();
  }

  async #read(call: Call): Promise<Called> {
    const called = await this.#call(call);
    if (called.outcome === "done") return called;
    const code = called.outcome === "invalid-arguments" ? INVALID_PARAMS : INVALID_REQUEST;
    throw new ProtocolError(code, called.text, { outcome: called.outcome });
  }

  #call({ server, tool, arguments: given = {} }: Call, signal = this.#signal): Promise<Called> {
    return this.#caller.perform(operations.tool.call, { server, tool, arguments: { ...given } }, { signal });
  }
}
