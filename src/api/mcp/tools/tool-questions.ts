import {
  type ElicitRequestFormParams,
  type InputRequest,
  inputRequired,
  inputResponse,
  type ServerContext,
} from "@modelcontextprotocol/server";
import * as z from "zod";
import { JsonObject } from "../../../kernel/json.ts";
import type { CallerOptions } from "../../operations/index.ts";
import type { ToolAnswer } from "../errors.ts";
import { stateOf, ToolState } from "../request-state.ts";
import { waysOf } from "./asking.ts";
import { ANSWER_MS, type Environment } from "./run-calls.ts";

type User = NonNullable<CallerOptions["user"]>;
type Answered = NonNullable<User["answered"]>;
type Question = Parameters<NonNullable<User["ask"]>>[0];
type Reply = Answered["reply"];
type Asked = { readonly question: Question; readonly state: ToolState };

/** The form as its tool server wrote it, which the catalogue checks the answer against. */
const Form = z.custom<ElicitRequestFormParams["requestedSchema"]>();
const YES_OR_NO = { type: "object", properties: {} } as const;

/**
 * Questions of an exposed tool to the user of the client. Between two requests to its server, the call ends with the question, and the
 * client makes it again with the answer; a server of 2025 asks within the call, which only clients of 2025 can pass on.
 */
export class ToolQuestions {
  readonly #tool: string;
  readonly #context: ServerContext;
  readonly #environment: Environment;

  constructor(tool: string, context: ServerContext, environment: Environment) {
    this.#tool = tool;
    this.#context = context;
    this.#environment = environment;
  }

  /** Makes a call of the tool until it has a result, or a question that the client can show; other questions are declined. */
  async during(call: (user: User) => Promise<ToolAnswer>): Promise<ToolAnswer> {
    let answered = this.#answered();
    for (;;) {
      let asked: Asked | undefined;
      const result = await call({
        ask: this.#environment.serving === "session" ? (question, signal) => this.#askNow(question, signal) : undefined,
        answered,
        onQuestion: ({ server, message, schema, url, round }) => {
          const question = { server, message, schema: schema ?? undefined, url: url ?? undefined };
          asked = { question, state: { tool: this.#tool, schema, round } };
        },
      });
      if (asked === undefined) return result;
      const { question, state } = asked;
      const request = this.#requestFor(question);
      if (request !== undefined) {
        const requestState = await this.#environment.states().mint(state, this.#context);
        return inputRequired({ inputRequests: { [state.round.asked]: request }, requestState });
      }
      answered = { ...state, reply: { type: "declined" } };
    }
  }

  /** Undefined if the client cannot show it. */
  #requestFor({ message, schema, url }: Question): InputRequest | undefined {
    const ways = waysOf(this.#environment.capabilities());
    if (url !== undefined) return ways.url ? inputRequired.elicitUrl({ message, url }) : undefined;
    return ways.form ? inputRequired.elicit({ message, requestedSchema: Form.parse(schema ?? YES_OR_NO) }) : undefined;
  }

  async #askNow(question: Question, signal: AbortSignal): Promise<Reply> {
    const request = this.#requestFor(question);
    if (request?.method !== "elicitation/create") return { type: "declined" };
    return replyOf(await this.#context.mcpReq.elicitInput(request.params, { signal, timeout: ANSWER_MS }));
  }

  #answered(): Answered | undefined {
    const { mcpReq } = this.#context;
    if (mcpReq.requestState() === undefined) return undefined;
    const { round, schema } = stateOf(
      ToolState.refine((state) => state.tool === this.#tool),
      this.#context,
    );
    const response = inputResponse(mcpReq.inputResponses ?? {}, round.asked);
    return { round, schema, reply: response.kind === "elicit" ? replyOf(response) : { type: "cancelled" } };
  }
}

type Response = { readonly action: "accept" | "decline" | "cancel"; readonly content?: object | undefined };

function replyOf({ action, content }: Response): Reply {
  if (action === "accept") return { type: "accepted", content: JsonObject.parse(content ?? {}) };
  return { type: action === "decline" ? "declined" : "cancelled" };
}
