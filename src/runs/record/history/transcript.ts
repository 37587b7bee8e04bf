import * as z from "zod";
import { AddedMessageId } from "../../../kernel/ids.ts";
import { estimateTokens } from "../../../kernel/tokens.ts";
import type { ThreadPosition } from "../dialogue.ts";

const Count = z.int().min(0);

export const RunFile = z.object({
  name: z.string(),
  mediaType: z.string(),
  bytes: Count,
  /** Path on the server; never shown to a client, a model or a guest. */
  location: z.string(),
});
export type RunFile = z.infer<typeof RunFile>;

/** Of a message that was added to the thread before the request. */
const added = z.object({ id: AddedMessageId, author: z.string(), atMs: Count }).exactOptional();

/** A message of the dialogue that a caller sent with its request, or added to the thread. Nothing shows that the agent gave its answers. */
export const TranscriptMessage = z.discriminatedUnion("role", [
  z.object({ role: z.literal("user"), text: z.string(), files: z.array(RunFile), added }),
  z.object({
    role: z.literal("assistant"),
    text: z.string(),
    calls: z.array(z.object({ id: z.string(), name: z.string(), arguments: z.string() })),
    added,
  }),
  z.object({ role: z.literal("tool"), call: z.string(), text: z.string(), added }),
]);
export type TranscriptMessage = z.infer<typeof TranscriptMessage>;

/** Files of a dialogue, in their order. */
export const filesOf = (messages: readonly TranscriptMessage[]): readonly RunFile[] =>
  messages.flatMap((message) => (message.role === "user" ? message.files : []));

type Said = Extract<TranscriptMessage, { role: "assistant" }>;
type Result = { readonly call: string; readonly text: string };

/** What was said together: messages of the user, an answer of the model, and the results of its calls. */
type Exchange = {
  readonly asked: readonly string[];
  readonly files: RunFile[];
  readonly said: Said;
  readonly results: readonly Result[];
};

const NOTHING_SAID: Said = { role: "assistant", text: "", calls: [] };

/** Two answers without anything between them are one turn of a model. */
const together = (first: Said, second: Said): Said => ({
  role: "assistant",
  text: [first.text, second.text].filter((text) => text !== "").join("\n\n"),
  calls: [...first.calls, ...second.calls],
});

function exchangesOf(messages: readonly TranscriptMessage[]): readonly Exchange[] {
  const exchanges: Exchange[] = [];
  let asked: string[] = [];
  let files: RunFile[] = [];
  const add = (said: Said): void => {
    exchanges.push({ asked, files, said, results: [] });
    [asked, files] = [[], []];
  };
  for (const [index, message] of messages.entries()) {
    const last = exchanges.at(-1);
    if (message.role === "assistant") {
      if (last !== undefined && messages[index - 1]?.role === "assistant")
        exchanges[exchanges.length - 1] = { ...last, said: together(last.said, message) };
      else add(message);
    } else if (message.role === "user") {
      asked.push(message.text);
      files.push(...message.files);
    } else if (last) exchanges[exchanges.length - 1] = { ...last, results: [...last.results, message] };
  }
  if (asked.length > 0) add(NOTHING_SAID);
  return exchanges;
}

/** The turns of a dialogue, as an earlier run would have left them. Calls without results are left out: providers refuse them. */
export function transcriptTurns(messages: readonly TranscriptMessage[], from: ThreadPosition) {
  let number = from.calls;
  return exchangesOf(messages).map(({ asked, files, said, results: given }, index) => {
    const texts = new Map(given.map(({ call, text }) => [call, text]));
    const calls = said.calls.filter(({ id }) => texts.has(id));
    const results = calls.map(({ id, name }) => {
      const text = texts.get(id) ?? "";
      number += 1;
      return { call: number, name, text, failed: false, note: "", tokens: estimateTokens(text), images: [] };
    });
    const request = asked.join("\n\n");
    const callTokens = calls.reduce(
      (sum, call) => sum + estimateTokens(call.name) + estimateTokens(call.arguments) + 8,
      0,
    );
    return {
      turn: from.turns + index + 1,
      ...(asked.length > 0 && { asked: { text: request, tokens: estimateTokens(request), fileTokens: 0 } }),
      askedFiles: files,
      model: "",
      text: said.text,
      calls,
      results,
      tokens: estimateTokens(said.text) + callTokens,
      reply: "",
    };
  });
}
