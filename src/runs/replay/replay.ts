import type { Clock } from "../../kernel/clock.ts";
import { mint, RunId } from "../../kernel/ids.ts";
import { type Accounts, openAccounts } from "../spending/index.ts";
import {
  type JournalEntry,
  type PlanSource,
  type RunEvent,
  type SuspendedState,
  type RunView,
  foldRun,
} from "../record/index.ts";
import {
  DEFAULT_QUEUE_OPTIONS,
  renderPrompts,
  requestedPlan,
  Runs,
  type QueueOptions,
  type StartRequest,
} from "../lifecycle/index.ts";
import { type ModelCatalogue } from "../../models/port/index.ts";
import { ToolCatalogues } from "../../tools/catalogue/index.ts";
import { compare, type Divergence } from "./comparison.ts";
import { MemoryJournal } from "./memory-journal.ts";
import { ArtifactPlayer, RecordedModel, ToolPlayer } from "./player.ts";
import { prefixOf, type Recording } from "./recording.ts";
import { joinedInputs, recordedInputs } from "./recorded-inputs.ts";

/** The rules of a server that a run's course depends on, besides definitions and tools. */
type ReplayRules = { readonly retry: QueueOptions["retry"]; readonly accounts: Omit<Accounts, "budgets"> };

export type ReplayDeps = {
  readonly plans: PlanSource;
  readonly models: Pick<ModelCatalogue, "resolve">;
  readonly tools: ToolCatalogues;
  readonly clock: Clock;
  /** Redaction of the journal, and so of the recording; default: none. */
  readonly hide?: ((text: string) => string) | undefined;
  /** The defaults where it is absent. */
  readonly replayRules?: ReplayRules | undefined;
};

export type ReplayReport = {
  /** Nothing but ids and times differs. */
  readonly same: boolean;
  /** Events that were held against the recording. */
  readonly compared: number;
  readonly divergences: readonly Divergence[];
  /** Why the replay ended before an end of its own, as a run that was cancelled does; null when it did not. */
  readonly stopped: string | null;
};

const REPLAY_MS_MAX = 60_000;

/**
 * Repeats a run from its recording with the execution code, and with this server's definitions, tools and rules: models
 * and tools return their recorded output, and none of them is called. The result is compared with the recording. Writes
 * nothing. Plans with the revision that the run had, or with `revision`. Throws the errors of reading the agent's
 * definition.
 */
export async function replayRun(
  recording: Recording,
  given: ReplayDeps,
  revision?: number | "latest",
): Promise<ReplayReport> {
  const deps = revision === undefined ? given : { ...given, plans: planningWith(given.plans, revision) };
  const view = foldRun(recording.entries);
  if (view === undefined) return { same: true, compared: 0, divergences: [], stopped: "the recording is empty" };
  const prompts = await promptDivergences(view, deps);
  const { entries, stopped } = await play(recording, deps);
  const { compared, divergences } = compare(recording.entries, entries, stopped === null);
  const all = [...prompts, ...divergences];
  return { same: all.length === 0, compared, divergences: all, stopped };
}

/** Plans every run with one revision of its agent. */
const planningWith = (plans: PlanSource, revision: number | "latest"): PlanSource => ({
  admit: (workspace, agent) => plans.admit(workspace, agent),
  plan: (workspace, agent) => plans.plan(workspace, agent, revision === "latest" ? undefined : revision),
});

