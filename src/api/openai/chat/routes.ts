import type { Exchange, ProtocolScope, StreamFormat } from "../../http/index.ts";
import { blockerOf, checkInput } from "../../operations/index.ts";
import { errorAnswer } from "../errors.ts";
import type { OpenAiOptions } from "../options.ts";
import type { Repeats } from "../repeats.ts";
import { answerIn, answerOf, type AnswerOptions, type Piece, type ToolCall, type Usage } from "./answer.ts";
import { type Begun, begin } from "./begin.ts";
import { cancelWith, dashboardOf, purposeOf, runsTo } from "./circumstances.ts";
import { ChatRequest } from "./request.ts";

type Chunk = object | "[DONE]";

const CHUNKS: StreamFormat<Chunk> = {
  opening: "",
  frame: (chunk) => `data: ${typeof chunk === "string" ? chunk : JSON.stringify(chunk)}\n\n`,
  failed: (fault, requestId) => `data: ${JSON.stringify(errorAnswer(fault, requestId).body)}\n\n`,
};
const MS = 1_000;

/** Chat completions: each request is a run of the agent that it names as the model. */
export function chatRoutes(scope: ProtocolScope, options: OpenAiOptions, repeats: Repeats): void {
  scope.route({
    method: "POST",
    path: "/v1/chat/completions",
    handle: async (exchange) => {
      const { request } = exchange;
      const asked = checkInput(ChatRequest, request.body);
      const chat = new Chat(exchange, asked, { ...options, repeats });
      return asked.stream === true ? exchange.stream(CHUNKS, () => chat.stream()) : chat.completion();
    },
  });
}

/** One request for a completion. */
class Chat {
  readonly #exchange: Exchange;
  readonly #asked: ChatRequest;
  readonly #options: OpenAiOptions & { readonly repeats: Repeats };

  constructor(exchange: Exchange, asked: ChatRequest, options: OpenAiOptions & { readonly repeats: Repeats }) {
    this.#exchange = exchange;
    this.#asked = asked;
    this.#options = options;
  }

  async completion(): Promise<object> {
    const begun = await this.#begin();
    const texts: string[] = [];
    const calls: ToolCall[] = [];
    const { caller } = this.#exchange;
    const last = await begun.settled();
    const [runs, waiting] = await Promise.all([runsTo(caller, begun.run, last), blockerOf(caller, last)]);
    for (const piece of answerIn(runs, { ...this.#answerOptions(begun), waiting })) {
      if (piece.type === "text") texts.push(piece.text);
      else if (piece.type === "calls") calls.push(...piece.calls);
      else {
        void this.#exchange.reply.header("x-caxton-run", begun.run);
        return this.#whole(begun.run, piece, { content: texts.join(""), calls });
      }
    }
    throw new TypeError("an answer has no end");
  }

  /** Begins before there is a stream, so that a refusal has its status. */
  async stream(): Promise<AsyncGenerator<Chunk, void, undefined>> {
    return this.#chunks(await this.#begin());
  }

  async *#chunks(begun: Begun): AsyncGenerator<Chunk, void, undefined> {
    const head = this.#head(begun.run, "chat.completion.chunk");
    const withUsage = this.#asked.stream_options?.include_usage === true;
    const chunk = (delta: object, reason: string | null = null) => ({
      ...head,
      choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }],
      ...(withUsage && { usage: null }),
    });
    yield chunk({ role: "assistant", content: "" });
    for await (const piece of answerOf(this.#exchange.caller, begun.run, this.#answerOptions(begun))) {
      if (piece.type === "text") yield chunk({ content: piece.text });
      else if (piece.type === "calls")
        yield chunk({ tool_calls: piece.calls.map((call, index) => ({ index, ...call })) });
      else {
        yield chunk({}, piece.reason);
        if (withUsage) yield { ...head, choices: [], usage: usageOf(piece.usage) };
        yield "[DONE]";
      }
    }
  }

  async #begin(): Promise<Begun> {
    const { caller, request, reply } = this.#exchange;
    const begun = await this.#options.repeats.once(this.#exchange, (ids) =>
      begin(caller, { asked: this.#asked, purpose: purposeOf(request), ids }, this.#options),
    );
    // The header of a stream comes first; other answers name the run when there is one.
    if (this.#asked.stream === true) void reply.header("x-caxton-run", begun.run);
    if (this.#options.cancel_on_disconnect) cancelWith(caller, begun.run);
    return begun;
  }

  #answerOptions({ afterTurn }: Begun): AnswerOptions {
    const { request } = this.#exchange;
    const { type: format = "text" } = this.#asked.response_format ?? {};
    return { afterTurn, isWhole: format !== "text", dashboard: dashboardOf(request, this.#options) };
  }

  #head(run: string, object: string) {
    return { id: `chatcmpl-${run}`, object, created: Math.floor(Date.now() / MS), model: this.#asked.model };
  }

  #whole(
    first: string,
    { reason, usage }: Extract<Piece, { type: "end" }>,
    { content, calls }: { readonly content: string; readonly calls: readonly ToolCall[] },
  ): object {
    const message = {
      role: "assistant",
      content: content === "" && calls.length > 0 ? null : content,
      refusal: null,
      ...(calls.length > 0 && { tool_calls: calls }),
    };
    return {
      ...this.#head(first, "chat.completion"),
      choices: [{ index: 0, message, logprobs: null, finish_reason: reason }],
      usage: usageOf(usage),
    };
  }
}

const usageOf = ({ input, output }: Usage) => ({
  prompt_tokens: input,
  completion_tokens: output,
  total_tokens: input + output,
});
