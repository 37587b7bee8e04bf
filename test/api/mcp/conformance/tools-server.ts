// The tools that the server scenarios of the conformance suite call, as a tool server.
import { setTimeout as sleep } from "node:timers/promises";
import {
  fromJsonSchema,
  inputRequired,
  type InputRequests,
  McpServer,
  ResourceTemplate,
  type ServerContext,
} from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import * as z from "zod";

const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
const WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA=";

function toolsServer(): McpServer {
  const server = new McpServer({ name: "conformance", version: "1.0.0" });
  server.registerTool("test_simple_text", { description: "A tool of the suite", inputSchema: z.object({}) }, () => ({
    content: [{ type: "text", text: "This is a simple text response for testing." }],
  }));
  server.registerTool("test_image_content", { description: "A tool of the suite", inputSchema: z.object({}) }, () => ({
    content: [{ type: "image", data: PNG, mimeType: "image/png" }],
  }));
  server.registerTool("test_audio_content", { description: "A tool of the suite", inputSchema: z.object({}) }, () => ({
    content: [{ type: "audio", data: WAV, mimeType: "audio/wav" }],
  }));
  server.registerTool(
    "test_embedded_resource",
    { description: "A tool of the suite", inputSchema: z.object({}) },
    () => ({
      content: [
        {
          type: "resource",
          resource: {
            uri: "test://embedded-resource",
            mimeType: "text/plain",
            text: "This is an embedded resource content.",
          },
        },
      ],
    }),
  );
  server.registerTool(
    "test_multiple_content_types",
    { description: "A tool of the suite", inputSchema: z.object({}) },
    () => ({
      content: [
        { type: "text", text: "Multiple content types test:" },
        { type: "image", data: PNG, mimeType: "image/png" },
        {
          type: "resource",
          resource: {
            uri: "test://mixed-content-resource",
            mimeType: "application/json",
            text: '{"test":"data","value":123}',
          },
        },
      ],
    }),
  );
  server.registerTool("test_error_handling", { description: "A tool of the suite", inputSchema: z.object({}) }, () => ({
    isError: true,
    content: [{ type: "text", text: "This tool intentionally returns an error for testing" }],
  }));
  server.registerTool(
    "test_tool_with_progress",
    { description: "A tool of the suite", inputSchema: z.object({}) },
    async (_given, { mcpReq }) => {
      const { _meta: { progressToken } = {} } = mcpReq;
      for (const progress of [0, 50, 100]) {
        if (progressToken !== undefined)
          await mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress, total: 100 } });
        await sleep(50);
      }
      return { content: [{ type: "text", text: "Done." }] };
    },
  );
  server.registerTool("test_logging_tool", { description: "A tool of the suite", inputSchema: z.object({}) }, done);
  registerSchemas(server);
  registerResources(server);
  registerPrompts(server);
  registerQuestions(server);
  return server;
}

function registerSchemas(server: McpServer): void {
  const inputSchema = fromJsonSchema<object>({
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    $defs: {
      address: {
        $anchor: "addressDef",
        type: "object",
        properties: { street: { type: "string" }, city: { type: "string" } },
      },
    },
    properties: {
      name: { type: "string" },
      address: { $ref: "#/$defs/address" },
      contactMethod: { type: "string", enum: ["phone", "email"] },
      phone: { type: "string" },
      email: { type: "string" },
    },
    allOf: [{ anyOf: [{ required: ["phone"] }, { required: ["email"] }] }],
    if: { properties: { contactMethod: { const: "phone" } }, required: ["contactMethod"] },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    then: { required: ["phone"] },
    else: { required: ["email"] },
    additionalProperties: false,
  });
  server.registerTool("json_schema_2020_12_tool", { description: "A tool of the suite", inputSchema }, done);
  server.registerTool(
    "test_parameter_header",
    {
      description: "A tool with a parameter that is also a header",
      inputSchema: z.object({ region: z.string().meta({ "x-mcp-header": "Region" }) }),
    },
    done,
  );
}

const resourceText = (uri: string, text: string) => ({ contents: [{ uri, mimeType: "text/plain", text }] });

function registerResources(server: McpServer): void {
  server.registerResource("text", "test://static-text", { mimeType: "text/plain" }, ({ href }) =>
    resourceText(href, "This is the content of the static text resource."),
  );
  server.registerResource("binary", "test://static-binary", { mimeType: "image/png" }, ({ href }) => ({
    contents: [{ uri: href, mimeType: "image/png", blob: PNG }],
  }));
  const template = new ResourceTemplate("test://template/{id}/data", { list: undefined });
  server.registerResource("template", template, { mimeType: "application/json" }, ({ href }, { id }) => ({
    contents: [{ uri: href, mimeType: "application/json", text: JSON.stringify({ id, templateTest: true }) }],
  }));
}

const says = (text: string) => ({ role: "user", content: { type: "text", text } }) as const;

