import { RevisionNotFoundError } from "../../agents/definitions/index.ts";
import { KeyedMutex } from "../../kernel/async/keyed-mutex.ts";
import type { Clock } from "../../kernel/clock.ts";
import { mint, RunId, ThreadId } from "../../kernel/ids.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import { type PendingReplies, type Runs, type StartRequest } from "../lifecycle/index.ts";
import type { RunArchive, RunJournal, RunSummary } from "../record/index.ts";
import { addedTo, addTo, type NewMessage, removeFrom, takenBy } from "./added-messages.ts";
import { busy, queueFull, threadFull, threadNotFound, TurnNotFoundError } from "./errors.ts";
import { agentAt, answeringFor, outsideHandOffs, requestHandedOff } from "./handed-off-turns.ts";
import { answer, steer } from "./join-run.ts";
import { cancelOwn, isOwn, openFrom, since } from "./open-turns.ts";
import {
  type AddedMessage,
  pathFrom,
  type Thread,
  type ThreadChange,
  threadIdOfKey,
  type ThreadStore,
  type ThreadTurn,
} from "./thread.ts";

/** Handling of a message that is sent while the agent works on an earlier one of the thread. */
export const WHEN_BUSY = ["queue", "steer", "interrupt", "reject"] as const;
export type WhenBusy = (typeof WHEN_BUSY)[number];

export type ThreadsDeps = {
  readonly store: ThreadStore;
  readonly runs: Runs;
  readonly replies: Pick<PendingReplies, "answer">;
  readonly journal: RunJournal;
  readonly archive: RunArchive;
  readonly clock: Clock;
  /** Redacts what is stored of a message. */
  readonly redact: <Message extends NewMessage>(message: Message) => Message;
};

export type NewThread = Pick<Thread, "workspace" | "agent" | "revision" | "owner" | "title" | "tags"> & {
  readonly id?: ThreadId | undefined;
  /** Name of the creator's own: the thread that has it is returned, if there is one. Takes the place of `id`. */
  readonly key?: string | null | undefined;
  /** Time until it is deleted; null: never. */
  readonly expiresAfterMs: number | null;
  /** The run that the first message continues; undefined for a new dialogue. */
  readonly from?: RunId | undefined;
  readonly forkedFrom?: ThreadId | undefined;
};

export type ThreadUpdate = Omit<ThreadChange, "expiresAtMs"> & { readonly expiresAfterMs?: number | null | undefined };

export type Send = Omit<StartRequest, "workspace" | "agent" | "revision" | "thread" | "message" | "from"> & {
  readonly author: string;
  /** Id that the client gave the message. */
  readonly messageId?: string | undefined;
  /** The request was sent before and may have been executed. */
  readonly isRepeated: boolean;
  readonly whenBusy: WhenBusy;
  /** The message may be the answer to an open question of the agent: it has nothing but a text, and asks for no other handling. */
  readonly mayAnswer?: boolean | undefined;
  /** Handling while the turn in progress waits for a person or the caller; `queue`, the default: as `whenBusy` says. */
  readonly whenWaiting?: "queue" | "answer" | "reject" | undefined;
  /** The turn that it continues, or the last one that this one was handed off to; default: the head. */
  readonly continues?: RunId | undefined;
  /** Moves the thread to an agent, unless that agent has handed the branch off to the one that answers in it. */
  readonly moveTo?: Pick<Thread, "agent" | "revision"> | undefined;
  /** The turn that this message replaces: a further branch begins before it. */
  readonly insteadOf?: RunId | undefined;
  /** Its requests have the earlier turns in full, as far as the window allows. */
  readonly hasWholeHistory?: boolean | undefined;
};

/** What the next request of a branch leaves out of the earlier turns. */
export type Compaction = {
  readonly summary: string;
  readonly of: (run: RunId) => "whole" | "shortened" | "summarized";
};

