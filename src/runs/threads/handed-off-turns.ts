import type { RunId } from "../../kernel/ids.ts";
import { firstOf } from "../lifecycle/index.ts";
import type { RunJournal, RunSummary } from "../record/index.ts";
import { pathFrom, type Thread, type ThreadStore } from "./thread.ts";

type Deps = { readonly journal: Pick<RunJournal, "summary">; readonly store: Pick<ThreadStore, "path"> };

const summaryOf = (journal: Deps["journal"], id: RunId | null): RunSummary | undefined =>
  id === null ? undefined : journal.summary(id);

/** The turn before a request, for a turn of it that was handed off: the turns of one request are undone together. */
export function outsideHandOffs(journal: Deps["journal"], run: RunId | null): RunId | null {
  let at = summaryOf(journal, run);
  while (at !== undefined && at.handedTo !== null) at = summaryOf(journal, at.thread?.parent ?? null);
  return at?.id ?? null;
}

/** The last agent change of a branch by a hand-off, if the run after it is of this agent: the request that was handed off. */
export function requestHandedOff(
  { journal, store }: Deps,
  { head, agent }: Pick<Thread, "head" | "agent">,
): RunSummary | undefined {
  const runs = pathFrom(store, head).map(({ run }) => journal.summary(run));
  const last = runs.find((run) => run !== undefined && run.handedFrom !== null);
  return last?.agent === agent ? journal.summary(firstOf(journal, last.id)) : undefined;
}

/** The agent of a thread with another last turn; undefined if no hand-off lies between the two. */
export function agentAt(
  { journal, store }: Deps,
  { head, revision }: Pick<Thread, "head" | "revision">,
  to: RunId | null,
): Pick<Thread, "agent" | "revision"> | undefined {
  const pathTo = (last: RunId | null) =>
    pathFrom(store, last)
      .map(({ run }) => run)
      .toArray();
  const [shown, wanted] = [pathTo(head), pathTo(to)];
  const handedOff = (runs: readonly RunId[], others: readonly RunId[]) => {
    const common = new Set(others);
    const own = runs.filter((run) => !common.has(run)).flatMap((run) => journal.summary(run) ?? []);
    return own.filter(({ handedFrom }) => handedFrom !== null);
  };
  const [redone] = handedOff(wanted, shown);
  const run = redone ?? summaryOf(journal, handedOff(shown, wanted).at(-1)?.handedFrom ?? null);
  return run && { agent: run.agent, revision: revision === null ? null : run.revision };
}

/** The agent that answers in a branch for another one: that one itself, unless it has handed the branch off. */
export function answeringFor({ journal, store }: Deps, head: RunId | null, agent: string): string {
  let answering = agent;
  for (const { run } of pathFrom(store, head).toArray().toReversed()) {
    const turn = journal.summary(run);
    if (turn !== undefined && summaryOf(journal, turn.handedFrom)?.agent === answering) answering = turn.agent;
  }
  return answering;
}
