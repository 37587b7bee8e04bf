import type { Json } from "../../kernel/json.ts";
import type { RunDetail, RunStreamEvent, Step } from "../contract/index.ts";
import { type Interrupt, interruptsBelow, interruptsOf } from "./interrupts.ts";

type ModelStep = Extract<Step, { kind: "model" }>;
type ToolStep = Extract<Step, { kind: "tool" }>;

type Outcome =
  | { readonly type: "success"; readonly pendingToolCallIds?: readonly string[] }
  | { readonly type: "interrupt"; readonly interrupts: readonly Interrupt[] }
  | { readonly type: "cancelled" };

/** The events of AG-UI 1.0 that this server sends. */
export type AgUiEvent =
  | { readonly type: "RUN_STARTED"; readonly threadId: string; readonly runId: string; readonly metadata: object }
  | { readonly type: "MESSAGES_SNAPSHOT"; readonly messages: readonly object[] }
  | { readonly type: "TEXT_MESSAGE_START"; readonly messageId: string; readonly role: "assistant" }
  | { readonly type: "TEXT_MESSAGE_CONTENT"; readonly messageId: string; readonly delta: string }
  | { readonly type: "TEXT_MESSAGE_END" | "REASONING_START" | "REASONING_END"; readonly messageId: string }
  | { readonly type: "REASONING_MESSAGE_START"; readonly messageId: string; readonly role: "reasoning" }
  | { readonly type: "REASONING_MESSAGE_CONTENT"; readonly messageId: string; readonly delta: string }
  | { readonly type: "REASONING_MESSAGE_END"; readonly messageId: string }
  | { readonly type: "TOOL_CALL_START"; readonly toolCallId: string; readonly toolCallName: string }
  | { readonly type: "TOOL_CALL_ARGS"; readonly toolCallId: string; readonly delta: string }
  | { readonly type: "TOOL_CALL_END"; readonly toolCallId: string }
  | {
      readonly type: "TOOL_CALL_RESULT";
      readonly messageId: string;
      readonly toolCallId: string;
      readonly content: string;
      readonly role: "tool";
    }
  | { readonly type: "CUSTOM"; readonly name: string; readonly value: object }
  | { readonly type: "RUN_ERROR"; readonly message: string; readonly code: string }
  | {
      readonly type: "RUN_FINISHED";
      readonly threadId: string;
      readonly runId: string;
      readonly outcome: Outcome;
      readonly result?: Json;
      readonly usage?: readonly object[];
    };

/** The types of events of runs that `RunEvents` reads. */
export const RUN_EVENTS = ["step", "text-delta", "artifact", "client-call"] as const;

/** Steps name tools of the client as those of a server. */
const CLIENT_PREFIX = /^client\./;

export type Ids = { readonly threadId: string; readonly runId: string };

/**
 * Events of a run as events of AG-UI.
 *
 * agui.run-events.A1. Each message, reasoning and call that is begun is ended before the run is finished.
 * agui.run-events.A2. No text of a turn is sent twice; a text that begins again is another message.
 */
export class RunEvents {
  readonly #ids: Ids;
  #run: string;
  /** Calls that the client has: of this response, and of those before it. */
  readonly #calls = new Set<string>();
  /** Calls whose results come from the client. */
  readonly #own = new Set<string>();
  readonly #reported = new Set<string>();
  #turn = 0;
  #attempt = 1;
  #text = "";
  #sent = "";
  /** The message whose text is being sent. */
  #message: string | undefined;

  constructor(
    ids: Ids,
    run: Pick<RunDetail, "id" | "client_calls" | "step_list">,
    { isContinued }: { readonly isContinued: boolean },
  ) {
    this.#ids = ids;
    this.#run = run.id;
    for (const { call_id: call } of run.client_calls) this.#own.add(call);
    if (!isContinued) return;
    for (const step of run.step_list) {
      if (step.kind === "tool") this.#calls.add(step.call_id);
      else this.#reported.add(`${run.id}.${step.index}`);
    }
  }

