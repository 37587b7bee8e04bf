import * as z from "zod";
import { toFault } from "../../../kernel/errors.ts";
import { operations, type RunDetail } from "../../contract/index.ts";
import type { Exchange, ProtocolScope, StreamFormat } from "../../http/index.ts";
import { blockerOf, type Caller, checkInput } from "../../operations/index.ts";
import { answerIn, answerOf, type AnswerOptions, type Piece, usageOf } from "../chat/answer.ts";
import { cancelWith, dashboardOf, purposeOf, runsTo } from "../chat/circumstances.ts";
import type { OpenAiOptions } from "../options.ts";
import type { Repeats } from "../repeats.ts";
import { conversationId } from "../conversations/conversation.ts";
import { beginResponse } from "./begin.ts";
import { type ResponseEvent, ResponseEvents } from "./events.ts";
import { type Asked, callItem, errorEvent, idOf, messageItem, type OutputItem, responseOf } from "./items.ts";
import { wholeItems } from "./references.ts";
import { chatRequest, ResponseRequest } from "./request.ts";
import { lastOf, responseId, runAt, storedResponse } from "./stored.ts";

const EVENTS: StreamFormat<ResponseEvent> = {
  opening: "",
  frame: (event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`,
  failed: (fault, requestId) => `event: error\ndata: ${JSON.stringify(errorEvent(fault, requestId, 0))}\n\n`,
};
const Named = z.object({ id: z.string() });
const Query = z
  .object({
    stream: z.enum(["true", "false"]).default("false"),
    starting_after: z.coerce.number().int().min(0).optional(),
  })
  .refine(({ stream, starting_after: after }) => stream === "true" || after === undefined, {
    path: ["starting_after"],
    error: "only with stream=true",
  });

/** Responses: each is a run of the agent that it names as the model, or the part of one up to a call of a tool of the client. */
export function responseRoutes(scope: ProtocolScope, options: OpenAiOptions, repeats: Repeats): void {
  const path = "/v1/responses";
  scope.route({ method: "POST", path, handle: (exchange) => create(exchange, options, repeats) });
  scope.route({
    method: "GET",
    path: `${path}/:id`,
    handle: async (exchange) => {
      const { stream, starting_after: after } = checkInput(Query, exchange.request.query);
      if (stream === "false") return read(exchange, options);
      return exchange.stream(EVENTS, () => streamedAgain(exchange, options, after));
    },
  });
  scope.route({
    method: "POST",
    path: `${path}/:id/cancel`,
    handle: async (exchange) => {
      const { run } = await storedResponse(exchange.caller, idIn(exchange));
      await exchange.caller.perform(operations.run.cancel, { id: run.id });
      return read(exchange, options);
    },
  });
  scope.route({
    method: "DELETE",
    path: `${path}/:id`,
    handle: async (exchange) => {
      const id = idIn(exchange);
      const { run } = await storedResponse(exchange.caller, id);
      await exchange.caller.perform(operations.run.delete, { id: run.id });
      return { id, object: "response", deleted: true };
    },
  });
}

const idIn = ({ request }: Exchange): string => checkInput(Named, request.params).id;

async function create(exchange: Exchange, options: OpenAiOptions, repeats: Repeats): Promise<object | undefined> {
  const { caller, request, reply } = exchange;
  const asked = checkInput(ResponseRequest, request.body);
  const dashboard = dashboardOf(request, options);
  const begin = async () => {
    const read = async (id: string) => (await readResponse(caller, id, dashboard)).output;
    const chat = chatRequest(asked, await wholeItems(caller, asked.input, read));
    const place = {
      previous: asked.previous_response_id,
      conversation: asked.conversation == null ? undefined : idOf(asked.conversation),
      isStored: asked.store !== false,
    };
    const begun = await repeats.once(exchange, (ids) =>
      beginResponse(caller, { asked: chat, purpose: purposeOf(request), ids }, { ...options, ...place }),
    );
    if (asked.stream === true) void reply.header("x-caxton-run", begun.run);
    if (options.cancel_on_disconnect && asked.background !== true) cancelWith(caller, begun.run);
    return begun;
  };
  const { type: format = "text" } = asked.text?.format ?? {};
  const answer = { isWhole: format !== "text", dashboard };
  if (asked.stream === true)
    return exchange.stream(EVENTS, async () => {
      const { run, ...place } = await begin();
      const written = new ResponseEvents(responseId(run, place), asked);
      return events(exchange, written, answerOf(caller, run, { ...answer, afterTurn: place.afterTurn }));
    });
  const begun = await begin();
  void reply.header("x-caxton-run", begun.run);
  const id = responseId(begun.run, begun);
  if (asked.background === true) return responseOf(id, asked, { status: "in_progress", output: [] });
  const last = await begun.settled();
  const [runs, waiting] = await Promise.all([runsTo(caller, begun.run, last), blockerOf(caller, last)]);
  return whole(id, asked, runs, { ...answer, afterTurn: begun.afterTurn, waiting });
}

type Pieces = AsyncIterable<Piece> | Iterable<Piece>;

async function* events(
  { request }: Exchange,
  written: ResponseEvents,
  pieces: Pieces,
): AsyncGenerator<ResponseEvent, void, undefined> {
  for await (const event of allEvents(written, pieces, request.id)) if (written.isNew(event)) yield event;
}

async function* allEvents(
  written: ResponseEvents,
  pieces: Pieces,
  requestId: string,
): AsyncGenerator<ResponseEvent, void, undefined> {
  yield* written.opening();
  try {
    for await (const piece of pieces) yield* written.of(piece);
  } catch (error) {
    yield* written.failed(toFault(error), requestId);
  }
}

/** The events of a stored response after one that the client has, and those that are still to come. */
async function streamedAgain(exchange: Exchange, options: OpenAiOptions, after: number | undefined) {
  const { caller, request } = exchange;
  const id = idIn(exchange);
  const stored = await storedResponse(caller, id);
  const at = runAt(stored);
  const isWhole = (at === stored.run ? await lastOf(caller, at) : at).output_json !== null;
  const answer = { isWhole, dashboard: dashboardOf(request, options), afterTurn: stored.afterTurn };
  const pieces = at === stored.run ? answerOf(caller, at.id, answer) : answerIn([at], answer);
  return events(exchange, new ResponseEvents(id, askedOf(at), after), pieces);
}

/** What is known of the request of a stored response. */
const askedOf = ({ agent, thread }: RunDetail): Asked => ({
  model: agent,
  conversation: thread && conversationId(thread.id),
});

/** A response as far as it is; while its run is in progress, without output. */
const read = (exchange: Exchange, options: OpenAiOptions) =>
  readResponse(exchange.caller, idIn(exchange), dashboardOf(exchange.request, options));

async function readResponse(caller: Caller, id: string, dashboard: string) {
  const stored = await storedResponse(caller, id);
  const at = runAt(stored);
  const asked = askedOf(at);
  const last = at === stored.run ? await lastOf(caller, at) : at;
  const { state } = last;
  const runs = at === stored.run ? await runsTo(caller, at.id, last) : [at];
  if (state === "failed" || state === "cancelled")
    return responseOf(id, asked, { status: state, output: [], run: last, usage: usageOf(runs) });
  // While a tool asks a user, the call is in progress.
  const isAskedByTool = at === stored.run && state === "awaiting-input" && !last.resting;
  if (IN_PROGRESS.has(state) || isAskedByTool)
    return responseOf(id, asked, { status: "in_progress", output: [], run: last });
  const isWhole = last.output_json !== null;
  return whole(id, asked, runs, { isWhole, dashboard, afterTurn: stored.afterTurn });
}

const IN_PROGRESS: ReadonlySet<string> = new Set(["queued", "running", "awaiting-reply", "awaiting-approval"]);

function whole(id: string, asked: Asked, runs: readonly RunDetail[], options: AnswerOptions) {
  const output: OutputItem[] = [];
  let text = "";
  for (const piece of answerIn(runs, options)) {
    if (piece.type === "text") text += piece.text;
    else if (piece.type === "calls") output.push(...piece.calls.map((call) => callItem(call)));
    else {
      const message = text === "" && output.length > 0 ? [] : [messageItem(id, text)];
      return responseOf(id, asked, { status: "completed", output: [...message, ...output], ...piece });
    }
  }
  throw new TypeError("an answer has no end");
}
