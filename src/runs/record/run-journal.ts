import type { Amounts, Spend } from "../../agents/budgets/index.ts";
import type { RunId } from "../../kernel/ids.ts";
import type { MessageCause } from "../../messaging/acl/index.ts";
import type { JournalEntry, RunEvent, RunOrigin, RunThread } from "./run-event.ts";
import type { RunMessage } from "./run-message.ts";
import type { RunState } from "./run-state.ts";

/** A run as lists show it: one row, kept up to date by the journal itself. */
export type RunSummary = {
  readonly id: RunId;
  readonly workspace: string;
  readonly agent: string;
  readonly revision: number;
  /** The model that answered last; null before the first turn. */
  readonly model: string | null;
  readonly state: RunState;
  /** The run is suspended: it resumes only after an answer. */
  readonly resting: boolean;
  /** The first 200 characters. */
  readonly inputPreview: string;
  readonly outputPreview: string;
  readonly createdAtMs: number;
  readonly startedAtMs: number | null;
  readonly endedAtMs: number | null;
  /** Turns of the model. */
  readonly steps: number;
  readonly toolCalls: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly failureCode: string | null;
  readonly failureMessage: string | null;
  /** Codes of the notices for readers of the answer, for example `tools_failed`. */
  readonly notices: readonly string[];
  /** Amounts charged to its budgets; tokens that a provider did not report are estimates. */
  readonly spent: Amounts;
  /** Model calls whose price is not known, and that `spent.usd` leaves out. */
  readonly unpricedCalls: number;
  /** Model calls whose tokens are estimates. */
  readonly estimatedCalls: number;
  readonly origin: RunOrigin | null;
  /** The message that started it; null when none did. */
  readonly message: RunMessage | null;
  /** The message that fired its trigger; null without one. */
  readonly cause: MessageCause | null;
  /** The thread that it is a turn of; null for none. */
  readonly thread: Pick<RunThread, "id" | "parent"> | null;
  readonly tags: readonly string[];
  /** The run that it works for; null for none. */
  readonly parent: RunId | null;
  /** The run that was handed off to it; null for none. */
  readonly handedFrom: RunId | null;
  /** The run that continues it after a hand-off; null for none. */
  readonly handedTo: RunId | null;
};

export type RunQuery = {
  readonly workspace: string;
  readonly agent: string | undefined;
  readonly state: RunState | undefined;
  readonly tag?: string | undefined;
  /** Words of messages and answers. */
  readonly search?: string | undefined;
  /** Only those created at this time or later. */
  readonly sinceMs?: number | undefined;
  /** Only those created before. */
  readonly untilMs?: number | undefined;
  /** Only those that messages of this conversation started. */
  readonly conversation?: string | undefined;
  /** Only turns of this thread. */
  readonly thread?: string | undefined;
  /** The id of the last run of the page before; newest come first. */
  readonly before: RunId | undefined;
  readonly limit: number;
};

export type JournalAppend = {
  readonly runId: RunId;
  readonly atMs: number;
  readonly event: RunEvent;
  /**
   * Amounts that the event reports as used; counted in the same transaction. Absent for an event that is copied from
   * another run.
   */
  readonly spend?: Spend | undefined;
};

/** `soon` is within some milliseconds, together with what has to be written anyway. */
export type WriteTime = "now" | "soon";

/** The append-only record of runs. Each method is one transaction. */
export interface RunJournal {
  /** Durable when resolved, in the order given; several callers' appends share a commit. Throws StorageFullError, StorageError. */
  append(entries: readonly JournalAppend[], when?: WriteTime): Promise<readonly JournalEntry[]>;
  /** A run's entries after `afterSeq`, in order; empty for an unknown run. */
  read(runId: RunId, afterSeq: number): readonly JournalEntry[];
  summary(runId: RunId): RunSummary | undefined;
  /** The run that precedes a run in its branch, or that it was handed off from; null for none, undefined for an unknown run. */
  predecessor(runId: RunId): RunId | null | undefined;
  /** What was kept of an ended run for the next ones of its thread. */
  past(runId: RunId): string | undefined;
  /** Keeps it until the run is deleted, so that it need not be derived from the journal again. */
  keepPast(runId: RunId, past: string): Promise<void>;
  /** Amounts that the run, those below it and those that it was handed off to spent; undefined for an unknown run. */
  spent(runId: RunId): Amounts | undefined;
  /** Replaces the tags of a run. They are no part of its journal, since they change after its end too. */
  tag(runId: RunId, tags: readonly string[]): Promise<void>;
  /** Newest first. */
  list(query: RunQuery): readonly RunSummary[];
  /** Runs that were made from this one, oldest first. */
  madeFrom(runId: RunId): readonly RunSummary[];
  /** Runs that work for this one or continue it after a hand-off, and those of these, oldest first. */
  below(runId: RunId): readonly RunSummary[];
  /** Runs neither ended nor resting, oldest first: what a start of the server continues. */
  unfinished(): readonly RunId[];
  /** Runs in a state, of every workspace, oldest first. */
  inState(state: RunState): readonly RunId[];
  /** Number of runs per state. */
  counts(workspace: string): { readonly [State in RunState]: number };
}

/** The journal of all runs as one sequence, for who follows them all. */
export interface RunTail {
  /** The number of the newest entry; 0 for an empty journal. */
  lastSeq(): number;
  /** Runs with entries after `afterSeq`, each with the first of them, in their order; `limit` at most. */
  runsChangedAfter(afterSeq: number, limit: number): readonly { readonly runId: RunId; readonly seq: number }[];
}