/** Plays a recording through a separate engine; returns the resulting journal. */
async function play(
  recording: Recording,
  { plans, models, tools, clock, replayRules }: ReplayDeps,
): Promise<{ readonly entries: readonly JournalEntry[]; readonly stopped: string | null }> {
  const runId = mint(RunId);
  const stopped = stoppedAt(clock.nowMs());
  const over = Promise.withResolvers<string | null>();
  const joined = new Map(joinedInputs(recording));
  const join = (turn: number): void => {
    const events = joined.get(turn) ?? [];
    joined.delete(turn);
    if (events.length > 0) runs.update(runId, () => events).catch((error: unknown) => over.resolve(String(error)));
  };
  const prefix = prefixOf(recording).map(({ event }) => event);
  const prefixTurns = prefix.reduce((turn, event) => (event.type === "model-end" ? event.step : turn), 0);
  const onEvent = (event: RunEvent): void => {
    // Inputs of a prefix are part of it, so the first ones follow its last turn.
    if (event.type === "run-start") join(prefixTurns);
    if (event.type === "model-start" && event.step > prefixTurns) join(event.step);
    if (event.type === "run-complete" || event.type === "run-fail") over.resolve(null);
    if (event.type === "run-wait") over.resolve("a call would wait for a decision");
    if (event.type === "run-suspend") setImmediate(() => void resume(event.state));
  };
  const journal = new MemoryJournal(runId, onEvent, recording.past ?? (() => undefined));
  await journal.append(prefix.map((event) => ({ runId, atMs: 0, event })));
  const player = { recording, journal, onEnd: (why: string) => over.resolve(why) };
  const stand = new RecordedModel(player);
  const runs = new Runs(
    {
      journal,
      plans,
      models: { resolve: async (choice, role) => stand.standIn(await models.resolve(choice, role), role) },
      tools: new ToolCatalogues((workspace) => new ToolPlayer(player, () => tools.of(workspace).servers())),
      artifacts: new ArtifactPlayer(recording),
      clock: stopped,
      accounts: { ...openAccounts(stopped), ...replayRules?.accounts },
    },
    {
      ...DEFAULT_QUEUE_OPTIONS,
      retry: replayRules?.retry ?? DEFAULT_QUEUE_OPTIONS.retry,
      pauseUntilResumed: true,
    },
  );
  const resume = async (state: SuspendedState) => {
    const events = recordedInputs(recording, journal.entries, state);
    if (events.length === 0) return over.resolve("it waits for a person, and the recording has no answer");
    await runs.update(runId, () => events).catch((error: unknown) => over.resolve(String(error)));
  };
  const timer = new AbortController();
  void clock.sleep(REPLAY_MS_MAX, timer.signal).then(
    () => over.resolve(`it took longer than ${REPLAY_MS_MAX / 1_000} seconds`),
    () => undefined,
  );
  runs.resumeUnfinished();
  const why = await over.promise;
  timer.abort("the replay is over");
  const made = journal.entries.slice();
  await runs[Symbol.asyncDispose]();
  return { entries: made, stopped: why };
}

/** A stopped clock: nothing times out, and a sleep lasts until the replay is over. */
const stoppedAt = (nowMs: number): Clock => ({
  nowMs: () => nowMs,
  monotonicMs: () => 0,
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (ms === 0) resolve();
      if (signal?.aborted) reject(signal.reason);
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    }),
});

/** The message that started a run, as its prompt has it. */
function messageIn({ message }: RunView): StartRequest["message"] {
  if (message === null) return undefined;
  const { performative, sender, conversationId, protocol } = message;
  return {
    link: message,
    prompt: { performative, sender, conversationId, protocol: protocol ?? undefined, history: [] },
  };
}

/** Whether the request would be put to the model in the same words. */
async function promptDivergences(
  view: RunView,
  { plans, hide = (text) => text }: ReplayDeps,
): Promise<readonly Divergence[]> {
  // A fork's prompts are those of the run it came from, whatever its own revision says.
  if (view.origin?.kind === "fork") return [];
  const plan = requestedPlan(await plans.plan(view.workspace, view.agent, view.revision), view);
  // A template may show the earlier messages of the conversation, which the recording does not have.
  if (view.message !== null && plan.earlierTurnsMax === 0) return [];
  const schema = view.outputSchema ?? plan.outputSchema;
  const { system, prompt } = renderPrompts(
    {
      input: view.input,
      variables: view.variables ?? undefined,
      files: view.files,
      message: messageIn(view),
      handedFrom: view.handedFrom ?? undefined,
      transcript: view.transcript ?? undefined,
      instructions: view.instructions,
    },
    plan,
    {
      schema,
      nowMs: view.createdAtMs,
      recalled: view.recalled,
    },
  );
  const rendered = { system: hide(system), prompt: hide(prompt) };
  const what = { turn: null, event: "run-queue" satisfies RunEvent["type"], tool: null };
  return (["system", "prompt"] as const)
    .filter((field) => rendered[field] !== view[field])
    .map((field) => ({
      ...what,
      field: `content.${field}`,
      recorded: view[field],
      replayed: rendered[field],
      reason: "the definition's prompts are filled otherwise",
    }));
}
