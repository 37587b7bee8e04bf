import type {
  JSONSchema7,
  LanguageModelV4CallOptions,
  LanguageModelV4FilePart,
  LanguageModelV4FunctionTool,
  LanguageModelV4Message,
  LanguageModelV4ToolResultOutput,
  LanguageModelV4ToolResultPart,
} from "@ai-sdk/provider";
import { isJsonObject, type Json, type JsonObject, parseJson } from "../../../kernel/json.ts";
import {
  type ModelImage,
  type ModelMessage,
  type ModelRequest,
  type ModelToolCall,
  type ModelToolResult,
  withCallIds,
} from "../../port/index.ts";
import { type ProviderMetadata, providerMetadataOf } from "./provider-metadata.ts";
import { type LoadedImages, withheldNote } from "../loaded-images.ts";
import type { ProviderTraits } from "./vendor.ts";

type Context = { readonly traits: ProviderTraits; readonly loaded: LoadedImages };
type UserMessage = Extract<LanguageModelV4Message, { role: "user" }>;

/** Converts a request for `@ai-sdk`, without its signal. Header names are in lower case so that ours replace its own. */
export function callOptions(request: ModelRequest, context: Context): LanguageModelV4CallOptions {
  const { system, messages, tools, settings, answerSchema } = request;
  const { traits } = context;
  const opening: LanguageModelV4Message[] = system === "" ? [] : [{ role: "system", content: system }];
  const named = withCallIds(messages, (id) => traits.callId.test(id));
  const dialogue = named.flatMap((message) => promptMessages(message, context));
  const prompt = [...opening, ...(traits.userAfterResults ? dialogue : withAnswers(dialogue))];
  const options = { ...traits.options(settings), ...settings.options };
  const caches = settings.cacheKey !== undefined;
  return {
    prompt: caches ? markMessages(prompt, traits) : prompt,
    headers: Object.fromEntries(Object.entries(settings.headers).map(([name, value]) => [name.toLowerCase(), value])),
    tools: tools.map(({ name, description, inputSchema }, index): LanguageModelV4FunctionTool => ({
      type: "function",
      name,
      description,
      inputSchema: vendorSchema(inputSchema),
      ...(caches && index === tools.length - 1 ? mark(traits) : {}),
    })),
    ...(settings.temperature === undefined ? {} : { temperature: settings.temperature }),
    ...(settings.outputTokensMax === undefined ? {} : { maxOutputTokens: settings.outputTokensMax }),
    ...(settings.reasoning === undefined ? {} : { reasoning: settings.reasoning }),
    ...(answerSchema === undefined
      ? {}
      : { responseFormat: { type: "json", schema: vendorSchema(answerSchema), name: "answer" } }),
    ...(Object.keys(options).length === 0 ? {} : { providerOptions: { [traits.optionsKey]: options } }),
  };
}

/** The dialogue with a message of the model between results and a message of the user: a turn that was stopped after its calls has none. */
const withAnswers = (dialogue: readonly LanguageModelV4Message[]): readonly LanguageModelV4Message[] =>
  dialogue.flatMap((message, at) =>
    message.role === "user" && dialogue[at - 1]?.role === "tool" ? [STOPPED, message] : [message],
  );

const STOPPED: LanguageModelV4Message = { role: "assistant", content: [{ type: "text", text: "(stopped)" }] };

/** Marks the end of the system prompt and of the last two messages, so that the provider caches the request up to there. */
function markMessages(prompt: readonly LanguageModelV4Message[], traits: ProviderTraits): LanguageModelV4Message[] {
  return prompt.map((message, index) =>
    message.role === "system" || index >= prompt.length - 2 ? { ...message, ...mark(traits) } : message,
  );
}

const mark = ({ breakpoint, optionsKey }: ProviderTraits) =>
  breakpoint === undefined ? {} : { providerOptions: { [optionsKey]: breakpoint } };

function promptMessages(message: ModelMessage, context: Context): readonly LanguageModelV4Message[] {
  switch (message.role) {
    case "user":
      return [userMessage(message.text, message.images ?? [], context)];
    case "assistant":
      return [assistantMessage(message, context)];
    case "tool":
      return toolMessages(message.results, context);
  }
}

function userMessage(text: string, images: readonly ModelImage[], { loaded }: Context): UserMessage {
  const notes = images.flatMap((image) => noteOf(image, loaded));
  const files = images.flatMap((image) => filePart(image, loaded));
  return { role: "user", content: [{ type: "text", text: [text, ...notes].join("\n\n") }, ...files] };
}

