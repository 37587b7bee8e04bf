import { operations, type RunSummary } from "../../api/contract/index.ts";
import type { Client } from "../client/index.ts";
import { RunReferenceError } from "./errors.ts";

const WHOLE_ID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;
const PART_OF_ID = /^[0-9a-f-]{4,}$/i;
const SEARCHED_MAX = 200;
const SHOWN_CHARS = 8;

/** End of a run's id: ids begin with the time, so that only the end distinguishes them. */
export const shortRunId = (id: string): string => id.slice(-SHOWN_CHARS);

/** The id meant by a whole id, by `last`, or by the beginning or end of one of the newest 200. Throws RunReferenceError. */
export async function resolveRun(client: Client, reference: string): Promise<string> {
  if (WHOLE_ID.test(reference)) return reference.toLowerCase();
  const newest = await newestRuns(client, reference === "last" ? 1 : SEARCHED_MAX);
  if (reference === "last") {
    const [last] = newest;
    if (last) return last.id;
    throw new RunReferenceError("there are no runs yet", 'start one with: caxton run <agent> "..."', {});
  }
  const part = reference.toLowerCase();
  const fitting = PART_OF_ID.test(part) ? newest.filter(({ id }) => id.startsWith(part) || id.endsWith(part)) : [];
  const [only, ...others] = fitting;
  if (only && others.length === 0) return only.id;
  throw only
    ? new RunReferenceError(
        `"${reference}" fits ${fitting.length} runs`,
        `type more of the id: ${fitting
          .slice(0, 3)
          .map(({ id }) => id)
          .join(", ")}`,
        { reference },
      )
    : new RunReferenceError(
        `there is no run "${reference}" among the newest ${SEARCHED_MAX}`,
        "a run is named by its id, by the last characters of it, or by the word last; see: caxton run list",
        { reference },
      );
}

async function newestRuns(client: Client, limit: number): Promise<readonly RunSummary[]> {
  const { value } = await client.call(operations.run.list, { limit });
  return value.items;
}
