import * as z from "zod";
import { type Fault, FAULTS } from "../../kernel/errors.ts";
import { type Protocol, refusalOf, type StreamFormat } from "../http/index.ts";
import { blockerOf, type Caller, checkInput, followUntilBlocked, SentOnce } from "../operations/index.ts";
import { begin, type Begun } from "./begin.ts";
import { messagesOf } from "./messages.ts";
import { RunAgentInput } from "./request.ts";
import { type AgUiEvent, type Ids, RUN_EVENTS, RunEvents } from "./run-events.ts";

const textOf = ({ message, hint }: Fault): string => (hint === "" ? message : `${message}. ${hint}`);

const EVENTS: StreamFormat<AgUiEvent> = {
  opening: "",
  frame: (event) => `data: ${JSON.stringify(event)}\n\n`,
  failed: (fault) => `data: ${JSON.stringify({ type: "RUN_ERROR", message: textOf(fault), code: fault.code })}\n\n`,
};
const Params = z.object({ agent: z.string() });

/** AG-UI 1.0 at `/ag-ui/<agent>`: applications of users hold dialogues with agents. A run of AG-UI is a part of a run here. */
export const agui = (): Protocol => ({
  name: "ag-ui",
  failed: (fault, requestId) => {
    const { code, kind, retryAfterMs } = fault;
    return {
      status: FAULTS[kind].http,
      headers: {
        ...(kind === "unauthenticated" && { "www-authenticate": 'Bearer realm="caxton"' }),
        ...(retryAfterMs !== undefined && { "retry-after": String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) }),
      },
      body: { error: { message: textOf(fault), code, request_id: requestId } },
    };
  },
  routes: (scope, services) =>
    scope.route({
      method: "POST",
      path: "/ag-ui/:agent",
      handle: async (exchange) => {
        const { request, caller } = exchange;
        const { agent } = checkInput(Params, request.params);
        const input = checkInput(RunAgentInput, request.body);
        const sentOnce = new SentOnce(services, {
          protocol: "ag-ui",
          refusal: (reason) => refusalOf(reason, input.runId),
        });
        const begun = await begin({ caller, sentOnce, agent }, input);
        return exchange.stream(EVENTS, async () => events(caller, input, begun));
      },
    }),
});

async function* events(
  caller: Caller,
  { threadId, runId }: Ids,
  { run, after, shown }: Begun,
): AsyncGenerator<AgUiEvent, void, undefined> {
  const ids = { threadId, runId };
  yield {
    type: "RUN_STARTED",
    ...ids,
    metadata: { caxton: { run: run?.id ?? null, thread: run?.thread?.id ?? shown?.id ?? null } },
  };
  if (shown !== undefined) yield { type: "MESSAGES_SNAPSHOT", messages: await messagesOf(caller, shown) };
  if (run === undefined) return yield { type: "RUN_FINISHED", ...ids, outcome: { type: "success" } };
  const translated = new RunEvents(ids, run, { isContinued: after !== "" });
  for await (const event of followUntilBlocked(caller, run.id, RUN_EVENTS, after)) {
    const below = event.type === "end" ? await blockerOf(caller, event.run) : undefined;
    yield* translated.of(event, below);
  }
}
