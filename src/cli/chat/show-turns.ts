import type { Turn } from "../../api/contract/index.ts";
import { questionLines } from "../run/index.ts";
import { oneLine, safeText, type Terminal, truncate } from "../terminal/index.ts";

const QUESTION_CHARS_MAX = 200;
const ANSWER_LINES_MAX = 8;

/** The message of a turn in one line. */
export function userLine({ messages }: Turn): string {
  const message = messages.find(({ role }) => role === "user");
  if (message?.role !== "user") return "";
  const files = message.files.map(({ name }) => ` [${name}]`).join("");
  const author = message.author === "" ? "user" : message.author;
  return truncate(oneLine(`${author}: ${message.text}${files}`), QUESTION_CHARS_MAX);
}

/** The text of a turn's message. */
export const userText = ({ messages }: Turn): string => {
  const message = messages.find(({ role }) => role === "user");
  return message?.role === "user" ? safeText(message.text) : "";
};

/** A turn as it was, in a few lines. */
export function turnLines(turn: Turn, { style }: Pick<Terminal, "style">): readonly string[] {
  const last = turn.messages.findLast(({ role, text }) => role === "assistant" && text !== "");
  const answer = last?.text ?? "";
  const isCutOff = last?.role === "assistant" && last.is_cut_off;
  const lines = `${safeText(answer).trimEnd()}${isCutOff ? " … (cut off)" : ""}`.split("\n");
  const hidden = lines.length - ANSWER_LINES_MAX;
  const asked = userLine(turn);
  return [
    ...(asked === "" ? [] : [style("bold", asked)]),
    ...turn.messages.flatMap((message) => {
      if (message.role !== "tool") return [];
      if (message.question !== null) return questionLines(message.question, message.text);
      return [style("dim", `  ${oneLine(message.name)} ${message.state}`)];
    }),
    ...handOffLines(turn, style),
    ...(answer === "" && turn.handoffs.to === null
      ? [style("dim", `(${turn.state})`)]
      : lines.slice(0, ANSWER_LINES_MAX)),
    ...(hidden > 0 ? [style("dim", `… ${hidden} more lines`)] : []),
    "",
  ];
}

const handOffLines = ({ handoffs: { to } }: Turn, style: Terminal["style"]): readonly string[] =>
  to === null ? [] : [style("yellow", `  ⇢ handed off to ${oneLine(to.agent)}: ${oneLine(to.reason)}`)];
