import * as z from "zod";
import { type Fetch, openVendor, type VendorSettings } from "../../src/models/vendors/ai-sdk/vendor.ts";
import { callOptions } from "../../src/models/vendors/ai-sdk/prompt.ts";
import type { ProviderType } from "../../src/models/vendors/providers.ts";
import type { ModelMessage } from "../../src/models/port/language-model.ts";
import { request } from "../models/vendors/collect.ts";

/** A message of a request in the terms that all protocols share. */
type Part =
  | { readonly type: "text"; readonly text: unknown }
  | { readonly type: "call"; readonly id: unknown; readonly name: unknown; readonly arguments: unknown }
  | { readonly type: "result"; readonly id: unknown };
type Said = { readonly role: string; readonly parts: readonly Part[] };
export type WireRules = {
  readonly type: ProviderType;
  readonly model: string;
  readonly api?: "chat" | "responses";
  readonly read: (body: unknown) => readonly Said[];
  /** Ids that the provider accepts. */
  readonly id: RegExp;
  /** Roles that may follow a message with results. */
  readonly afterResults: readonly string[];
};

const text = (value: unknown): Part => ({ type: "text", text: value });
const parsed = (json: string): unknown => JSON.parse(json);

const Function = z.object({ name: z.string(), arguments: z.string() });
const Chat = z.object({
  messages: z.array(
    z.object({
      role: z.string(),
      content: z.union([z.string(), z.null(), z.array(z.object({ text: z.string().optional() }))]).optional(),
      tool_calls: z.array(z.object({ id: z.string(), function: Function })).default([]),
      tool_call_id: z.string().optional(),
    }),
  ),
});

const chat = (body: unknown): readonly Said[] =>
  Chat.parse(body).messages.map(({ role, content, tool_calls: calls, tool_call_id: id }): Said => {
    if (role === "tool") return { role, parts: [{ type: "result", id }] };
    const texts = typeof content === "string" ? [content] : (content ?? []).map((part) => part.text);
    const said = calls.map((call): Part => {
      const { name, arguments: given } = call.function;
      return { type: "call", id: call.id, name, arguments: parsed(given) };
    });
    // An empty string beside calls is no content.
    return { role, parts: [...texts.filter((item) => item !== "" || said.length === 0).map(text), ...said] };
  });

const Anthropic = z.object({
  messages: z.array(
    z.object({
      role: z.string(),
      content: z.array(
        z.discriminatedUnion("type", [
          z.object({ type: z.literal("text"), text: z.string() }),
          z.object({ type: z.literal("tool_use"), id: z.string(), name: z.string(), input: z.unknown() }),
          z.object({ type: z.literal("tool_result"), tool_use_id: z.string() }),
        ]),
      ),
    }),
  ),
});

const anthropic = (body: unknown): readonly Said[] =>
  Anthropic.parse(body).messages.map(({ role, content }): Said => ({
    role,
    parts: content.map((part): Part => {
      if (part.type === "text") return text(part.text);
      if (part.type === "tool_result") return { type: "result", id: part.tool_use_id };
      return { type: "call", id: part.id, name: part.name, arguments: part.input };
    }),
  }));

const Bedrock = z.object({
  messages: z.array(
    z.object({
      role: z.string(),
      content: z.array(
        z.object({
          text: z.string().optional(),
          toolUse: z.object({ toolUseId: z.string(), name: z.string(), input: z.unknown() }).optional(),
          toolResult: z.object({ toolUseId: z.string() }).optional(),
        }),
      ),
    }),
  ),
});

const bedrock = (body: unknown): readonly Said[] =>
  Bedrock.parse(body).messages.map(({ role, content }): Said => ({
    role,
    parts: content.map(({ toolUse, toolResult, text: words }): Part => {
      if (toolUse) return { type: "call", id: toolUse.toolUseId, name: toolUse.name, arguments: toolUse.input };
      return toolResult ? { type: "result", id: toolResult.toolUseId } : text(words);
    }),
  }));

const Gemini = z.object({
  contents: z.array(
    z.object({
      role: z.string(),
      parts: z.array(
        z.object({
          text: z.string().optional(),
          functionCall: z.object({ id: z.string(), name: z.string(), args: z.unknown() }).optional(),
          functionResponse: z.object({ id: z.string() }).optional(),
        }),
      ),
    }),
  ),
});

/** Gemini's results are messages of the user, which a further one of the user may follow. */
const google = (body: unknown): readonly Said[] =>
  Gemini.parse(body).contents.map(({ role, parts }): Said => ({
    role: role === "model" ? "assistant" : parts.some((part) => part.functionResponse) ? "tool" : role,
    parts: parts.map(({ functionCall: call, functionResponse: result, text: words }): Part => {
      if (call) return { type: "call", id: call.id, name: call.name, arguments: call.args };
      return result ? { type: "result", id: result.id } : text(words);
    }),
  }));

const Responses = z.object({
  input: z.array(
    z.union([
      z.object({ type: z.literal("function_call"), call_id: z.string(), name: z.string(), arguments: z.string() }),
      z.object({ type: z.literal("function_call_output"), call_id: z.string() }),
      z.object({
        type: z.literal("message").optional(),
        role: z.string(),
        content: z.union([z.string(), z.array(z.object({ text: z.string() }))]),
      }),
    ]),
  ),
});

