import type { Piece } from "../chat/answer.ts";
import type { Fault } from "../../../kernel/errors.ts";
import {
  type Asked,
  callItem,
  errorEvent,
  messageItem,
  type OutputItem,
  responseOf,
  type State,
  textPart,
} from "./items.ts";

export type ResponseEvent = { readonly type: string; readonly sequence_number: number };

/**
 * The events of one response. Numbers follow from the response alone, not from the pieces in which its text came, so that a stream can be resumed:
 * a delta counts as many as it has characters and has the number of its last one.
 */
export class ResponseEvents {
  readonly #id: string;
  readonly #asked: Asked;
  readonly #after: number;
  readonly #output: OutputItem[] = [];
  #number = 0;
  #text: string | undefined;

  /** `after` is the number of the last event that the client has. */
  constructor(id: string, asked: Asked, after = -1) {
    this.#id = id;
    this.#after = after;
    this.#asked = asked;
  }

  /** Whether the client lacks an event. */
  isNew({ sequence_number: number }: ResponseEvent): boolean {
    return number > this.#after;
  }

  *opening(): Generator<ResponseEvent> {
    yield this.#stated("response.created", { status: "in_progress", output: [] });
    yield this.#stated("response.in_progress", { status: "in_progress", output: [] });
  }

  *of(piece: Piece): Generator<ResponseEvent> {
    if (piece.type === "text") return yield* this.#textOf(piece.text);
    yield* this.#endOfText();
    if (piece.type === "end") {
      const { run, usage } = piece;
      return yield this.#stated("response.completed", { status: "completed", output: this.#output, run, usage });
    }
    for (const call of piece.calls) {
      const item = callItem(call);
      const place = { item_id: item.id, output_index: this.#output.length };
      yield this.#added({ ...item, arguments: "", status: "in_progress" });
      yield this.#event("response.function_call_arguments.delta", { ...place, delta: item.arguments });
      yield this.#event("response.function_call_arguments.done", {
        ...place,
        name: item.name,
        arguments: item.arguments,
      });
      yield this.#done(item);
    }
  }

  /** The end of a response that failed. */
  *failed(fault: Fault, requestId: string): Generator<ResponseEvent> {
    yield* this.#endOfText();
    this.#number += 1;
    yield errorEvent(fault, requestId, this.#number - 1);
    const status = fault.code === "RUN_CANCELLED" ? "cancelled" : "failed";
    yield this.#stated("response.failed", { status, output: this.#output, fault });
  }

  *#textOf(delta: string): Generator<ResponseEvent> {
    if (this.#text === undefined) {
      yield this.#added(messageItem(this.#id, undefined, "in_progress"));
      yield this.#event("response.content_part.added", { ...this.#place(), part: textPart("") });
    }
    this.#text = (this.#text ?? "") + delta;
    const rest = delta.slice(Math.max(0, this.#after + 1 - this.#number));
    this.#number += delta.length - 1;
    yield this.#event("response.output_text.delta", { ...this.#place(), delta: rest, logprobs: [] });
  }

  *#endOfText(): Generator<ResponseEvent> {
    if (this.#text === undefined) return;
    const text = this.#text;
    yield this.#event("response.output_text.done", { ...this.#place(), text, logprobs: [] });
    yield this.#event("response.content_part.done", { ...this.#place(), part: textPart(text) });
    yield this.#done(messageItem(this.#id, text));
    this.#text = undefined;
  }

  #place() {
    return { item_id: messageItem(this.#id, undefined).id, output_index: this.#output.length, content_index: 0 };
  }

  #added(item: OutputItem): ResponseEvent {
    return this.#event("response.output_item.added", { output_index: this.#output.length, item });
  }

  #done(item: OutputItem): ResponseEvent {
    this.#output.push(item);
    return this.#event("response.output_item.done", { output_index: this.#output.length - 1, item });
  }

  #stated(type: string, state: State): ResponseEvent {
    return this.#event(type, { response: responseOf(this.#id, this.#asked, state) });
  }

  #event(type: string, fields: object): ResponseEvent {
    this.#number += 1;
    return { type, sequence_number: this.#number - 1, ...fields };
  }
}
