import { CaxtonError } from "../../kernel/errors.ts";
import type { RunId } from "../../kernel/ids.ts";
import type { RunEvent, RunJournal } from "../../runs/index.ts";
import type { AskedIds } from "./asked-ids.ts";

/**
 * Whether a request that came again after a crash was carried out already: its run's journal has what it says, written since
 * the request came first. Of a request that came once it is not asked.
 */
export const isSaid = (
  { journal }: { readonly journal: Pick<RunJournal, "read"> },
  run: RunId,
  asked: AskedIds | undefined,
  says: (event: RunEvent) => boolean,
): boolean =>
  asked?.isRepeated === true && journal.read(run, 0).some(({ event, atMs }) => atMs >= asked.sinceMs && says(event));

/**
 * What a request does. When it came again after a crash and conflicts with how things are, which may be its own doing, it is
 * answered with how they are, where they are as it asks: `asItIs` gives undefined where they are not.
 */
export async function orAsItIs<Result>(
  asked: AskedIds | undefined,
  act: () => Promise<Result>,
  asItIs: () => Promise<Result | undefined> | Result | undefined,
): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    const mayBeDone = asked?.isRepeated === true && error instanceof CaxtonError && error.kind === "conflict";
    const found = mayBeDone ? await asItIs() : undefined;
    if (found === undefined) throw error;
    return found;
  }
}