  /** `below` is the run for which the one that is followed waits, if that one needs the user. */
  *of(event: RunStreamEvent, below?: RunDetail): Generator<AgUiEvent, void, undefined> {
    if (event.type === "text-delta") yield* this.#delta(event);
    if (event.type === "step") yield* event.step.kind === "tool" ? this.#tool(event.step) : this.#model(event.step);
    if (event.type === "client-call") this.#own.add(event.call.call_id);
    if (event.type === "artifact") yield { type: "CUSTOM", name: "caxton.artifact", value: event.artifact };
    if (event.type === "handoff") {
      yield* this.#close();
      yield { type: "CUSTOM", name: "caxton.handoff", value: event.handoff };
      [this.#run, this.#turn] = [event.handoff.run, 0];
    }
    if (event.type === "end") yield* this.#end(event.run, below);
  }

  *#delta({ turn, offset, text }: Extract<RunStreamEvent, { type: "text-delta" }>): Generator<AgUiEvent> {
    yield* this.#enter(turn);
    // The missed parts are lost; the whole turn is sent at its end.
    if (offset > this.#text.length) return;
    this.#text = this.#text.slice(0, offset) + text;
    yield* this.#rest();
  }

  *#enter(turn: number): Generator<AgUiEvent> {
    if (turn === this.#turn) return;
    yield* this.#close();
    [this.#turn, this.#attempt, this.#text, this.#sent] = [turn, 1, "", ""];
  }

  *#rest(): Generator<AgUiEvent> {
    if (this.#sent.startsWith(this.#text)) return;
    if (!this.#text.startsWith(this.#sent)) {
      yield* this.#close();
      this.#sent = "";
      this.#attempt += 1;
    }
    const messageId = `${this.#run}.${this.#turn}.${this.#attempt}`;
    if (this.#message === undefined) yield { type: "TEXT_MESSAGE_START", messageId, role: "assistant" };
    this.#message = messageId;
    yield { type: "TEXT_MESSAGE_CONTENT", messageId, delta: this.#text.slice(this.#sent.length) };
    this.#sent = this.#text;
  }

  *#close(): Generator<AgUiEvent> {
    if (this.#message !== undefined) yield { type: "TEXT_MESSAGE_END", messageId: this.#message };
    this.#message = undefined;
  }

  *#model(step: ModelStep): Generator<AgUiEvent> {
    const key = `${this.#run}.${step.index}`;
    if (step.state !== "done" || this.#reported.has(key)) return;
    this.#reported.add(key);
    yield* this.#enter(step.turn);
    if (this.#message === undefined) yield* reasoning(`${key}.reasoning`, step.reasoning);
    this.#text = step.text;
    const isBegun = this.#message !== undefined;
    yield* this.#rest();
    yield* this.#close();
    if (isBegun) yield* reasoning(`${key}.reasoning`, step.reasoning);
  }

  *#tool(step: ToolStep): Generator<AgUiEvent> {
    const { call_id: toolCallId, tool, state, text } = step;
    yield* this.#call(toolCallId, tool.replace(CLIENT_PREFIX, ""), step.arguments);
    const isOver = state === "done" || state === "failed";
    if (!isOver || this.#own.has(toolCallId) || this.#reported.has(toolCallId)) return;
    this.#reported.add(toolCallId);
    yield { type: "TOOL_CALL_RESULT", messageId: `${toolCallId}.result`, toolCallId, content: text, role: "tool" };
  }

  *#call(toolCallId: string, toolCallName: string, given: Json): Generator<AgUiEvent> {
    if (this.#calls.has(toolCallId)) return;
    this.#calls.add(toolCallId);
    yield* this.#close();
    yield { type: "TOOL_CALL_START", toolCallId, toolCallName };
    yield { type: "TOOL_CALL_ARGS", toolCallId, delta: JSON.stringify(given) };
    yield { type: "TOOL_CALL_END", toolCallId };
  }

  *#end(run: RunDetail, below: RunDetail | undefined): Generator<AgUiEvent> {
    const pending = run.client_calls.filter(({ state }) => state === "open");
    for (const { call_id: call, name, arguments: given } of pending) yield* this.#call(call, name, given);
    yield* this.#close();
    if (run.state === "failed") {
      const { code = "RUN_FAILED", message = "the run failed" } = run.failure ?? {};
      return yield { type: "RUN_ERROR", message: run.hint === "" ? message : `${message}. ${run.hint}`, code };
    }
    const interrupts = [...interruptsOf(run), ...(below === undefined ? [] : interruptsBelow(below))];
    const outcome: Outcome =
      run.state === "cancelled"
        ? { type: "cancelled" }
        : interrupts.length > 0
          ? { type: "interrupt", interrupts }
          : {
              type: "success",
              ...(pending.length > 0 && { pendingToolCallIds: pending.map(({ call_id: call }) => call) }),
            };
    const { model, input_tokens: inputTokens, output_tokens: outputTokens } = run;
    yield {
      type: "RUN_FINISHED",
      ...this.#ids,
      outcome,
      ...(run.output_json !== null && { result: run.output_json }),
      usage: [{ ...(model !== null && { model }), inputTokens, outputTokens }],
    };
  }
}

function* reasoning(messageId: string, text: string): Generator<AgUiEvent> {
  if (text === "") return;
  yield { type: "REASONING_START", messageId };
  yield { type: "REASONING_MESSAGE_START", messageId, role: "reasoning" };
  yield { type: "REASONING_MESSAGE_CONTENT", messageId, delta: text };
  yield { type: "REASONING_MESSAGE_END", messageId };
  yield { type: "REASONING_END", messageId };
}
