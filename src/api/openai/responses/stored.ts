import { CaxtonError } from "../../../kernel/errors.ts";
import { operations, type RunDetail } from "../../contract/index.ts";
import type { Caller } from "../../operations/index.ts";
import { type Pause, pausesOf, type Place } from "../chat/pauses.ts";

/** The id names no response that the caller may read. */
class ResponseNotFoundError extends CaxtonError<{ readonly response: string }> {
  readonly code = "RESPONSE_NOT_FOUND";
  readonly kind = "not-found";
}

/** The tag of runs whose responses cannot be read later. */
export const UNSTORED = "openai-unstored";
const ID = /^resp_(?<run>[0-9a-f-]{36})_(?<turn>\d{1,6})(?:\.(?<pause>\d{1,6}))?$/;

/** A response is a part of a run: from one pause to the next. */
export type Stored = Place & { readonly run: RunDetail };

export const responseId = (run: string, { afterTurn, afterPause }: Place): string =>
  `resp_${run}_${afterTurn}${afterPause === 0 ? "" : `.${afterPause}`}`;

/** Throws ResponseNotFoundError for an id of another server, of another principal's run, or of a response that is not stored. */
export async function storedResponse(caller: Caller, id: string): Promise<Stored> {
  const { run: name, turn, pause = "0" } = ID.exec(id)?.groups ?? {};
  const run = name && (await caller.perform(operations.run.get, { id: name }).catch(notFound));
  if (!run || run.tags.includes(UNSTORED))
    throw new ResponseNotFoundError(`there is no response ${id}`, "Responses with store: false are not stored.", {
      response: id,
    });
  return { run, afterTurn: Number(turn), afterPause: Number(pause) };
}

function notFound(error: unknown): undefined {
  if (!(error instanceof CaxtonError) || error.kind !== "not-found") throw error;
}

/** The last of the runs that were handed off from one. */
export async function lastOf(caller: Caller, run: RunDetail): Promise<RunDetail> {
  let last = run;
  while (last.handed_to !== null) last = await caller.perform(operations.run.get, { id: last.handed_to });
  return last;
}

/** The run as it was at the end of a response: what was answered since is open in it. */
export function runAt({ run, ...place }: Stored): RunDetail {
  const end = pausesOf(run).find((pause) => isAfter(pause, place) && endsResponse(run, pause));
  if (end === undefined || !end.isOver) return run;
  const isOfEnd = ({ call_id: call }: { readonly call_id: string }) => end.calls.includes(call);
  return {
    ...run,
    state: "awaiting-input",
    step_list: run.step_list.filter(({ turn }) => turn <= end.afterTurn),
    client_calls: run.client_calls.filter(isOfEnd).map((call) => ({ ...call, state: "open" })),
    questions: run.questions.filter(isOfEnd).map((question) => ({ ...question, state: "open" })),
  };
}

const isAfter = (pause: Place, { afterTurn, afterPause }: Place): boolean =>
  pause.afterTurn > afterTurn || (pause.afterTurn === afterTurn && pause.afterPause > afterPause);

/** A response does not end with a question that a tool asks: its call is in progress. */
const endsResponse = ({ questions }: RunDetail, { calls }: Pause): boolean =>
  !questions.some(({ call_id: call, server }) => server !== ASKS && calls.includes(call));
const ASKS = "user";