function noteOf(image: ModelImage, loaded: LoadedImages): readonly string[] {
  const loadedImage = loaded.get(image);
  return loadedImage?.type === "shown" ? [] : [withheldNote(image, loadedImage?.reason ?? "it cannot be read here")];
}

function filePart(image: ModelImage, loaded: LoadedImages): readonly LanguageModelV4FilePart[] {
  const loadedImage = loaded.get(image);
  if (loadedImage?.type !== "shown") return [];
  return [
    { type: "file", mediaType: image.mediaType, filename: image.name, data: { type: "data", data: loadedImage.data } },
  ];
}

function assistantMessage(
  { text, toolCalls, providerMetadata }: Extract<ModelMessage, { role: "assistant" }>,
  { traits }: Context,
): LanguageModelV4Message {
  const back: ProviderMetadata | undefined = providerMetadataOf(providerMetadata, traits.optionsKey);
  const optionsOf = (options: JsonObject | undefined) =>
    options === undefined ? {} : { providerOptions: { [traits.optionsKey]: options } };
  return {
    role: "assistant",
    content: [
      ...(back?.reasoning ?? []).map((part) => ({
        type: "reasoning" as const,
        text: part.text,
        ...optionsOf(part.options),
      })),
      // Providers refuse a text of white space.
      ...(text.trim() === "" ? [] : [{ type: "text" as const, text }]),
      ...toolCalls.map((call) => ({
        type: "tool-call" as const,
        toolCallId: call.id,
        toolName: call.name,
        input: inputOf(call),
        ...optionsOf(back?.calls[call.givenId ?? call.id]),
      })),
    ],
  };
}

/** Arguments that are not a JSON object are wrapped in one, so that a malformed call does not fail the request. */
function inputOf({ arguments: text }: ModelToolCall): JsonObject {
  const parsed = parseJson(text.trim() === "" ? "{}" : text);
  return parsed.type === "parsed" && isJsonObject(parsed.value) ? parsed.value : { malformed_arguments: text };
}

function toolMessages(results: readonly ModelToolResult[], context: Context): readonly LanguageModelV4Message[] {
  const message: LanguageModelV4Message = {
    role: "tool",
    content: results.map((result) => resultPart(result, context)),
  };
  const images = results.flatMap((result) => result.images ?? []);
  const shown = images.filter((image) => context.loaded.get(image)?.type === "shown");
  if (context.traits.toolImages !== "after" || shown.length === 0) return [message];
  const text = `(images from the results above: ${shown.map(({ name }) => name).join(", ")})`;
  return [message, userMessage(text, shown, context)];
}

function resultPart(result: ModelToolResult, context: Context): LanguageModelV4ToolResultPart {
  return { type: "tool-result", toolCallId: result.id, toolName: result.name, output: resultOutput(result, context) };
}

function resultOutput(
  { text, failed, images = [] }: ModelToolResult,
  { traits, loaded }: Context,
): LanguageModelV4ToolResultOutput {
  const seen = images.filter((image) => traits.toolImages !== "nowhere" && loaded.get(image)?.type === "shown");
  const unseen = images.filter((image) => !seen.includes(image));
  const whole = [text, ...unseen.map((image) => unseenNote(image, loaded))].join("\n");
  if (traits.toolImages !== "inside" || seen.length === 0)
    return { type: failed ? "error-text" : "text", value: whole };
  return {
    type: "content",
    value: [{ type: "text", text: whole }, ...seen.flatMap((image) => filePart(image, loaded))],
  };
}

function unseenNote(image: ModelImage, loaded: LoadedImages): string {
  const loadedImage = loaded.get(image);
  return withheldNote(
    image,
    loadedImage?.type === "withheld" ? loadedImage.reason : "this provider does not accept images from tools",
  );
}

/** The key of hints that only Caxton's own models read; some servers refuse schemas with keys they do not know. */
const HINTS = "x-caxton";

function vendorSchema(schema: JsonObject): JSONSchema7 {
  const plain = withoutHints(schema);
  return isSchema(plain) ? plain : {};
}

const withoutHints = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(withoutHints);
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(([key]) => key !== HINTS);
  return Object.fromEntries(kept.map(([key, member]) => [key, withoutHints(member)]));
};

/** JSON Schema is open: every object is one. */
const isSchema = (value: unknown): value is JSONSchema7 => isJsonObject(value);
