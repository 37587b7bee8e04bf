import type { RunDetail, Step } from "../../../src/api/contract/index.ts";

/** Whether a fork has a step from the run that it was made from: it took no time and cost nothing again. */
export const isInherited = ({ origin }: Pick<RunDetail, "origin">, { index }: Pick<Step, "index">): boolean =>
  origin?.step != null && index < origin.step;
