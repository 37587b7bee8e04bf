import type { RunDetail } from "../../contract/index.ts";

/** A place in a run at which a client was waited for: a turn, and how many pauses of that turn were before. */
export type Place = { readonly afterTurn: number; readonly afterPause: number };
export const BEGIN: Place = { afterTurn: 0, afterPause: 0 };

export type Pause = Place & { readonly isOver: boolean; readonly calls: readonly string[] };

/** The pauses of a run in their order: in each turn for the results of the client's tools, and for the answer to each question. */
export function pausesOf({ step_list: steps, client_calls: calls, questions }: RunDetail): readonly Pause[] {
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