function registerPrompts(server: McpServer): void {
  const description = "A prompt of the suite";
  server.registerPrompt("test_simple_prompt", { description }, () => ({
    messages: [says("This is a simple prompt for testing.")],
  }));
  const two = z.object({ arg1: z.string(), arg2: z.string() });
  server.registerPrompt("test_prompt_with_arguments", { description, argsSchema: two }, ({ arg1, arg2 }) => ({
    messages: [says(`Prompt with arguments: arg1='${arg1}', arg2='${arg2}'`)],
  }));
  const one = z.object({ resourceUri: z.string() });
  server.registerPrompt("test_prompt_with_embedded_resource", { description, argsSchema: one }, ({ resourceUri }) => {
    const resource = { uri: resourceUri, mimeType: "text/plain", text: "Embedded resource content for testing." };
    return {
      messages: [
        { role: "user", content: { type: "resource", resource } },
        says("Please process the embedded resource above."),
      ],
    };
  });
  server.registerPrompt("test_prompt_with_image", { description }, () => ({
    messages: [
      { role: "user", content: { type: "image", data: PNG, mimeType: "image/png" } },
      says("Please analyze the image above."),
    ],
  }));
}

const done = () => ({ content: [{ type: "text" as const, text: "Done." }] });

type Ask = (round: number) => InputRequests | undefined;

/** A tool that asks until a round has no question, and then returns the answers of the last one. */
function registerAsking(server: McpServer, name: string, ask: Ask): void {
  const asking = async (_given: object, { mcpReq }: ServerContext) => {
    const { inputResponses = {} } = mcpReq;
    const state = mcpReq.requestState<string>();
    const round = state === undefined ? 0 : Number(state) + 1;
    const requests = ask(round);
    if (requests === undefined)
      return { content: [{ type: "text" as const, text: `state-ok ${JSON.stringify(inputResponses)}` }] };
    return inputRequired({ inputRequests: requests, requestState: String(round) });
  };
  server.registerTool(name, { description: "A tool of the suite", inputSchema: z.object({}).loose() }, asking);
}

const form = (message: string, properties: object, required: readonly string[] = []) =>
  inputRequired.elicit({
    message,
    requestedSchema: {
      type: "object",
      properties: Object.fromEntries(Object.entries(properties)),
      required: [...required],
    },
  });

function registerQuestions(server: McpServer): void {
  const once = (name: string, requests: InputRequests) =>
    registerAsking(server, name, (round) => (round === 0 ? requests : undefined));
  const text = { type: "string" };
  const options = ["option1", "option2", "option3"];
  const titled = options.map((value) => ({ const: value, title: `Title of ${value}` }));
  const user = { username: text, email: text };
  const confirm = form("Please confirm", { ok: { type: "boolean" } }, ["ok"]);
  once("test_elicitation", { user: form("Who are you?", user, ["username", "email"]) });
  once("test_elicitation_sep1034_defaults", {
    user: form("Please check", {
      name: { type: "string", default: "John Doe" },
      age: { type: "integer", default: 30 },
      score: { type: "number", default: 95.5 },
      status: { type: "string", enum: ["active", "inactive", "pending"], default: "active" },
      verified: { type: "boolean", default: true },
    }),
  });
  once("test_elicitation_sep1330_enums", {
    choice: form("Please choose", {
      untitledSingle: { type: "string", enum: options },
      titledSingle: { type: "string", oneOf: titled },
      legacyEnum: { type: "string", enum: ["opt1", "opt2", "opt3"], enumNames: ["One", "Two", "Three"] },
      untitledMulti: { type: "array", items: { type: "string", enum: options } },
      titledMulti: { type: "array", items: { anyOf: titled } },
    }),
  });
  once("test_streaming_elicitation", { confirm });
  once("test_input_required_result_elicitation", {
    user_name: form("What is your name?", { name: text }, ["name"]),
  });
  once("test_input_required_result_request_state", { confirm });
  once("test_input_required_result_tampered_state", { confirm });
  registerAsking(server, "test_input_required_result_multi_round", (round) =>
    round === 2 ? undefined : { [`step${round + 1}`]: form(`Step ${round + 1}`, { name: text }, ["name"]) },
  );
  const sampling = inputRequired.createMessage({
    messages: [{ role: "user", content: { type: "text", text: "What is the capital of France?" } }],
    maxTokens: 100,
  });
  once("test_input_required_result_sampling", { capital_question: sampling });
  once("test_missing_capability", { capital_question: sampling });
  once("test_input_required_result_list_roots", { client_roots: inputRequired.listRoots() });
  once("test_input_required_result_capabilities", { confirm, capital_question: sampling });
  once("test_input_required_result_multiple_inputs", {
    user_name: form("What is your name?", { name: text }, ["name"]),
    greeting: sampling,
    client_roots: inputRequired.listRoots(),
  });
}

serveStdio(toolsServer);
