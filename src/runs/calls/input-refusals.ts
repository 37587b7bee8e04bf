import { AnswerInvalidError, InputClosedError, InputNotFoundError, type RunView } from "../record/index.ts";

export function inputNotFound({ id, questions, replies }: RunView, input: string): InputNotFoundError {
  const open = [
    ...questions.filter(({ state }) => state === "open").map((each) => each.id),
    ...replies.filter(({ state, input: asked }) => state === "open" && asked !== null).map((each) => each.replyWith),
  ];
  return new InputNotFoundError(
    `run ${id} does not wait for an input ${input}`,
    open.length === 0 ? "It waits for none." : `It waits for: ${open.join(", ")}.`,
    { id, input },
  );
}

/** Why an input that a run waited for can no longer be given; `became` says it in words. */
export const inputClosed = (
  { id }: RunView,
  input: string,
  became: string,
  { state, by }: { readonly state: string; readonly by: string },
): InputClosedError =>
  new InputClosedError(`input ${input} of run ${id} can no longer be given: ${became}`, "", { id, input, state, by });

export const unfitAnswer = (problems: readonly string[]): AnswerInvalidError =>
  new AnswerInvalidError(
    `the answer does not fit what was asked: ${problems.join("; ")}`,
    "The question's schema says what it takes.",
    { problems },
  );
