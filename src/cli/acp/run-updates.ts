import type { SessionUpdate } from "@agentclientprotocol/sdk";
import type { RunStreamEvent, Step } from "../../api/contract/index.ts";
import { isEditorTool } from "./editor-files.ts";
import { type Address, fileLink, newCall, resultOf, shownText, statusOf, textContent } from "./tool-calls.ts";

type ModelStep = Extract<Step, { kind: "model" }>;
type ToolStep = Extract<Step, { kind: "tool" }>;

/**
 * Events of a run as updates of its session.
 *
 * acp.run-updates.U1. No text of a turn is sent twice, also if the stream broke and its deltas are lost.
 * acp.run-updates.U2. The reasoning of each step is reported once, and each call before its changes.
 */
export class RunUpdates {
  readonly #run: string;
  readonly #address: Address;
  readonly #reported = new Set<number>();
  readonly #calls = new Set<string>();
  #turn = 0;
  /** The turn's text as far as it is known, and what of it was sent. */
  #text = "";
  #sent = "";
  /** Number of beginnings of the turn's text: a failed attempt of the model is begun again. */
  #attempt = 1;

  constructor(run: string, address: Address) {
    this.#run = run;
    this.#address = address;
  }

  of(event: RunStreamEvent): readonly SessionUpdate[] {
    if (event.type === "text-delta") return this.#delta(event);
    if (event.type === "tool-progress") return this.#progress(event);
    if (event.type === "step") return event.step.kind === "tool" ? this.#tool(event.step) : this.#model(event.step);
    if (event.type !== "artifact") return [];
    return [{ sessionUpdate: "agent_message_chunk", content: fileLink(event.artifact, this.#address) }];
  }

  #delta({ turn, offset, text }: Extract<RunStreamEvent, { type: "text-delta" }>): readonly SessionUpdate[] {
    this.#enter(turn);
    // The missed parts are lost; the whole turn is sent at its end.
    if (offset > this.#text.length) return [];
    this.#text = this.#text.slice(0, offset) + text;
    return this.#rest();
  }

  #enter(turn: number): void {
    if (turn === this.#turn) return;
    this.#turn = turn;
    this.#text = "";
    this.#sent = "";
    this.#attempt = 1;
  }

  /** What of the text was not sent yet. A text that begins in another way is another message. */
  #rest(): readonly SessionUpdate[] {
    if (this.#sent.startsWith(this.#text)) return [];
    if (!this.#text.startsWith(this.#sent)) {
      this.#sent = "";
      this.#attempt += 1;
    }
    const content = textContent(this.#text.slice(this.#sent.length));
    this.#sent = this.#text;
    const messageId = `${this.#run}.${this.#turn}.${this.#attempt}`;
    return [{ sessionUpdate: "agent_message_chunk", messageId, content }];
  }

  #model(step: ModelStep): readonly SessionUpdate[] {
    if (step.state !== "done" || this.#reported.has(step.index)) return [];
    this.#reported.add(step.index);
    this.#enter(step.turn);
    const thought: SessionUpdate[] =
      step.reasoning === "" ? [] : [{ sessionUpdate: "agent_thought_chunk", content: textContent(step.reasoning) }];
    this.#text = step.text;
    return [...thought, ...this.#rest()];
  }

  #call(id: string, name: string, rawInput: unknown): SessionUpdate {
    this.#calls.add(id);
    return { sessionUpdate: "tool_call", ...newCall(this.#run, id, name), rawInput };
  }

  #tool(step: ToolStep): readonly SessionUpdate[] {
    const { call_id: id, tool, arguments: given, structured } = step;
    const status = statusOf(step);
    const isOver = status === "completed" || status === "failed";
    const { toolCallId } = newCall(this.#run, id, tool);
    return [
      ...(this.#calls.has(id) ? [] : [this.#call(id, tool, given)]),
      {
        sessionUpdate: "tool_call_update",
        toolCallId,
        status,
        // The editor has shown what was done to its files.
        ...(isOver &&
          !isEditorTool(tool) && {
            content: resultOf(step, this.#address),
            ...(structured !== null && { rawOutput: structured }),
          }),
      },
    ];
  }

  #progress({ call_id: id, message }: Extract<RunStreamEvent, { type: "tool-progress" }>): readonly SessionUpdate[] {
    if (message === "") return [];
    const { toolCallId } = newCall(this.#run, id, "");
    return [{ sessionUpdate: "tool_call_update", toolCallId, status: "in_progress", content: [shownText(message)] }];
  }
}
