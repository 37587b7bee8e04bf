import type { FastifyRequest } from "fastify";
import type { RunDetail } from "../../contract/index.ts";
import type { Exchange, ProtocolScope, StreamFormat } from "../../http/index.ts";
import { type Caller, checkInput } from "../../operations/index.ts";
import { operations } from "../../contract/index.ts";
import { errorAnswer } from "../errors.ts";
import type { OpenAiOptions } from "../options.ts";
import { answerOf, type Piece, type ToolCall } from "./answer.ts";
import { type Begun, begin } from "./begin.ts";
import { ChatRequest } from "./request.ts";

type Chunk = object | "[DONE]";

const CHUNKS: StreamFormat<Chunk> = {
  opening: "",
  frame: (chunk) => `data: ${typeof chunk === "string" ? chunk : JSON.stringify(chunk)}\n\n`,
  failed: (fault, requestId) => `data: ${JSON.stringify(errorAnswer(fault, requestId).body)}\n\n`,
};
const MS = 1_000;

/** Chat completions: each request is a run of the agent that it names as the model. */
export function chatRoutes(scope: ProtocolScope, options: OpenAiOptions): void {
  scope.route({
    method: "POST",
    path: "/v1/chat/completions",
    handle: async (exchange) => {
      const { request } = exchange;
      const asked = checkInput(ChatRequest, request.body);
      const chat = new Chat(exchange, asked, options);
      return asked.stream === true ? exchange.stream(CHUNKS, () => chat.chunks()) : chat.completion();
    },
  });
}

const purposeOf = ({ headers }: FastifyRequest): string | undefined => {
  const value = headers["x-caxton-purpose"];
  return typeof value === "string" ? value : undefined;
};

/** One request for a completion. */
class Chat {
  readonly #exchange: Exchange;
  readonly #asked: ChatRequest;
  readonly #options: OpenAiOptions;

  constructor(exchange: Exchange, asked: ChatRequest, options: OpenAiOptions) {
    this.#exchange = exchange;
    this.#asked = asked;
    this.#options = options;
  }

  async completion(): Promise<object> {
    const begun = await this.#begin();
    const texts: string[] = [];
    const calls: ToolCall[] = [];
    for await (const piece of this.#pieces(begun)) {
      if (piece.type === "text") texts.push(piece.text);
      else if (piece.type === "calls") calls.push(...piece.calls);
      else return this.#whole(piece, texts.join(""), calls);
    }
    // The client left, and no one reads this.
    return {};
  }

  async *chunks(): AsyncGenerator<Chunk, void, undefined> {
    const begun = await this.#begin();
    const head = this.#head(begun.run, "chat.completion.chunk");
    const withUsage = this.#asked.stream_options?.include_usage === true;
    const chunk = (delta: object, reason: string | null = null) => ({
      ...head,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }],
      ...(withUsage && { usage: null }),
    });
    yield chunk({ role: "assistant", content: "" });
    for await (const piece of this.#pieces(begun)) {
      if (piece.type === "text") yield chunk({ content: piece.text });
      else if (piece.type === "calls")
        yield chunk({ tool_calls: piece.calls.map((call, index) => ({ index, ...call })) });
      else {
        yield chunk({}, piece.reason);
        if (withUsage) yield { ...head, choices: [], usage: usageOf(piece.run) };
        yield "[DONE]";
      }
    }
  }

  async #begin(): Promise<Begun> {
    const { caller, request, reply } = this.#exchange;
    const begun = await begin(caller, { asked: this.#asked, purpose: purposeOf(request) }, this.#options);
    void reply.header("x-caxton-run", begun.run);
    if (this.#options.cancel_on_disconnect) cancelWith(caller, begun.run);
    return begun;
  }

  #pieces({ run, afterTurn }: Begun): AsyncGenerator<Piece, void, undefined> {
    const { request, caller } = this.#exchange;
    const base =
      this.#options.publicUrl?.replace(/\/$/, "") ?? `${request.protocol}://${request.headers.host ?? "localhost"}`;
    const { type: format = "text" } = this.#asked.response_format ?? {};
    return answerOf(caller, run, { afterTurn, isWhole: format !== "text", dashboard: `${base}/ui` });
  }

  #head(run: string, object: string) {
    return { id: `chatcmpl-${run}`, object, created: Math.floor(Date.now() / MS), model: this.#asked.model };
  }

  #whole({ reason, run }: Extract<Piece, { type: "end" }>, content: string, calls: readonly ToolCall[]): object {
    const message = {
      role: "assistant",
      content: content === "" && calls.length > 0 ? null : content,
      refusal: null,
      ...(calls.length > 0 && { tool_calls: calls }),
    };
    return {
      ...this.#head(run.id, "chat.completion"),
      choices: [{ index: 0, message, logprobs: null, finish_reason: reason }],
      usage: usageOf(run),
    };
  }
}

/** Tokens of all calls of models in a run. */
const usageOf = ({ input_tokens: input, output_tokens: output }: RunDetail) => ({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: input + output,
});

/** Cancels the run when the client disconnects before its end. */
function cancelWith(caller: Caller, id: string): void {
  const lasting = caller.detached();
  caller.signal.addEventListener(
    "abort",
    () => {
      // A run that has ended cannot be cancelled, and need not.
      lasting.perform(operations.run.cancel, { id }).catch(() => undefined);
    },
    { once: true },
  );
}
