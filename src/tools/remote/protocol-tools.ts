import type {
  CallToolResult,
  Client,
  ContentBlock,
  RequestOptions,
  ServerCapabilities,
  Tool as WireTool,
} from "@modelcontextprotocol/client";
import * as z from "zod";
import { Json, type JsonObject } from "../../kernel/json.ts";

/** Tools by which agents read what a server offers besides its tools. The server does not list them. */
const added = (
  name: string,
  title: string,
  description: string,
  properties: WireTool["inputSchema"]["properties"] & object = {},
): WireTool => ({
  name,
  title,
  description,
  inputSchema: {
    type: "object",
    properties,
    required: Object.keys(properties).filter((key) => key !== "arguments"),
    additionalProperties: false,
  },
  annotations: { readOnlyHint: true, idempotentHint: true },
});

const LIST_RESOURCES = added(
  "list_resources",
  "List resources",
  "Lists the resources of this server, and the templates of addresses of further ones. Read one with read_resource.",
);
const READ_RESOURCE = added("read_resource", "Read a resource", "Reads a resource of this server by its address.", {
  uri: { type: "string", minLength: 1, description: "Address of the resource, as list_resources gives it" },
});
const LIST_PROMPTS = added(
  "list_prompts",
  "List prompts",
  "Lists the prompts of this server with their arguments. Get the text of one with get_prompt.",
);
const GET_PROMPT = added("get_prompt", "Get a prompt", "Gets the messages of a prompt of this server.", {
  name: { type: "string", minLength: 1, description: "Name of the prompt, as list_prompts gives it" },
  arguments: { type: "object", additionalProperties: { type: "string" }, description: "Arguments of the prompt" },
});
const PROTOCOL_TOOLS: readonly WireTool[] = [LIST_RESOURCES, READ_RESOURCE, LIST_PROMPTS, GET_PROMPT];

const Read = z.object({ uri: z.string() });
const Get = z.object({ name: z.string(), arguments: z.record(z.string(), z.string()).optional() });

/** Whether a tool is one of these, and not the server's own. */
export const isProtocolTool = (wire: WireTool): boolean => PROTOCOL_TOOLS.includes(wire);

/** The tools for what a server says that it has. */
export const protocolTools = (capabilities: ServerCapabilities | undefined): readonly WireTool[] => [
  ...(capabilities?.resources === undefined ? [] : [LIST_RESOURCES, READ_RESOURCE]),
  ...(capabilities?.prompts === undefined ? [] : [LIST_PROMPTS, GET_PROMPT]),
];

/** Makes the requests of a call of one of these tools. Throws what the library throws. */
export async function callProtocolTool(
  client: Client,
  wire: WireTool,
  given: JsonObject,
  options: RequestOptions,
): Promise<CallToolResult> {
  switch (wire) {
    case LIST_RESOURCES:
      return listResources(client, options);
    case LIST_PROMPTS:
      return listPrompts(client, options);
    case READ_RESOURCE: {
      const { contents } = await client.readResource(Read.parse(given), { ...options, cacheMode: "bypass" });
      return { content: contents.map((resource): ContentBlock => ({ type: "resource", resource })) };
    }
    default: {
      const { description, messages } = await client.getPrompt(Get.parse(given), options);
      const said = messages.flatMap(({ role, content }) => [text(`[${role}]`), content]);
      return {
        content: [...(description === undefined ? [] : [text(description)]), ...said],
        structuredContent: structure({ description, messages }),
      };
    }
  }
}

const text = (words: string): ContentBlock => ({ type: "text", text: words });

async function listResources(client: Client, options: RequestOptions): Promise<CallToolResult> {
  const all = { ...options, cacheMode: "bypass" } as const;
  const { resources } = await client.listResources(undefined, all);
  const { resourceTemplates } = await client.listResourceTemplates(undefined, all);
  return listed({
    resources: resources.map(({ uri, name, title, description, mimeType, size }) => ({
      uri,
      name: title ?? name,
      description,
      mimeType,
      size,
    })),
    templates: resourceTemplates.map(({ uriTemplate, name, title, description, mimeType }) => ({
      uriTemplate,
      name: title ?? name,
      description,
      mimeType,
    })),
  });
}

async function listPrompts(client: Client, options: RequestOptions): Promise<CallToolResult> {
  const { prompts } = await client.listPrompts(undefined, { ...options, cacheMode: "bypass" });
  return listed({
    prompts: prompts.map(({ name, title, description, arguments: parameters = [] }) => ({
      name,
      title,
      description,
      arguments: parameters.map((each) => ({
        name: each.name,
        description: each.description,
        required: each.required === true,
      })),
    })),
  });
}

/** The list as JSON, for the model and for programs. */
function listed(lists: object): CallToolResult {
  const words = JSON.stringify(lists);
  return { content: [text(words)], structuredContent: structure(lists) };
}

const structure = (value: object) => z.record(z.string(), Json).parse(JSON.parse(JSON.stringify(value)));
