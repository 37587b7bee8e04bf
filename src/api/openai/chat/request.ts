import * as z from "zod";
import { Json } from "../../../kernel/json.ts";

const Text = z.object({ type: z.literal("text"), text: z.string() });
const Image = z.object({ type: z.literal("image_url"), image_url: z.object({ url: z.string() }) });
const File = z.object({
  type: z.literal("file"),
  file: z.object({ filename: z.string().min(1).max(200).default("file"), file_data: z.string() }),
});
const Part = z.discriminatedUnion("type", [Text, Image, File], {
  error: "expected a part with type text, image_url or file",
});
export type Part = z.infer<typeof Part>;

/** Text, or parts that are all text. */
const TextContent = z.union([z.string(), z.array(Text)], { error: "expected text or parts of text" });
const textOf = (content: z.infer<typeof TextContent>): string =>
  typeof content === "string" ? content : content.map(({ text }) => text).join("\n");
const Texts = TextContent.transform(textOf);

const Call = z.object({
  id: z.string().min(1),
  type: z.literal("function").optional(),
  function: z.object({ name: z.string().min(1), arguments: z.string() }),
});

const Message = z.discriminatedUnion("role", [
  z.object({ role: z.enum(["system", "developer"]), content: Texts }),
  z.object({
    role: z.literal("user"),
    content: z.union([z.string(), z.array(Part)], { error: "expected text or parts" }),
  }),
  z.object({
    role: z.literal("assistant"),
    content: Texts.nullish(),
    tool_calls: z.array(Call).nullish(),
  }),
  z.object({ role: z.literal("tool"), tool_call_id: z.string().min(1), content: Texts }),
]);
export type ChatMessage = z.infer<typeof Message>;

const Tool = z.object({
  type: z.literal("function"),
  function: z.object({
    name: z.string(),
    description: z.string().optional(),
    parameters: z.record(z.string(), Json).optional(),
  }),
});
export type ChatTool = z.infer<typeof Tool>;

const Format = z.discriminatedUnion("type", [
  z.object({ type: z.literal("text") }),
  z.object({ type: z.literal("json_object") }),
  z.object({
    type: z.literal("json_schema"),
    json_schema: z.object({ schema: z.record(z.string(), Json) }),
  }),
]);

/** A request for a chat completion. Fields that are not named here, such as `temperature`, are ignored: an agent has its own. */
export const ChatRequest = z.object({
  model: z.string().min(1),
  messages: z.array(Message).min(1),
  stream: z.boolean().nullish(),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  tools: z.array(Tool).nullish(),
  tool_choice: z.unknown().optional(),
  response_format: Format.nullish(),
  n: z.literal(1, { error: "an agent gives one answer" }).nullish(),
  logprobs: z.literal(false, { error: "agents have no log probabilities" }).nullish(),
  modalities: z.array(z.literal("text", { error: "an agent answers with text" })).nullish(),
});
export type ChatRequest = z.infer<typeof ChatRequest>;
