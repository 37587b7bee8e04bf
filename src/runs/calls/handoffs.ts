import * as z from "zod";
import { JsonObject } from "../../kernel/json.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { mayRun, type RunCaller, type RunRight } from "../../kernel/rights/run-caller.ts";
import {
  failedCall,
  HANDOFF,
  type NativeTools,
  NO_USAGE,
  type Tool,
  type ToolCall,
  type ToolResult,
} from "../../tools/catalogue/index.ts";
import type { EventOf, RunView, ToolStep } from "../record/index.ts";
import type { PreparedCall } from "./tool-calls.ts";

/** A hand-off as the model asks for it. */
export type HandOff = {
  readonly agent: string;
  readonly reason: string;
  /** What the model wrote beside the call: the output of the run. */
  readonly text: string;
};

export type HandOffOutcome =
  | { readonly type: "handed-off" }
  /** The call fails with this message, and the run continues. */
  | { readonly type: "refused"; readonly message: string }
  | { readonly type: "stopped" };

const HandOffArguments = z.strictObject({
  reason: z
    .string()
    .min(1)
    .max(LIMITS.handoffReasonCharsMax)
    .meta({ description: "Why, and what is left to do; the other agent and the user read it" }),
});

const INPUT_SCHEMA = JsonObject.parse(z.toJSONSchema(HandOffArguments, { io: "input", target: "draft-2020-12" }));

/** An agent as the tool by which another hands the request off to it. */
export const handoffTool = (name: string, description: string): Tool => ({
  server: HANDOFF,
  name,
  title: `Hand off to ${name}`,
  description: `Hands the user's request off to the agent ${name}, which sees the whole dialogue and answers in your place. Your work ends with this call.${description === "" ? "" : ` ${name}: ${description}`}`,
  inputSchema: INPUT_SCHEMA,
  outputSchema: undefined,
  effects: { readOnly: false, idempotent: true },
});

/** Checks calls that hand a request off; the run itself hands off, once the other calls of the turn have ended. */
export class HandoffTools implements NativeTools {
  readonly name = HANDOFF;
  readonly description = "Agents to which another agent hands a request off. Which ones, its definition says.";
  readonly tools = [];
  readonly version: string;

  constructor(version: string) {
    this.version = version;
  }

  rightFor(agent: string, caller: RunCaller): RunRight | undefined {
    return mayRun(caller, agent) ? undefined : "runs:execute";
  }

  async call({ tool: agent, arguments: given }: ToolCall): Promise<ToolResult> {
    const parsed = HandOffArguments.safeParse(given);
    if (!parsed.success)
      return failedCall("invalid-arguments", `reason: a text of at most ${LIMITS.handoffReasonCharsMax} characters`);
    const text = `Handed off: ${agent} continues.`;
    return { type: "done", content: [{ type: "text", text }], structured: parsed.data, usage: NO_USAGE };
  }
}

const isHandoff = ({ server }: Pick<Tool, "server">): boolean => server === HANDOFF;

/** The hand-off of a call that was checked; undefined for any other call. */
export function handOffOf({ server, name }: Tool, { content, outcome }: EventOf<"tool-end">, view: RunView) {
  if (server !== HANDOFF || outcome !== "done") return undefined;
  const { structured } = content;
  const given = HandOffArguments.safeParse(structured);
  const turn = view.steps.findLast((step) => step.kind === "model");
  return {
    agent: name,
    reason: given.data?.reason ?? "",
    text: turn?.end.state === "done" ? turn.end.text : "",
  } satisfies HandOff;
}

/** The calls of a turn with the first hand-off marked as not begun, since it waits for the others, and each further one refused. */
export function withOneHandoff(calls: readonly PreparedCall[]): readonly PreparedCall[] {
  const [first, ...more] = calls.filter(waitsForOthers);
  return calls.map((call) => {
    if (call === first) return { ...call, start: { ...call.start, queued: true } };
    if (!more.includes(call)) return call;
    const message = `a turn hands off once, and this one does to ${first?.start.tool ?? "another agent"}.`;
    return { type: "refused", start: call.start, result: failedCall("tool-error", message) };
  });
}

/** Whether a call begins only when the other calls of its turn have ended. */
export const waitsForOthers = (call: PreparedCall): boolean => call.type === "runnable" && isHandoff(call.tool);

/** Calls that are to be made: a hand-off only if no other call is open or waits. */
export function openCalls({ steps }: RunView): readonly ToolStep[] {
  const calls = steps.filter((step) => step.kind === "tool");
  const open = calls.filter(({ end }) => end.state === "running");
  const others = calls.some(
    ({ end, server }) => server !== HANDOFF && (end.state === "running" || end.state === "waiting"),
  );
  return others ? open.filter((step) => !isHandoff(step)) : open;
}
