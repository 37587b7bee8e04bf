import { mint, RunId } from "../../../kernel/ids.ts";
import { type GivenTo, operations, type RunDetail } from "../../contract/index.ts";
import { type Caller, RequestIds, settledOrBlocked } from "../../operations/index.ts";
import type { OpenAiOptions } from "../options.ts";
import { readCallId } from "./answer.ts";
import { type Dialogue, readDialogue } from "./dialogue.ts";
import { BEGIN, lastPlace, type Place } from "./pauses.ts";
import type { ChatMessage, ChatRequest, ChatTool } from "./request.ts";

export type Start = GivenTo<typeof operations.run.start>;

/** A run that answers a request, and the place up to which it was sent to the client before. */
export type Begun = Place & {
  readonly run: string;
  /** Waits until the run, or the one that it was handed off to, ends or waits for a person, itself or by a run below it. */
  readonly settled: () => Promise<RunDetail>;
};

export type Request = {
  readonly asked: ChatRequest;
  /** Value of the header `x-caxton-purpose`. */
  readonly purpose: string | undefined;
  /** Tags of the run, besides `openai`. */
  readonly tags?: readonly string[];
  /** Ids for what the request creates, if it may be sent again. */
  readonly ids?: RequestIds | undefined;
};

const TEXT = ":text";

/** Continues the run that waits for the results in a request, or starts one; `instead` can do something else than start it. */
export async function begin(
  caller: Caller,
  { asked, purpose, tags = [], ids: given }: Request,
  options: OpenAiOptions,
  instead?: (start: Start) => Promise<Begun>,
): Promise<Begun> {
  const continued = await continueRun(caller, asked.messages);
  if (continued !== undefined) return continued;
  const dialogue = await readDialogue(caller, asked.messages);
  const isAuxiliary =
    purpose === "auxiliary" ||
    asked.model.endsWith(TEXT) ||
    options.auxiliary.some((beginning) => dialogue.input.startsWith(beginning));
  const start = { ...startOf(asked, dialogue, { isAuxiliary, options }), tags: ["openai", ...tags] };
  if (instead !== undefined) return instead(start);
  if (asked.stream === true || given !== undefined) {
    const { id } = await caller.perform(operations.run.start, start, { asked: given });
    return { run: id, ...BEGIN, settled: () => settledOrBlocked(caller, id) };
  }
  // Awaited by the operation itself: following events that are not sent costs more.
  const ids = new RequestIds(mint(RunId), false);
  const ended = caller.perform(operations.run.start, { ...start, wait: true }, { asked: ids });
  return { run: ids.run(), ...BEGIN, settled: () => ended };
}

function startOf(
  { model, tools, tool_choice: choice, response_format: format }: ChatRequest,
  { instructions, ...dialogue }: Dialogue,
  { isAuxiliary, options }: { readonly isAuxiliary: boolean; readonly options: OpenAiOptions },
): Start {
  const offered = isAuxiliary || choice === "none" ? [] : (tools ?? []);
  const schema = format?.type === "json_schema" ? format.json_schema.schema : { type: "object" };
  return {
    ...dialogue,
    agent: model.endsWith(TEXT) ? model.slice(0, -TEXT.length) : model,
    side_effects: options.side_effects,
    text_only: isAuxiliary,
    ...(instructions !== "" && { instructions }),
    ...(offered.length > 0 && { client_tools: offered.map(clientTool) }),
    ...(format != null && format.type !== "text" && { output_schema: schema }),
  };
}

const clientTool = ({ function: { name, description, parameters } }: ChatTool) => ({
  name,
  ...(description !== undefined && { description }),
  ...(parameters !== undefined && { input_schema: parameters }),
});

/**
 * Gives the results at the end of a request to the run that waits for them. Undefined if no run does: it ended meanwhile, another server
 * asked, or the client answered it already; the request is then a dialogue like any other.
 */
async function continueRun(caller: Caller, messages: readonly ChatMessage[]): Promise<Begun | undefined> {
  const results = trailingResults(messages);
  const run = readCallId(results[0]?.tool_call_id ?? "")?.run;
  if (run === undefined) return undefined;
  const waiting = await caller.perform(operations.run.get, { id: run }).catch(() => undefined);
  const open = new Set(waiting?.client_calls.filter(({ state }) => state === "open").map(({ id }) => id));
  const found = results.flatMap(({ tool_call_id: id, content }) => {
    const named = readCallId(id);
    return named?.run === run && open.has(named.input) ? [{ input: named.input, content }] : [];
  });
  // Some results only: the model would wait for the others, and this client sends none.
  if (waiting === undefined || found.length === 0 || found.length < open.size) return undefined;
  for (const { input, content } of found)
    await caller.perform(operations.run.input, { id: run, input, action: "accept", content });
  const place = lastPlace({
    ...waiting,
    client_calls: waiting.client_calls.map((call) => ({ ...call, state: "accepted" })),
  });
  return { run, ...place, settled: () => settledOrBlocked(caller, run) };
}

function trailingResults(messages: readonly ChatMessage[]): readonly Extract<ChatMessage, { role: "tool" }>[] {
  const last = messages.findLastIndex(({ role }) => role !== "tool");
  return messages.slice(last + 1).filter((message) => message.role === "tool");
}
