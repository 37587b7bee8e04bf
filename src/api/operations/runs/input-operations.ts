import { PermissionDeniedError, type Principal, runCallerOf } from "../../../access/index.ts";
import type { RunServices, RunView } from "../../../runs/index.ts";
import { hasRight, isLess } from "../../../kernel/rights/run-caller.ts";
import { operations } from "../../contract/index.ts";
import { cursors } from "../handles.ts";
import { idempotent } from "../idempotent.ts";
import { coveredPage, decodeCursor } from "../page.ts";
import { implement } from "../perform.ts";
import { presentClientCall, presentElicitation, presentQuestion } from "./present-run.ts";
import { getRun, ownRun } from "./stored-run.ts";

type InputRecord = ReturnType<RunServices["stores"]["replies"]["inputs"]>[number];

/** A run acts with its caller's permissions, so only who has them gives it an input. Throws PermissionDeniedError. */
function refuseLess(principal: Principal, { caller }: RunView): void {
  const giver = runCallerOf(principal);
  if (!isLess(giver, caller ?? undefined)) return;
  const lacked = giver?.lacks.find((right) => hasRight(caller ?? undefined, right)) ?? "runs:execute";
  throw new PermissionDeniedError("run.input", lacked, principal.role);
}

/** Throws RunNotFoundError, InputNotFoundError, InputClosedError, AnswerInvalidError, PermissionDeniedError. */
const input = implement(
  operations.run.input,
  async ({ runs: services }, { id: text, input: wait, ...answer }, { admission, principal, asked }) => {
    const { runs, replies } = services;
    const id = ownRun(services, admission, text);
    const view = runs.view(id);
    refuseLess(principal, view);
    const giver = { name: principal.name, messageId: null };
    const isElicitation = view.questions.some((question) => question.id === wait);
    const give = async () => {
      await (isElicitation ? runs.answer(id, wait, answer) : replies.answer(id, wait, answer, giver));
      return true;
    };
    const isGiven = () =>
      runs
        .view(id)
        .replies.some(
          ({ replyWith, from, endedAtMs }) =>
            replyWith === wait && from === principal.name && (endedAtMs ?? 0) >= (asked?.sinceMs ?? Infinity),
        ) || undefined;
    await idempotent(asked, give, isGiven);
    return getRun(services, id);
  },
);

const cursorAfter = ({ replyWith }: InputRecord) => cursors.inputs.encode(replyWith);

const inputs = implement(
  operations.run.inputs,
  async ({ runs: { runs, stores } }, { cursor, limit }, { admission, principal: { workspace } }) => {
    const [first] = decodeCursor(cursors.inputs, cursor) ?? [];
    const { rows, next } = await coveredPage(
      (after, count) => stores.replies.inputs({ workspace, after: after?.replyWith ?? first, limit: count }),
      ({ agent }) => admission.covers("agents", agent),
      { limit, cursorAfter },
    );
    const items = rows.flatMap(({ runId: run, agent, replyWith }) => {
      const view = runs.view(run);
      const reply = view.replies.find((each) => each.replyWith === replyWith);
      const asked = view.questions.find(({ id }) => id === replyWith);
      const question = (asked && presentElicitation(asked)) ?? (reply && presentQuestion(reply)) ?? null;
      const call = (reply && presentClientCall(reply)) ?? null;
      return question === null && call === null ? [] : [{ run, agent, question, client_call: call }];
    });
    return { items, next };
  },
);

export const inputOperations = [input, inputs] as const;
