import { isJsonObject, type Json, type JsonObject } from "../../kernel/json.ts";
import { answerProblems, withDefaults } from "../../tools/catalogue/index.ts";
import { inputClosed, inputNotFound, unfitAnswer } from "../calls/index.ts";
import type { InputClosedError, InputNotFoundError, RunReply, RunView } from "../record/index.ts";
import type { ReplyResult } from "./pending-replies.ts";

/** Who gives an input, and the message by which it is given; null for none. */
export type InputGiver = { readonly name: string; readonly messageId: string | null };

export type InputAnswer =
  | { readonly action: "accept"; readonly content: Json }
  | { readonly action: "decline"; readonly reason: string };

type Asked = NonNullable<RunReply["input"]>;

/** Whether a text is an answer to a question. */
export const takesText = (asked: Asked, text: string): boolean =>
  asked.kind === "question" && asked.isText && (asked.options.length === 0 || asked.options.includes(text));

/** The result of a call whose input was given. Throws AnswerInvalidError. */
export function inputResult(asked: Asked, answer: InputAnswer, { name, messageId }: InputGiver): ReplyResult {
  const common = { messageId, from: name };
  if (answer.action === "decline") {
    const reason = answer.reason === "" ? "" : ` They said: ${JSON.stringify(answer.reason)}.`;
    const what = declined(asked);
    const text = `${what}.${reason} Continue without the answer.`;
    return { ...common, outcome: "failed", text, structured: null };
  }
  if (asked.kind === "client-tool") {
    const { content } = answer;
    const isText = typeof content === "string";
    const text = isText ? content : JSON.stringify(content);
    return { ...common, outcome: "answered", text, structured: isText ? null : content };
  }
  // The call itself shows whether the sign-in was made.
  if (asked.kind === "sign-in") return { ...common, outcome: "answered", text: "", structured: null };
  if (asked.kind === "elicitation")
    return { ...common, outcome: "answered", text: "", structured: formContent(asked.schema ?? {}, answer.content) };
  const { schema, isText } = asked;
  const given = isText && typeof answer.content === "string" ? { answer: answer.content } : answer.content;
  const content = formContent(schema, given);
  const { answer: words } = content;
  if (isText && typeof words === "string") return { ...common, outcome: "answered", text: words, structured: null };
  return { ...common, outcome: "answered", text: JSON.stringify(content), structured: content };
}

function formContent(schema: JsonObject, given: Json): JsonObject {
  if (!isJsonObject(given)) throw unfitAnswer(["expected an object with the fields of the form"]);
  const content = withDefaults(schema, given);
  const problems = answerProblems(schema, content);
  if (problems.length > 0) throw unfitAnswer(problems);
  return content;
}

function declined(asked: Asked): string {
  switch (asked.kind) {
    case "elicitation":
    case "question":
      return "the user declined to answer";
    case "client-tool":
      return `the caller could not run ${asked.name}`;
    case "sign-in":
      return `the user declined to sign in to the tool server ${asked.server}, so the call was not made`;
  }
}

/** Why an input is not open. */
export function notOpen(view: RunView, input: string): InputClosedError | InputNotFoundError {
  const known = view.replies.find((each) => each.replyWith === input && each.input !== null);
  if (known === undefined) return inputNotFound(view, input);
  const { state, from: by, endedAtMs } = known;
  const when = endedAtMs === null ? "" : ` at ${new Date(endedAtMs).toISOString()}`;
  const became =
    state === "cancelled" ? "its call has ended" : state === "expired" ? `it expired${when}` : `${by} gave it${when}`;
  return inputClosed(view, input, became, { state, by });
}
