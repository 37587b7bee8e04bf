import {
  type CallToolResult,
  type InputRequiredResult,
  UrlElicitationRequiredError,
} from "@modelcontextprotocol/client";
import type { Clock } from "../../kernel/clock.ts";
import { isJsonObject, JsonObject } from "../../kernel/json.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import type { AnsweredRound, Round, ToolCall, ToolResult } from "../catalogue/index.ts";
import { answerOf, type Question } from "./elicitation.ts";
import { McpMessageRefusedError } from "./errors.ts";
import type { Elicitor } from "./request-scope.ts";
import type { McpSession, SessionCall } from "./connection/session.ts";
import type { RemoteTool } from "./tool-list.ts";
import type { Secrets } from "./secrets.ts";

/** How the requests of a call ended: with its result, or in a wait for a user that has its own. */
export type RoundsEnd =
  | { readonly type: "answered"; readonly result: CallToolResult }
  | { readonly type: "waits"; readonly result: ToolResult };

/** Times that a server may ask for something within one call. */
const ROUNDS_MAX = 10;
/** What is stored of one round, as JSON. */
const ROUND_CHARS_MAX = 256 * 1024;

type RoundsDeps = { readonly session: McpSession; readonly clock: Clock; readonly secrets: Secrets };
type Asking = Omit<Round, "asked">;

/**
 * The requests of one call: what the server wants to know in between is asked, and sent along with the next one.
 * remote.rounds.R1. A question between two requests needs no connection. In a run it is on disk with all that the next
 *   request needs, the call ends, and the call that is made again after the answer continues from there.
 */
export class Rounds {
  readonly #deps: RoundsDeps;
  readonly #call: ToolCall;
  readonly #ask: Elicitor | undefined;
  #again: SessionCall["again"];
  #number = 0;

  constructor(deps: RoundsDeps, call: ToolCall, ask: Elicitor | undefined) {
    this.#deps = deps;
    this.#call = call;
    this.#ask = ask;
  }

  async run(wire: RemoteTool["wire"], call: Omit<SessionCall, "again">, signal: AbortSignal): Promise<RoundsEnd> {
    const { answered } = this.#call.context;
    let end = answered && (await this.#resume(answered));
    while (end === undefined) end = await this.#next(wire, call, signal);
    return end;
  }

  /** Undefined when another request is due. */
  async #next(
    wire: RemoteTool["wire"],
    call: Omit<SessionCall, "again">,
    signal: AbortSignal,
  ): Promise<RoundsEnd | undefined> {
    try {
      const answer = await this.#deps.session.call(wire, { ...call, again: this.#again }, signal);
      if (answer.type === "result") return { type: "answered", result: answer.result };
      this.#count();
      return await this.#fulfil(this.#read(answer.input));
    } catch (error) {
      if (!UrlElicitationRequiredError.isInstance(error)) throw error;
      this.#count();
      await this.#visit(error);
    }
    return undefined;
  }

  #count(): void {
    this.#number += 1;
    if (this.#number > ROUNDS_MAX) throw new Error(`the server asked more than ${ROUNDS_MAX} times within one call`);
  }

  #read({ inputRequests = {}, requestState }: InputRequiredResult): Asking {
    const hidden = this.#deps.secrets.json(JsonObject.parse(inputRequests));
    const requests = isJsonObject(hidden) ? hidden : {};
    const round: Asking = { number: this.#number, requestState: requestState ?? null, requests, responses: {} };
    if (JSON.stringify(round).length <= ROUND_CHARS_MAX) return round;
    throw new McpMessageRefusedError(
      `what the server asks, with the state that it wants back, has more than ${ROUND_CHARS_MAX} characters`,
      "Report it to the operator of the server.",
      { limit: ROUND_CHARS_MAX },
    );
  }

  #resume({ round, schema, reply }: AnsweredRound): Promise<RoundsEnd | undefined> {
    this.#number = round.number;
    const responses = { ...round.responses, [round.asked]: answerOf(reply, schema ?? {}) };
    return this.#fulfil({ ...round, responses });
  }

  /** Asks what is not answered yet, one question after the other. Undefined when the server has to get the answers. */
  async #fulfil(round: Asking): Promise<RoundsEnd | undefined> {
    const { secrets, session } = this.#deps;
    const { requestState } = round;
    // A state with a secret in it is not stored; the question then lasts as long as the connection.
    const isStorable = requestState === null || secrets.text(requestState) === requestState;
    const responses: Record<string, JsonObject> = {};
    for (const [key, request] of Object.entries(round.requests)) {
      const known = Object.hasOwn(round.responses, key) ? round.responses[key] : undefined;
      const question = isJsonObject(known) ? undefined : session.questionIn(request);
      const wait =
        question && isStorable
          ? this.#wait(question, { ...round, responses: { ...responses }, asked: key })
          : undefined;
      if (wait !== undefined) return { type: "waits", result: await wait };
      responses[key] = isJsonObject(known) ? known : question ? await this.#answer(question) : { action: "decline" };
    }
    this.#again = { inputResponses: responses, requestState: requestState ?? undefined };
    return undefined;
  }

  /** Undefined where no call can wait so: outside of runs. */
  #wait({ message, schema, url }: Question, round: Round): Promise<ToolResult> | undefined {
    const { clock, secrets } = this.#deps;
    const { id, server, context } = this.#call;
    const hidden = schema && secrets.json(schema);
    const place = Object.keys(round.requests).indexOf(round.asked) + 1;
    return context.awaitReply?.(
      {
        conversationId: "",
        replyWith: `${id}.${round.number}.${place}`,
        deadlineMs: clock.nowMs() + LIMITS.questionMs,
        to: "the user",
        input: {
          kind: "elicitation",
          server,
          message: secrets.text(message),
          schema: isJsonObject(hidden) ? hidden : null,
          url: url ?? null,
          round,
        },
      },
      async () => undefined,
    );
  }

  async #answer(question: Question): Promise<JsonObject> {
    if (this.#ask === undefined) return { action: "decline" };
    return answerOf(await this.#ask(question), question.schema);
  }

  /** The call is refused until a user was on some pages; those they do not go to refuse it for good. */
  async #visit(error: UrlElicitationRequiredError): Promise<void> {
    for (const params of error.elicitations) {
      const answer = await this.#deps.session.elicit(params, this.#ask);
      if (answer.action !== "accept") throw error;
    }
  }
}
