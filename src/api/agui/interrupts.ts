import * as z from "zod";
import { toFault } from "../../kernel/errors.ts";
import { Json, type JsonObject } from "../../kernel/json.ts";
import { operations, questionForm, type RunDetail } from "../contract/index.ts";
import { type Caller, RequestInvalidError } from "../operations/index.ts";
import type { Resume } from "./request.ts";

/** What a run waits for, as AG-UI asks for it. */
export type Interrupt = {
  readonly id: string;
  readonly reason: "tool_approval" | "question" | "model_failure" | "lost_result";
  readonly message: string;
  readonly toolCallId?: string;
  readonly responseSchema: JsonObject;
  readonly expiresAt?: string;
};
/** An interrupt, and what is done with the response; undefined: the user closed it. */
type Open = { readonly interrupt: Interrupt; readonly answer: (response: Json | undefined) => Promise<unknown> };

const Approved = z.union([
  z.boolean().transform((approved) => ({ approved, note: undefined, arguments: undefined })),
  z.object({ approved: z.boolean(), note: z.string().optional(), arguments: z.record(z.string(), Json).optional() }),
]);
const APPROVAL_SCHEMA = {
  type: "object",
  properties: { approved: { type: "boolean" }, note: { type: "string" }, arguments: { type: "object" } },
  required: ["approved"],
};

const choiceOf = (choices: readonly string[]) => ({
  type: "object",
  properties: { choice: { type: "string", enum: [...choices] } },
  required: ["choice"],
});

/** What the user has to answer before the run continues. */
export const interruptsOf = (run: RunDetail): readonly Interrupt[] =>
  openOf(undefined, run).map(({ interrupt }) => interrupt);

/** The same of a run that works for the one that the client knows. The client does not know its calls. */
export const interruptsBelow = (run: RunDetail): readonly Interrupt[] =>
  interruptsOf(run).map(({ toolCallId: _unknown, ...interrupt }) => ({
    ...interrupt,
    message: interrupt.reason === "tool_approval" ? interrupt.message : `${run.agent}: ${interrupt.message}`,
  }));

/** Gives a run the responses. One that came too late changes nothing. Throws RequestInvalidError, ANSWER_INVALID. */
export async function resume(caller: Caller, run: RunDetail, entries: readonly Resume[]): Promise<void> {
  const open = new Map(openOf(caller, run).map((each) => [each.interrupt.id, each]));
  for (const { interruptId, status, payload } of entries) {
    try {
      await open.get(interruptId)?.answer(status === "cancelled" ? undefined : (payload ?? null));
    } catch (error) {
      // Another client was first; the run has the outcome.
      if (toFault(error).kind !== "conflict") throw error;
    }
  }
}

function openOf(caller: Caller | undefined, run: RunDetail): readonly Open[] {
  const perform: Caller["perform"] = (...call) => {
    if (caller === undefined) throw new TypeError("interrupts that are only shown have no answers");
    return caller.perform(...call);
  };
  return [
    ...run.approvals.filter(({ state }) => state === "open").map((approval) => approvalOf(perform, approval)),
    ...run.questions.filter(({ state }) => state === "open").map((question) => questionOf(perform, run.id, question)),
    ...(run.state === "awaiting-choice" ? [modelFailure(perform, run)] : []),
    ...(run.state === "needs-decision" ? run.waiting_calls.map((call) => lostResult(perform, run.id, call)) : []),
  ];
}

type Perform = Caller["perform"];

function approvalOf(perform: Perform, approval: RunDetail["approvals"][number]): Open {
  const { id, hash, agent, tool, call_id: toolCallId, expires_at: expiresAt } = approval;
  return {
    interrupt: {
      id,
      reason: "tool_approval",
      message: `${agent} asks to call ${tool} with ${JSON.stringify(approval.arguments)}`,
      toolCallId,
      responseSchema: APPROVAL_SCHEMA,
      expiresAt,
    },
    answer: async (response) => {
      if (response === undefined) return perform(operations.approval.deny, { id, hash });
      const { approved, note, arguments: given } = read(id, Approved, response);
      const edited = given === undefined ? {} : { arguments: given };
      if (approved) return perform(operations.approval.approve, { id, hash, ...edited, ...(note && { note }) });
      return perform(operations.approval.deny, { id, hash, ...(note && { reason: note }) });
    },
  };
}

function questionOf(perform: Perform, id: string, question: RunDetail["questions"][number]): Open {
  const { id: input, message, url, call_id: toolCallId, expires_at: expiresAt } = question;
  return {
    interrupt: {
      id: input,
      reason: "question",
      message: url === null ? message : `${message}\n${url}`,
      toolCallId,
      responseSchema:
        question.options.length > 0
          ? questionForm.formOf(question)
          : (question.schema ?? questionForm.formOf(question)),
      expiresAt,
    },
    answer: async (response) =>
      response === undefined
        ? perform(operations.run.input, { id, input, action: "decline" })
        : perform(operations.run.input, {
            id,
            input,
            action: "accept",
            content: typeof response === "string" ? questionForm.answerOf(question, response) : response,
          }),
  };
}

function modelFailure(perform: Perform, { id, choice }: RunDetail): Open {
  const models = choice?.backups ?? [];
  const schema = choiceOf(["retry", ...models, "cancel"]);
  return {
    interrupt: {
      id: `${id}.choice`,
      reason: "model_failure",
      message: choice?.failure.message ?? "the model failed",
      responseSchema: schema,
    },
    answer: async (response) => {
      const chosen = response === undefined ? "cancel" : read(id, z.object({ choice: z.string() }), response).choice;
      if (chosen === "retry" || chosen === "cancel") return perform(operations.run.choose, { id, choice: chosen });
      return perform(operations.run.choose, { id, choice: "use", model: chosen });
    },
  };
}

const DECISIONS = ["retry", "skip", "fail"] as const;

const lostResult = (perform: Perform, id: string, call: string): Open => ({
  interrupt: {
    id: `${id}.${call}`,
    reason: "lost_result",
    message: "The result of this call was lost; it may have had its effect",
    toolCallId: call,
    responseSchema: choiceOf(DECISIONS),
  },
  answer: async (response) => {
    const decision =
      response === undefined ? "fail" : read(id, z.object({ choice: z.enum(DECISIONS) }), response).choice;
    return perform(operations.run.decide, { id, call_id: call, decision });
  },
});

function read<Value>(id: string, schema: z.ZodType<Value>, response: Json): Value {
  const parsed = schema.safeParse(response);
  if (parsed.success) return parsed.data;
  const problem = `resume: the payload for ${id} does not fit its responseSchema`;
  throw new RequestInvalidError(`the request does not fit: ${problem}`, "Send what the interrupt asks for.", {
    problems: [problem],
  });
}