/** A message became a turn, or joined the run that was in progress. */
export type Sent = {
  readonly run: RunId;
  readonly joined: boolean;
  readonly ended: ReturnType<Runs["waitUntilSettled"]>;
};

const RUNS_PER_WRITE = 200;

/**
 * Threads: lasting dialogues whose turns are runs.
 * threads.H1. A message that `send` accepted is on disk, as a turn with its place in the thread or as input of the run that
 *   it joined.
 * threads.H2. Turns of one branch execute one after the other, in the order in which they were accepted.
 * threads.H3. A turn never changes: editing a message begins another branch.
 * threads.H4. A message of a fork waits for a turn in progress that the fork shares; it never joins, answers or cancels it.
 */
export class Threads {
  readonly #deps: ThreadsDeps;
  /** The place of a message is chosen by one sender at a time. */
  readonly #sending = new KeyedMutex<ThreadId>();

  constructor(deps: ThreadsDeps) {
    this.#deps = deps;
  }

  /** Creates a thread, or returns the one with the same id or key; on disk when resolved. Throws storage errors. */
  async create({ key, id = mint(ThreadId), ...given }: NewThread): Promise<Thread> {
    const own = typeof key === "string" ? threadIdOfKey(given.workspace, key) : id;
    return this.#sending.run(own, async () => this.#deps.store.get(own) ?? this.#create(own, key ?? null, given));
  }

