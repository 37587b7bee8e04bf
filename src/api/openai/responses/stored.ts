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
const ID = /^resp_(?<run>[0-9a-f-]{36})_(?<segment>\d{1,6})$/;

/** A response is a part of a run: its turns after `afterTurn`, up to the next call of a tool of the client. */
export type Stored = { readonly run: RunDetail; readonly afterTurn: number };

export const responseId = (run: string, afterTurn: number): string => `resp_${run}_${afterTurn}`;

/** Throws ResponseNotFoundError for an id of another server, of another principal's run, or of a response that is not stored. */
export async function storedResponse(caller: Caller, id: string): Promise<Stored> {
  const { run: name, segment } = ID.exec(id)?.groups ?? {};
  const run = name && (await caller.perform(operations.run.get, { id: name }).catch(notFound));
  if (!run || run.tags.includes(UNSTORED))
    throw new ResponseNotFoundError(`there is no response ${id}`, "Responses with store: false are not stored.", {
      response: id,
    });
  return { run, afterTurn: Number(segment) };
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

/** The run as it was at the end of a response: calls that were answered since are open in it. */
export function runAt({ run, afterTurn }: Stored): RunDetail {
  const turnOf = (call: string) =>
    run.step_list.find((step) => step.kind === "tool" && step.call_id === call)?.turn ?? Number.POSITIVE_INFINITY;
  const calls = run.client_calls.map((call) => ({ ...call, turn: turnOf(call.call_id) }));
  const end = Math.min(...calls.map(({ turn }) => turn).filter((turn) => turn > afterTurn));
  if (
    !Number.isFinite(end) ||
    calls.some(({ turn, state }) => turn === end && (state === "open" || state === "cancelled"))
  )
    return run;
  return {
    ...run,
    state: "awaiting-input",
    step_list: run.step_list.filter(({ turn }) => turn <= end),
    client_calls: calls
      .filter(({ turn }) => turn === end)
      .map(({ turn: _turn, ...call }) => ({ ...call, state: "open" })),
  };
}
