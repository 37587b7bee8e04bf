export type Message = { readonly role: string; readonly content?: string };

/** About as many tokens as a model would count. */
const tokens = (text: string): number => Math.ceil(text.length / 4);

/**
 * The answer to a dialogue, as a chat completion. A real one would ask a model here, with `fetch` and a granted secret;
 * this one makes do with a rule: it says back what was asked, or what the last tool gave.
 */
export function complete(messages: readonly Message[], model: string) {
  const last = messages.at(-1);
  const said = last?.content ?? "";
  const answer = last?.role === "tool" ? `The tool says: ${said}` : `You said: ${said}`;
  const content = model === "polite" ? `${answer} Is there anything else?` : answer;
  const read = messages.map((message) => message.content ?? "").join("");
  return {
    content,
    finish_reason: "stop",
    usage: { input_tokens: tokens(read), output_tokens: tokens(content) },
  };
}
