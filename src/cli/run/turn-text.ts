import type * as z from "zod";
import type { RunQuestion, threads, Turn } from "../../api/contract/index.ts";
import { safeText } from "../terminal/index.ts";

type Message = z.output<typeof threads.ThreadMessage>;

/** A turn with its messages, in front of them the id of its run. */
export function turnText({ run, siblings, state, added, messages, in_context }: Turn): string {
  const others = siblings.length > 1 ? `, branch ${siblings.indexOf(run) + 1} of ${siblings.length}` : "";
  const lines = [...added.flatMap(addedLines), ...messages.map(messageText).filter((text) => text !== "")];
  return [`${run} (${state}${others}${in_context === "whole" ? "" : `, ${in_context}`})`, ...lines, ""].join("\n");
}

/** A message that was added without a run. */
export const addedLines = ({ role, text, author }: Turn["added"][number]): readonly string[] =>
  role === "tool" || text === "" ? [] : [safeText(role === "user" ? `${author}: ${text}` : text)];

function messageText(message: Message): string {
  switch (message.role) {
    case "user": {
      const files = message.files.map(({ name }) => ` [${name}]`).join("");
      return safeText(`${message.author === "" ? "user" : message.author}: ${message.text}${files}`);
    }
    case "assistant":
      return message.text === "" ? "" : safeText(`${message.text}${message.is_cut_off ? " … (cut off)" : ""}`);
    case "tool":
      if (message.question !== null) return questionLines(message.question, message.text).join("\n");
      return safeText(
        `  ${message.name.replace("__", ".")} ${message.state}${message.has_effects ? ", may have had effects" : ""}`,
      );
    case "notice":
      return safeText(`  ${message.code}: ${message.text}`);
  }
}

/** A question to the user, and its answer or why it has none. */
export const questionLines = ({ message, options, state, by }: RunQuestion, answer: string): readonly string[] => {
  const choice = options.length === 0 ? "" : ` (${options.join(", ")})`;
  const asked = safeText(`  ? ${message}${choice}`);
  return [asked, safeText(state === "accepted" ? `${by === "" ? "user" : by}: ${answer}` : `  question ${state}`)];
};
