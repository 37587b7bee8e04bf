import { CaxtonError } from "../../kernel/errors.ts";
import type { RunId } from "../../kernel/ids.ts";
import type { RunEvent, RunJournal } from "../../runs/index.ts";
import type { RequestIds } from "./request-ids.ts";

/**
 * Whether a request repeated after a crash was already applied: the run's journal has a matching event since the first
 * request. Always false for a request that is not repeated.
 */
export const wasApplied = (
  { journal }: { readonly journal: Pick<RunJournal, "read"> },
  run: RunId,
  asked: RequestIds | undefined,
  says: (event: RunEvent) => boolean,
): boolean =>
  asked?.isRepeated === true && journal.read(run, 0).some(({ event, atMs }) => atMs >= asked.sinceMs && says(event));

/**
 * Runs `act`. If a request repeated after a crash conflicts with the current state, its first execution may be the cause: the
 * result is then `current()`, which returns undefined if the state differs from the requested one.
 */
export async function idempotent<Result>(
  asked: RequestIds | undefined,
  act: () => Promise<Result>,
  current: () => Promise<Result | undefined> | Result | undefined,
): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    const mayBeDone = asked?.isRepeated === true && error instanceof CaxtonError && error.kind === "conflict";
    const found = mayBeDone ? await current() : undefined;
    if (found === undefined) throw error;
    return found;
  }
}
