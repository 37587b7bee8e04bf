import type { RunDetail, Step, Turn } from "../../../../src/api/contract/index.ts";
import type { Drafts } from "../../api/live/run-live.ts";
import { isMoving } from "../../api/live/live.ts";
import type { Made } from "../run/created-files.tsx";
import { nthCall } from "../run/delegates.tsx";
import type { SentFile } from "../run/sent-files.tsx";
import type { ToolUse } from "../run/tool-line.tsx";

type Message = Turn["messages"][number];
type ToolStep = Extract<Step, { kind: "tool" }>;

/** One entry of a dialogue. */
export type Said =
  | {
      readonly kind: "user";
      readonly text: string;
      readonly files: readonly SentFile[];
      readonly author: string;
      /** Whether it joined a turn that was in progress. */
      readonly joined: boolean;
    }
  | {
      readonly kind: "assistant";
      readonly text: string;
      readonly reasoning: string;
      readonly artifacts: readonly Made[];
    }
  | { readonly kind: "thinking"; readonly reasoning: string }
  | { readonly kind: "tool"; readonly callId: string; readonly use: ToolUse; readonly artifacts: readonly Made[] }
  | { readonly kind: "notice"; readonly code: string; readonly text: string; readonly hint: string };

/** Messages that were added to a thread without a run. Their calls and results are not shown. */
export const saidAdded = (added: Turn["added"]): readonly Said[] =>
  added.flatMap(({ role, text, author }): readonly Said[] => {
    if (role === "tool" || text === "") return [];
    return role === "user"
      ? [{ kind: "user", text, files: [], author, joined: false }]
      : [{ kind: "assistant", text, reasoning: "", artifacts: [] }];
  });

/** A turn as the server stores it. */
export function saidIn({ messages }: Turn): readonly Said[] {
  const calls = new Map(
    messages.flatMap((each) => (each.role === "assistant" ? each.tool_calls : [])).map((call) => [call.id, call]),
  );
  let tools = 0;
  return messages.flatMap((message, at): readonly Said[] => {
    switch (message.role) {
      case "user":
        return [{ ...message, kind: "user", joined: at > 0 }];
      case "assistant":
        return assistant(message.text, message.reasoning, message.artifacts);
      case "tool":
        return [
          // A model may use an id again in its next turn.
          { kind: "tool", callId: nthCall(tools++), ...storedUse(message, calls.get(message.call)?.arguments ?? "") },
        ];
      case "notice":
        return [{ kind: "notice", code: message.code, text: message.text, hint: "" }];
    }
  });
}

function assistant(text: string, reasoning: string, artifacts: readonly Made[]): readonly Said[] {
  const isEmpty = text === "" && reasoning === "" && artifacts.length === 0;
  return isEmpty ? [] : [{ kind: "assistant", text, reasoning, artifacts }];
}

function storedUse(message: Extract<Message, { role: "tool" }>, given: string) {
  const { name, state, text, artifacts } = message;
  const use: ToolUse = {
    tool: name.replace("__", "."),
    arguments: parsed(given),
    state,
    outcome: null,
    text,
    structured: null,
  };
  return { use, artifacts };
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}

type Live = { readonly drafts: Drafts; readonly thoughts: Drafts };

/** A turn in progress, with the text and the reasoning that are being written. */
export function saidLive(run: RunDetail, { drafts, thoughts }: Live, author: string): readonly Said[] {
  const inputs = new Inputs(run.inputs);
  const steps = run.step_list.flatMap((step): readonly Said[] => {
    if (step.kind === "tool") return [{ kind: "tool", callId: step.call_id, use: step, artifacts: step.artifacts }];
    return [...inputs.upTo(step.turn), ...modelSaid(step, drafts[step.turn] ?? "", thoughts[step.turn] ?? "")];
  });
  const isWaiting = isMoving(run) && run.step_list.every(({ state }) => state !== "running");
  return [
    // After a hand-off, the turn before has the request.
    ...(run.handed_from === null
      ? [{ kind: "user", text: run.input, files: run.files, author, joined: false } as const]
      : []),
    ...steps,
    ...inputs.upTo(Infinity),
    ...(isWaiting ? [{ kind: "thinking", reasoning: "" } as const] : []),
    ...closing(run),
  ];
}

function modelSaid(step: Exclude<Step, ToolStep>, draft: string, thought: string): readonly Said[] {
  const { text, reasoning, state } = step;
  if (state === "done") return assistant(text, reasoning, []);
  if (state !== "running") return assistant(text === "" ? draft : text, thought, []);
  return draft === "" ? [{ kind: "thinking", reasoning: thought }] : assistant(draft, thought, []);
}

function closing({ state, failure, hint, agent, handoffs: { to } }: RunDetail): readonly Said[] {
  if (to !== null)
    return [{ kind: "notice", code: "HANDED_OFF", text: `${agent} handed off to ${to.agent}: ${to.reason}`, hint: "" }];
  if (state === "cancelled") return [{ kind: "notice", code: "CANCELLED", text: "", hint: "" }];
  return failure === null ? [] : [{ kind: "notice", code: failure.code, text: failure.message, hint }];
}

/** Messages that joined a run, each before the turn of the model that reads it. */
class Inputs {
  readonly #all: RunDetail["inputs"];
  #read = 0;
  constructor(all: RunDetail["inputs"]) {
    this.#all = all;
  }
  upTo(turn: number): readonly Said[] {
    const some = this.#all.filter((input) => input.turn > this.#read && input.turn <= turn);
    this.#read = Math.max(this.#read, turn);
    return some.map(({ text, author }) => ({ kind: "user", text, author, files: [], joined: true }));
  }
}
