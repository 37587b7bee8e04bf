import { CaxtonError } from "../../../kernel/errors.ts";
import { operations, type RunDetail } from "../../contract/index.ts";
import type { Caller } from "../../operations/index.ts";

/** The id names no response that the caller may read. */
class ResponseNotFoundError extends CaxtonError<{ readonly response: string }> {
  readonly code = "RESPONSE_NOT_FOUND";
  readonly kind = "not-found";
}

/** The tag of runs whose responses cannot be read later. */
export const UNSTORED = "openai-unstored";
const ID = /^resp_(?<run>[0-9a-f-]{36})_(?<turn>\d{1,6})(?:\.(?<pause>\d{1,6}))?$/;

/** A place in a run at which a client was waited for: a turn, and how many pauses of that turn were before. */
export type Place = { readonly afterTurn: number; readonly afterPause: number };
/** A response is a part of a run: from one pause to the next. */
export type Stored = Place & { readonly run: RunDetail };

export const responseId = (run: string, { afterTurn, afterPause }: Place): string =>
  `resp_${run}_${afterTurn}${afterPause === 0 ? "" : `.${afterPause}`}`;

type Pause = Place & { readonly isOver: boolean; readonly calls: readonly string[] };

/** The pauses of a run in their order: in each turn for the results of the client's tools, and for the answer to each question. */
function pausesOf({ step_list: steps, client_calls: calls, questions }: RunDetail): readonly Pause[] {
  const turns = Map.groupBy(
    steps.filter((step) => step.kind === "tool"),
    ({ turn }) => turn,
  );
  return [...turns].flatMap(([afterTurn, tools]) => {
    const within = new Set(tools.map(({ call_id: call }) => call));
    const own = calls.filter(({ call_id: call }) => within.has(call));
    const asked = questions.filter(({ call_id: call }) => within.has(call));
    const pauses = [
      ...(own.length === 0
        ? []
        : [{ isOver: own.every(({ state }) => !OPEN.has(state)), calls: own.map(({ call_id: call }) => call) }]),
      ...asked.map(({ state, call_id: call }) => ({ isOver: !OPEN.has(state), calls: [call] })),
    ];
    return pauses.map((pause, afterPause) => ({ ...pause, afterTurn, afterPause }));
  });
}

const OPEN: ReadonlySet<string> = new Set(["open", "cancelled"]);

/** The place after the last pause that is over; the begin of the run without one. */
export function lastPlace(run: RunDetail): Place {
  const { afterTurn, afterPause } = pausesOf(run).findLast(({ isOver }) => isOver) ?? BEGIN;
  return { afterTurn, afterPause };
}
export const BEGIN: Place = { afterTurn: 0, afterPause: 0 };

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