  async #create(
    id: ThreadId,
    key: string | null,
    { from, forkedFrom, expiresAfterMs, ...given }: Omit<NewThread, "id" | "key">,
  ): Promise<Thread> {
    // What a fork shares outlives the thread that it is a fork of, and no other.
    if (from !== undefined && forkedFrom !== undefined) this.#turnOf(this.get(forkedFrom), from);
    const atMs = this.#deps.clock.nowMs();
    const shared = forkedFrom ?? this.#summary(from ?? null)?.thread?.id ?? null;
    const places = { head: from ?? null, forkedFrom: shared, conversationId: null };
    const expiresAtMs = expiresAfterMs === null ? null : atMs + expiresAfterMs;
    const thread: Thread = { ...given, id, key, ...places, createdAtMs: atMs, updatedAtMs: atMs, expiresAtMs };
    await this.#deps.store.insert(thread);
    return thread;
  }

  /** Throws ThreadNotFoundError. */
  get(id: ThreadId): Thread {
    const thread = this.#deps.store.get(id);
    if (thread) return thread;
    throw threadNotFound(id);
  }

  /** A thread of a workspace by what a client wrote. Throws ThreadNotFoundError. */
  find(workspace: string, text: string): Thread {
    const id = ThreadId.safeParse(text);
    const thread = id.success ? this.#deps.store.get(id.data) : undefined;
    if (thread?.workspace === workspace) return thread;
    throw threadNotFound(text);
  }

  list({ key, ...query }: Parameters<ThreadStore["list"]>[0] & { readonly key?: string | undefined }) {
    const id = key === undefined ? undefined : threadIdOfKey(query.workspace, key);
    return this.#deps.store.list({ ...query, id });
  }

  /** Throws ThreadNotFoundError, TurnNotFoundError for a head of another thread, storage errors. */
  async update(id: ThreadId, { expiresAfterMs, ...given }: ThreadUpdate): Promise<Thread> {
    return this.#sending.run(id, async () => {
      const { head: asked } = given;
      const thread = this.get(id);
      if (asked !== undefined && asked !== null) this.#turnOf(thread, asked);
      const head = asked === undefined ? undefined : outsideHandOffs(this.#deps.journal, asked);
      const atMs = this.#deps.clock.nowMs();
      const expiresAtMs = expiresAfterMs && atMs + expiresAfterMs;
      const change = {
        ...(head !== undefined && { ...agentAt(this.#deps, thread, head), head }),
        ...given,
        ...(head !== undefined && { head }),
        ...(expiresAtMs !== undefined && { expiresAtMs }),
      };
      if (!(await this.#deps.store.update(id, change, atMs))) throw threadNotFound(id);
      return this.get(id);
    });
  }

  /** Gives a thread back to an agent, if that agent handed it off. Throws ThreadNotFoundError, storage errors. */
  async revert(id: ThreadId, agent: string): Promise<Thread> {
    const thread = this.get(id);
    const request = thread.agent === agent ? undefined : requestHandedOff(this.#deps, thread);
    if (request?.agent !== agent) return thread;
    return this.update(id, { agent, revision: thread.revision === null ? null : request.revision });
  }

  /** A turn of the branch of the head and those before it, newest first. */
  path(from: RunId, limit: number): readonly ThreadTurn[] {
    return this.#deps.store.path(from, limit);
  }

  /** All turns of the branch of the head, newest first: a fork can have more than one thread can. */
  branch(head: RunId | null): Generator<ThreadTurn, void, undefined> {
    return pathFrom(this.#deps.store, head);
  }

  /** The newest turn of the branch that begins with a turn: at each place, the newest one continues it. */
  newestAfter(id: ThreadId, first: RunId): RunId {
    let run = first;
    for (let next = this.next(id, [run]).at(-1); next !== undefined; next = this.next(id, [run]).at(-1)) run = next.run;
    return run;
  }

  /** What the runs before a run left to it, as JSON by run, without the places of files. */
  history(run: RunId): Record<string, string> {
    const { histories } = this.#deps.runs;
    const before: Record<string, string> = {};
    const last = this.#summary(run);
    for (let at = last?.thread ? last.thread.parent : (last?.handedFrom ?? null); at !== null;) {
      const past = histories.past(at);
      if (past === undefined) break;
      before[at] = JSON.stringify(past, (key, value: unknown) => (key === "location" ? "" : value));
      at = past.from.turns <= past.points.coveredThrough ? null : past.parent;
    }
    return before;
  }

  /** What the turn after a run leaves out; undefined if no turn has ended. */
  compaction(head: RunId | null): Compaction | undefined {
    const { histories } = this.#deps.runs;
    const ended = histories.endedFrom(head);
    const newest = ended === null ? undefined : histories.past(ended);
    if (newest === undefined) return undefined;
    const { points, summary } = newest;
    const of = (run: RunId) => {
      const position = histories.past(run);
      if (position === undefined || position.from.turns >= points.shortenedThrough) return "whole";
      return position.from.turns < points.coveredThrough ? "summarized" : "shortened";
    };
    return { summary: summary?.text ?? "", of };
  }

  /** Turns that continue each of these, over all branches. */
  next(id: ThreadId, parents: readonly (RunId | null)[]): readonly ThreadTurn[] {
    return this.#deps.store.next(id, parents);
  }

  /**
   * Sends a message. With an id that the journal has, the message was sent before, and nothing happens. Throws
   * ThreadNotFoundError, ThreadBusyError, ThreadFullError, TurnNotFoundError, and the errors of `Runs.start`.
   */
  async send(id: ThreadId, request: Send): Promise<Sent> {
    return this.#sending.run(id, async () => {
      const { journal, runs } = this.#deps;
      if (journal.summary(request.id) !== undefined)
        return { run: request.id, joined: false, ended: runs.waitUntilSettled(request.id) };
      const thread = this.get(id);
      const before = request.isRepeated ? this.#joinedBefore(thread, request.id) : undefined;
      if (before) return before;
      const { insteadOf, continues, whenBusy } = request;
      const replaced = insteadOf === undefined ? undefined : this.#turnOf(thread, runs.firstOf(insteadOf));
      const last = continues === undefined ? thread.head : this.#turnOf(thread, runs.lastOf(continues)).run;
      const open = openFrom(this.#deps.journal, last);
      if (replaced !== undefined)
        await cancelOwn(this.#deps, thread, since(open, runs.lastOf(replaced.run)), "its message was replaced");
      else if (open.length > 0) {
        const joined =
          this.#joined(await answer(this.#deps, id, open[0], request)) ??
          (await this.#whenBusy(thread, open, request, whenBusy));
        if (joined !== undefined) return joined;
      }
      // A run that has ended since may have been handed off.
      const parent =
        replaced?.parent ?? (replaced ? null : ((continues && runs.lastOf(continues)) ?? this.get(id).head));
      return this.#start(await this.#moved(id, parent, request.moveTo), parent, request);
    });
  }

  /** The thread with the agent that answers after a turn. Throws storage errors. */
  async #moved(id: ThreadId, parent: RunId | null, moveTo: Send["moveTo"]): Promise<Thread> {
    const { store, clock } = this.#deps;
    const thread = this.get(id);
    const there = parent === thread.head ? thread : { ...thread, ...agentAt(this.#deps, thread, parent) };
    const isOther = moveTo !== undefined && there.agent !== answeringFor(this.#deps, parent, moveTo.agent);
    const { agent, revision } = isOther ? moveTo : there;
    if (agent === thread.agent && revision === thread.revision) return thread;
    await store.update(id, { agent, revision }, clock.nowMs());
    return this.get(id);
  }

  /**
   * Adds messages after the head without a run: the next turn there takes them into its request. On disk when resolved. Throws
   * ThreadNotFoundError, ThreadFullError, storage errors.
   */
  async add(id: ThreadId, messages: readonly NewMessage[], author: string): Promise<readonly AddedMessage[]> {
    return this.#sending.run(id, async () => addTo(this.#deps, this.get(id), messages, author));
  }

  /** Messages that were added after a turn and wait for the next, oldest first. */
  added(id: ThreadId, after: RunId | null): readonly AddedMessage[] {
    return addedTo(this.#deps.store, id, after);
  }

  /** Deletes an added message. Throws AddedMessageNotFoundError, also for one that a turn has taken; storage errors. */
  async removeAdded(id: ThreadId, message: string): Promise<void> {
    await this.#sending.run(id, async () => removeFrom(this.#deps.store, id, message));
  }

  /**
   * Starts a run for a message of a conversation between agents, as the next turn of an agent's thread; the first one begins
   * the thread. Throws the errors of `Runs.start`.
   */
  async continue(id: ThreadId, request: Omit<StartRequest, "thread" | "revision">): Promise<void> {
    await this.#sending.run(id, async () => {
      const { store, runs } = this.#deps;
      const thread = store.get(id);
      const transcript = thread && takenBy(this.#deps, thread, thread.head);
      await this.#onRevision(thread?.revision ?? undefined, (revision) =>
        runs.start({
          ...request,
          revision,
          transcript,
          thread: { id, parent: thread?.head ?? null, author: request.message?.link.sender ?? "" },
        }),
      );
    });
  }

  /** Starts with a thread's revision, or with the newest one if that is gone. */
  async #onRevision<Result>(
    revision: number | undefined,
    start: (revision: number | undefined) => Promise<Result>,
  ): Promise<Result> {
    try {
      return await start(revision);
    } catch (error) {
      if (!(error instanceof RevisionNotFoundError) || revision === undefined) throw error;
      return start(undefined);
    }
  }

  /** Cancels the turns of a thread that have not ended, newest first. Throws storage errors. */
  async cancel(id: ThreadId, reason: string): Promise<void> {
    await cancelOwn(this.#deps, { id }, this.#deps.store.open(id), reason);
  }

  /** Deletes a thread and its turns, except those that forks of it share; cancels what is in progress. Throws ThreadNotFoundError, storage errors. */
  async delete(id: ThreadId): Promise<void> {
    const { store, archive } = this.#deps;
    await this.#sending.run(id, async () => {
      this.get(id);
      await this.cancel(id, "its thread is deleted");
      // The thread goes last: after a crash, it can be deleted again.
      const runs = await store.release(id);
      for (let at = 0; at < runs.length; at += RUNS_PER_WRITE)
        await archive.remove(runs.slice(at, at + RUNS_PER_WRITE));
      await store.remove(id);
    });
  }

  /** Deletes threads that have expired; how many. Throws storage errors. */
  async deleteExpired(): Promise<number> {
    const { store, clock } = this.#deps;
    let deleted = 0;
    for (;;) {
      const [id] = store.expired(clock.nowMs(), 1);
      if (id === undefined) return deleted;
      await this.delete(id);
      deleted += 1;
    }
  }

  async #start(thread: Thread, parent: RunId | null, request: Send): Promise<Sent> {
    const { store, runs } = this.#deps;
    if (store.turns(thread.id) >= LIMITS.threadTurnsMax) throw threadFull(thread.id);
    const {
      insteadOf,
      whenBusy: _whenBusy,
      isRepeated: _isRepeated,
      mayAnswer: _mayAnswer,
      whenWaiting: _whenWaiting,
      continues: _continues,
      moveTo: _moveTo,
      author,
      messageId,
      hasWholeHistory,
      ...start
    } = request;
    const whole = hasWholeHistory === true ? ({ isWhole: true } as const) : {};
    const named = messageId === undefined ? {} : { messageId };
    const { id, workspace, agent, revision } = thread;
    const transcript = takenBy(this.#deps, thread, parent, insteadOf);
    const { ended } = await this.#onRevision(revision ?? undefined, (found) =>
      runs.start({
        ...start,
        workspace,
        agent,
        revision: found,
        transcript,
        thread: { id, parent, author, ...named, ...whole },
      }),
    );
    return { run: request.id, joined: false, ended };
  }

  /** Throws ThreadBusyError. */
  async #whenBusy(
    thread: Thread,
    open: readonly RunId[],
    request: Send,
    whenBusy: WhenBusy,
  ): Promise<Sent | undefined> {
    const [running] = open;
    switch (whenBusy) {
      case "queue":
        if (
          running &&
          open.slice(1).filter((run) => isOwn(this.#deps.journal, thread, run)).length >= LIMITS.threadQueueMax
        )
          throw queueFull(thread.id, running);
        return undefined;
      case "interrupt":
        await cancelOwn(this.#deps, thread, open, "a further message interrupted it");
        return undefined;
      case "reject":
        if (running) throw busy(thread.id, running);
        return undefined;
      case "steer":
        return running !== undefined && isOwn(this.#deps.journal, thread, running)
          ? this.#joined(await steer(this.#deps, thread.id, running, request))
          : undefined;
    }
  }

  #joined(run: RunId | undefined): Sent | undefined {
    return run && { run, joined: true, ended: this.#deps.runs.waitUntilSettled(run) };
  }

  /** The run that a message joined; undefined if it did not. */
  #joinedBefore({ head }: Thread, id: RunId): Sent | undefined {
    const { runs } = this.#deps;
    const newest = head === null ? [] : this.path(head, LIMITS.threadQueueMax);
    const found = newest.find(({ run }) => {
      const { inputs, replies } = runs.view(run);
      return inputs.some((input) => input.id === id) || replies.some(({ messageId }) => messageId === id);
    });
    return this.#joined(found?.run);
  }

  #summary(id: RunId | null): RunSummary | undefined {
    return id === null ? undefined : this.#deps.journal.summary(id);
  }

  /** Throws TurnNotFoundError. */
  #turnOf(thread: Thread, run: RunId): ThreadTurn {
    const summary = this.#deps.journal.summary(run);
    const isShared = () => this.branch(thread.head).some((turn) => turn.run === run);
    if (summary !== undefined && (isOwn(this.#deps.journal, thread, run) || isShared()))
      return { run, parent: summary.thread?.parent ?? null };
    throw new TurnNotFoundError(
      `thread ${thread.id} has no turn ${run}`,
      `\`caxton thread get ${thread.id}\` shows its turns.`,
      { id: thread.id, run },
    );
  }
}
