import { type MessageError } from "./message.ts";

/** Why a message is not taken at all. */
export const MESSAGE_REFUSALS = [
  "MESSAGE_INVALID",
  "NO_RECEIVER",
  "SENDER_IS_RECEIVER",
  "MESSAGE_TOO_LARGE",
  "EXPIRED",
] as const;
export type MessageRefusal = (typeof MESSAGE_REFUSALS)[number];

/** One thing that is wrong with a message. */
export type MessageProblem = {
  readonly code: MessageRefusal;
  /** The key as the sender wrote it; empty for the whole message. */
  readonly path: string;
  readonly message: string;
  /** What to do about it, one sentence. */
  readonly fix: string;
  /** What may have been meant, nearest first. */
  readonly alternatives?: readonly string[];
};

/** A problem of shape, which has no code of its own. */
export const invalid = (
  path: string,
  message: string,
  fix: string,
  alternatives: readonly string[] = [],
): MessageProblem => ({
  code: "MESSAGE_INVALID",
  path,
  message,
  fix,
  ...(alternatives.length > 0 ? { alternatives } : {}),
});

/** All problems as one error: the words of the first, the code they share or else `MESSAGE_INVALID`. */
export function refusal(problems: readonly MessageProblem[]): MessageError {
  const [first, ...others] = problems;
  const code = first !== undefined && others.every((other) => other.code === first.code) ? first.code : undefined;
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  return {
    code: code ?? "MESSAGE_INVALID",
    message: `${first?.message ?? "the message cannot be read"}${more}`,
    hint: first?.fix ?? "",
    details: { problems: problems.map((problem) => ({ ...problem })) },
  };
}