/** The items of a response in the form of a chat: a text and the calls after it are one message. */
function responses(body: unknown): readonly Said[] {
  const said: { role: string; parts: Part[] }[] = [];
  for (const item of Responses.parse(body).input) {
    if (item.type === "function_call") {
      const { call_id: id, name } = item;
      const part: Part = { type: "call", id, name, arguments: parsed(item.arguments) };
      const last = said.at(-1);
      if (last?.role === "assistant") last.parts.push(part);
      else said.push({ role: "assistant", parts: [part] });
    } else if (item.type === "function_call_output") {
      said.push({ role: "tool", parts: [{ type: "result", id: item.call_id }] });
    } else {
      const texts = typeof item.content === "string" ? [item.content] : item.content.map((part) => part.text);
      said.push({ role: item.role, parts: texts.map(text) });
    }
  }
  return said;
}

const ANY = ["user", "assistant", "tool"];
const CLAUDE = /^[a-zA-Z0-9_-]{1,64}$/;
const MISTRAL = { id: /^[a-zA-Z0-9]{9}$/, afterResults: ["assistant", "tool"] };

/** What each provider documents, or refuses requests for. */
export const WIRE_RULES: readonly WireRules[] = [
  { type: "openai", model: "gpt-5-mini", api: "chat", read: chat, id: /^.{1,40}$/s, afterResults: ANY },
  { type: "openai", model: "gpt-5-mini", api: "responses", read: responses, id: /^.{1,64}$/s, afterResults: ANY },
  { type: "openai-compatible", model: "llama", read: chat, id: /./, afterResults: ANY },
  { type: "openai-compatible", model: "Ministral-8B", read: chat, ...MISTRAL },
  { type: "openai-compatible", model: "anthropic/claude-haiku", read: chat, id: CLAUDE, afterResults: ANY },
  { type: "mistral", model: "mistral-small-latest", read: chat, ...MISTRAL },
  { type: "anthropic", model: "claude-sonnet-4-5", read: anthropic, id: CLAUDE, afterResults: ANY },
  { type: "bedrock", model: "anthropic.claude-3-haiku", read: bedrock, id: CLAUDE, afterResults: ANY },
  { type: "bedrock", model: "mistral.mistral-large-2402", read: bedrock, id: /^[a-zA-Z0-9]{9}$/, afterResults: ANY },
  { type: "google", model: "gemini-3-pro", read: google, id: /./, afterResults: ANY },
];

/** The request that the package of a vendor would send. */
export async function wireRequest(rules: WireRules, messages: readonly ModelMessage[]): Promise<unknown> {
  const sent: string[] = [];
  const fetch: Fetch = async (_address, init) => {
    sent.push(typeof init?.body === "string" ? init.body : "");
    throw new Error("nothing is sent");
  };
  const isOpenAi = rules.type === "openai";
  const settings: VendorSettings = {
    model: rules.model,
    baseUrl: new URL(isOpenAi ? "https://api.openai.com/v1" : "https://models.example/v1"),
    apiKey: "sk-test",
    headers: {},
    api: rules.api ?? "chat",
    aws: undefined,
    fetch,
  };
  const { model, traits } = await openVendor(rules.type, settings);
  const options = callOptions(request(messages), { traits, loaded: new Map() });
  await Promise.resolve(model.doStream(options)).catch(() => undefined);
  const body: unknown = JSON.parse(sent[0] ?? "");
  return body;
}

/** Violations of the rules of a provider in a request. */
export function wireFaults(rules: WireRules, body: unknown): readonly string[] {
  const said = rules.read(body).filter(({ role }) => role !== "system" && role !== "developer");
  const calls = said.flatMap(({ parts }) => parts.flatMap((part) => (part.type === "call" ? [part.id] : [])));
  const faults = said.flatMap((message, at) =>
    faultsAt(rules, said, at).map((fault) => `${at} ${message.role}: ${fault}`),
  );
  return [
    ...faults,
    ...(said[0]?.role === "user" ? [] : ["the first message is not the user's"]),
    ...(said.at(-1)?.role === "assistant" ? ["the last message is the model's"] : []),
    ...(new Set(calls).size === calls.length ? [] : ["an id occurs twice"]),
  ];
}

function faultsAt(rules: WireRules, said: readonly Said[], at: number): readonly string[] {
  const { role, parts } = said[at] ?? { role: "", parts: [] };
  const next = said[at + 1];
  const faults = parts.flatMap((part): readonly string[] => {
    if (part.type === "text")
      return typeof part.text === "string" && part.text.trim() !== ""
        ? []
        : [`blank text ${JSON.stringify(part.text)}`];
    if (typeof part.id !== "string" || !rules.id.test(part.id)) return [`id ${String(part.id)}`];
    if (part.type === "result") return [];
    const isObject = typeof part.arguments === "object" && part.arguments !== null && !Array.isArray(part.arguments);
    return isObject ? [] : [`arguments ${JSON.stringify(part.arguments)}`];
  });
  const calls = parts.flatMap((part) => (part.type === "call" ? [part.id] : []));
  const results: unknown[] = [];
  for (const { parts: later } of said.slice(at + 1)) {
    const found = later.flatMap((part) => (part.type === "result" ? [part.id] : []));
    if (found.length === 0) break;
    results.push(...found);
  }
  const isResult = parts.some(({ type }) => type === "result");
  const firstText = parts.findIndex(({ type }) => type === "text");
  return [
    ...faults,
    ...(parts.length === 0 ? ["no content"] : []),
    ...(calls.length > 0 && calls.join() !== results.slice(0, calls.length).join() ? ["results of other calls"] : []),
    ...(isResult && firstText >= 0 && parts.slice(firstText).some(({ type }) => type === "result")
      ? ["text before a result"]
      : []),
    ...(next && role === next.role && role !== "tool" ? [`${next.role} follows`] : []),
    ...(next && role === "tool" && !rules.afterResults.includes(next.role) ? [`${next.role} follows`] : []),
  ];
}
