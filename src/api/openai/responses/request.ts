import * as z from "zod";
import { Json } from "../../../kernel/json.ts";
import type { ChatMessage, ChatRequest } from "../chat/request.ts";

const Text = z.object({ type: z.enum(["input_text", "output_text"]), text: z.string() });
const Image = z.object({ type: z.literal("input_image"), image_url: z.string() });
const File = z.object({
  type: z.literal("input_file"),
  filename: z.string().min(1).max(200).default("file"),
  file_data: z.string(),
});
const Part = z.discriminatedUnion("type", [Text, Image, File], {
  error: "expected a part with type input_text, input_image with image_url, or input_file with file_data",
});
const Message = z.object({
  type: z.literal("message").optional(),
  role: z.enum(["user", "assistant", "system", "developer"]),
  content: z.union([z.string(), z.array(Part)], { error: "expected text or parts" }),
});
const Call = z.object({
  type: z.literal("function_call"),
  call_id: z.string().min(1),
  name: z.string().min(1),
  arguments: z.string(),
});
const Output = z.object({
  type: z.literal("function_call_output"),
  call_id: z.string().min(1),
  output: z.union([z.string(), z.array(Text)], { error: "expected text" }),
});
const Reasoning = z.object({ type: z.literal("reasoning") });
/** Stands for an item of an earlier response. */
const Reference = z.object({ type: z.literal("item_reference"), id: z.string().min(1) });
export const Item = z.union([Message, Call, Output, Reasoning, Reference], {
  error: "expected a message, function_call, function_call_output, reasoning or item_reference",
});
export type InputItem = z.infer<typeof Item>;
export type WholeItem = Exclude<InputItem, z.infer<typeof Reference>>;

const Tool = z.object({
  type: z.literal("function", { error: "an agent has its own tools: only functions of the client can be added" }),
  name: z.string(),
  description: z.string().nullish(),
  parameters: z.record(z.string(), Json).nullish(),
});
const Format = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text") }),
  z.object({ type: z.literal("json_object") }),
  z.object({ type: z.literal("json_schema"), schema: z.record(z.string(), Json) }),
]);

/** A request for a response. Fields that are not named here, such as `temperature`, are ignored: an agent has its own. */
export const ResponseRequest = z
  .object({
    model: z.string().min(1),
    input: z.union([z.string().min(1), z.array(Item).min(1)], { error: "expected text or items" }),
    instructions: z.string().nullish(),
    previous_response_id: z.string().nullish(),
    conversation: z.union([z.string().min(1), z.object({ id: z.string().min(1) })]).nullish(),
    background: z.boolean().nullish(),
    store: z.boolean().nullish(),
    stream: z.boolean().nullish(),
    tools: z.array(Tool).nullish(),
    tool_choice: z.unknown().optional(),
    text: z.object({ format: Format.nullish() }).nullish(),
  })
  .refine(({ conversation, previous_response_id: previous }) => conversation == null || previous == null, {
    path: ["conversation"],
    error: "only one of conversation and previous_response_id can be given",
  });
export type ResponseRequest = z.infer<typeof ResponseRequest>;

/** The same request as one for a chat completion. `items` are those of its input. */
export function chatRequest(asked: ResponseRequest, items: readonly WholeItem[]): ChatRequest {
  const { model, instructions, stream, background, tools, tool_choice, text } = asked;
  const system: readonly ChatMessage[] = instructions == null ? [] : [{ role: "system", content: instructions }];
  return {
    model,
    messages: [...system, ...messagesOf(items)],
    stream: stream === true || background === true,
    tools: tools?.map(({ name, description, parameters }) => ({
      type: "function",
      function: { name, ...(description != null && { description }), ...(parameters != null && { parameters }) },
    })),
    tool_choice,
    response_format: formatOf(text?.format),
  };
}

function formatOf(format: z.infer<typeof Format> | null | undefined): ChatRequest["response_format"] {
  return format?.type === "json_schema" ? { type: "json_schema", json_schema: { schema: format.schema } } : format;
}

/** The messages of items. Calls that follow one another, or a text of the assistant, are of one message. */
function messagesOf(items: readonly WholeItem[]): readonly ChatMessage[] {
  const messages: ChatMessage[] = [];
  for (const item of items) {
    if (item.type === "reasoning") continue;
    if (item.type === "function_call") {
      const { call_id: id, name, arguments: given } = item;
      const call = { id, function: { name, arguments: given } };
      const last = messages.at(-1);
      if (last?.role === "assistant") last.tool_calls = [...(last.tool_calls ?? []), call];
      else messages.push({ role: "assistant", tool_calls: [call] });
    } else if (item.type === "function_call_output")
      messages.push({ role: "tool", tool_call_id: item.call_id, content: textOf(item.output) });
    else if (item.role === "user") messages.push({ role: "user", content: partsOf(item.content) });
    else messages.push({ role: item.role, content: textOf(item.content) });
  }
  return messages;
}

type Content = string | readonly z.infer<typeof Part>[];

/** Of messages that have only text. */
const textOf = (content: Content): string =>
  typeof content === "string" ? content : content.map((part) => ("text" in part ? part.text : "")).join("\n");

function partsOf(content: Content): Extract<ChatMessage, { role: "user" }>["content"] {
  if (typeof content === "string") return content;
  return content.map((part) => {
    if (part.type === "input_image") return { type: "image_url", image_url: { url: part.image_url } };
    if (part.type === "input_file")
      return { type: "file", file: { filename: part.filename, file_data: part.file_data } };
    return { type: "text", text: part.text };
  });
}
