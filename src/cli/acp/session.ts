import { type ContentBlock, RequestError, type StopReason } from "@agentclientprotocol/sdk";
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import {
  operations,
  requestPath,
  type RunDetail,
  runs,
  type RunStreamEvent,
  type Thread,
  waitsForPerson,
} from "../../api/contract/index.ts";
import { RemoteError, toFault } from "../../kernel/errors.ts";
import { type Client, follow } from "../client/index.ts";
import { editorCalls, editorTools } from "./editor-files.ts";
import { OpenQuestions } from "./open-questions.ts";
import { type Peer, update } from "./peer.ts";
import { questionsOf } from "./questions.ts";
import { readPrompt } from "./read-prompt.ts";
import { RunUpdates } from "./run-updates.ts";

/** Time between two looks at a run that waits for an answer, which may come from elsewhere. */
const LOOK_MS = 1_000;
const OUTAGE_MS_MAX = 60_000;

export type SessionOptions = {
  readonly client: () => Client;
  readonly peer: Peer;
  readonly thread: Thread;
  /** Directory of the project whose files agents may ask for; undefined: none. */
  readonly files: string | undefined;
  /** Throws what the client throws if the credentials are not valid; a prompt is not sent twice. */
  readonly check: () => Promise<void>;
  /** Notifies the editor that another agent continues. */
  readonly onAgent: (agent: string) => Promise<void>;
};

type Left = { readonly run: string; readonly after: string };

/** A thread that is open in the editor. */
export class Session {
  readonly #options: SessionOptions;
  readonly #questions = new OpenQuestions();
  readonly #closed = new AbortController();
  /** Runs that are followed, by id. */
  readonly #followed = new Map<string, Promise<RunDetail>>();
  #thread: Thread;
  /** The run that waits for an answer with the next prompt, and the last event of it that was shown. */
  #left: Left | undefined;
  #isCancelled = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#thread = options.thread;
  }

  /** Whether a turn is in progress. */
  get isBusy(): boolean {
    return this.#followed.size > 0 || this.#left !== undefined;
  }

  get thread(): Thread {
    return this.#thread;
  }

  set thread(thread: Thread) {
    this.#thread = thread;
  }

  /** Sends a message and reports its turn until it ends, or waits for the next message. Throws what the client throws. */
  async prompt(blocks: readonly ContentBlock[], signal: AbortSignal): Promise<StopReason> {
    this.#isCancelled = false;
    this.#questions.forgive();
    using cleanup = new DisposableStack();
    const cancel = () => void this.cancel().catch(() => undefined);
    signal.addEventListener("abort", cancel);
    cleanup.defer(() => signal.removeEventListener("abort", cancel));
    try {
      const left = this.#left;
      this.#left = undefined;
      await this.#options.check();
      const run = this.#isCancelled ? undefined : await this.#send(blocks, left);
      if (this.#isCancelled) {
        // What was cancelled before could not have been this turn.
        if (run !== undefined) await this.cancel();
        return "cancelled";
      }
      if (run === undefined) return "cancelled";
      const ended = await this.follow(run.id, left?.run === run.id ? left.after : "");
      await this.#persist(() => this.#showTitle());
      return stopReason(ended, this.#isCancelled);
    } catch (error) {
      if (this.#isCancelled) return "cancelled";
      throw error;
    }
  }

  async #send(blocks: readonly ContentBlock[], left: Left | undefined): Promise<RunDetail> {
    const { files, peer } = this.#options;
    const client = this.#options.client();
    const { id, expires_at: expires, head } = this.#thread;
    const { input, uploads } = await readPrompt(client, blocks, this.#closed.signal);
    if (input === "" && uploads.length === 0) throw RequestError.invalidParams(undefined, "the prompt is empty");
    // A thread without a message was to be deleted.
    if (head === null && expires !== null) await client.call(operations.thread.update, { id, expires_after: null });
    const tools = files === undefined ? [] : editorTools(peer.capabilities);
    const message = { id, attended: true, input: input === "" ? "See the files." : input };
    const { value } = await client.call(
      operations.thread.send,
      {
        ...message,
        ...(uploads.length > 0 && { uploads: [...uploads] }),
        ...(tools.length > 0 && { client_tools: tools }),
      },
      { idempotencyKey: randomUUID() },
    );
    this.#thread = value.thread;
    // What the new message waits for is asked again.
    if (left !== undefined && left.run !== value.run.id) this.watch(left.run, left.after);
    return value.run;
  }

  /** Cancels the turn in progress and those that wait. */
  async cancel(): Promise<void> {
    this.#isCancelled = true;
    await this.#options.client().call(operations.thread.cancel, { id: this.#thread.id });
  }

  /** Stops to follow the thread, whose runs continue. */
  close(): void {
    this.#closed.abort();
    this.#questions.close();
  }

  /** Reports a run in progress, besides prompts. */
  watch(run: string, after: string): void {
    // A failure is shown with the next prompt, or is the end of the connection.
    this.follow(run, after).catch(() => undefined);
  }

  /** Reports a run, and those that it is handed off to, until it ends or is left to the next prompt. */
  follow(run: string, after: string): Promise<RunDetail> {
    const known = this.#followed.get(run);
    if (known !== undefined) return known;
    const followed = this.#follow(run, after).finally(() => this.#followed.delete(run));
    this.#followed.set(run, followed);
    return followed;
  }

  async #follow(first: string, afterFirst: string): Promise<RunDetail> {
    const { client, onAgent } = this.#options;
    const address = (path: string) => client().url(path).href;
    let [id, after] = [first, afterFirst];
    let updates = new RunUpdates(id, address);
    for (;;) {
      const run = await this.#persist(() => this.#once(id, after, updates));
      if (run.handed_to !== null) {
        [id, after, updates] = [run.handed_to, "", new RunUpdates(run.handed_to, address)];
        await onAgent((await this.#get(id)).agent);
      } else if (!waitsForPerson(run)) return run;
      else {
        after = run.last_event_id;
        const isAnswered = await this.#answered(run);
        if (isAnswered) continue;
        this.#left = { run: id, after };
        return run;
      }
    }
  }

  async #once(id: string, after: string, updates: RunUpdates): Promise<RunDetail> {
    const { client, peer } = this.#options;
    for await (const { event } of follow(client(), {
      path: requestPath(operations.run.watch, { id }),
      schema: runs.RunStreamEvent,
      signal: this.#closed.signal,
      after,
      onLink: () => undefined,
    })) {
      for (const change of updates.of(event)) await update(peer, change);
      await this.#ask(event, id);
      if (event.type === "end") return event.run;
    }
    return this.#get(id);
  }

  async #get(id: string): Promise<RunDetail> {
    const { value } = await this.#options.client().call(operations.run.get, { id });
    return value;
  }

  /** Tries again while the server is away, as when it is restarted. */
  async #persist<Value>(work: () => Promise<Value>): Promise<Value> {
    const lastMs = performance.now() + OUTAGE_MS_MAX;
    for (;;) {
      try {
        return await work();
      } catch (error) {
        const isOver = this.#isCancelled || performance.now() > lastMs;
        if (toFault(error).kind !== "unavailable" || isOver) throw error;
        await sleep(LOOK_MS, undefined, { signal: this.#closed.signal });
      }
    }
  }

  /** Questions of tool servers, and those of runs below, are asked while the run continues; others when it waits. */
  async #ask(event: RunStreamEvent, id: string): Promise<void> {
    const isOfTool = event.type === "question" && event.question.server !== "user";
    if (!isOfTool && event.type !== "below") return;
    const { client, peer } = this.#options;
    const asking = { peer, client: client() };
    const { value } = await asking.client.call(operations.run.tree, { id });
    const below = value.items.filter((run) => run.id !== id && waitsForPerson(run));
    // What is over when an older event is read again is not asked.
    const asked = await Promise.all([{ id }, ...below].map((run) => this.#get(run.id)));
    this.#questions.show(asked.flatMap((run) => questionsOf(asking, run)));
  }

  /** Asks what a run waits for. Returns true when it continues, false when the user has left it open. */
  async #answered(waiting: RunDetail): Promise<boolean> {
    const { client, peer, files } = this.#options;
    const { signal } = this.#closed;
    for (let run = waiting; waitsForPerson(run);) {
      const asking = { peer, client: client() };
      const calls = files === undefined ? [] : editorCalls(asking, files, run);
      const canAnswer = this.#questions.show([...questionsOf(asking, run), ...calls]);
      if (!canAnswer || this.#isCancelled) {
        this.#questions.throwIfFailed();
        return false;
      }
      await Promise.race([this.#questions.changed, sleep(LOOK_MS, undefined, { signal, ref: false })]);
      run = await this.#persist(() => this.#get(waiting.id));
    }
    this.#questions.show([]);
    return true;
  }

  async #showTitle(): Promise<void> {
    const { client, peer } = this.#options;
    const { value } = await client().call(operations.thread.get, { id: this.#thread.id });
    const isNew = value.title !== this.#thread.title || this.#thread.head === null;
    this.#thread = value;
    if (isNew || value.title !== "")
      await update(peer, { sessionUpdate: "session_info_update", title: value.title, updatedAt: value.updated_at });
  }
}

/** Why a turn ended. Throws RemoteError for one that failed. */
function stopReason({ state, failure, hint, step_list: steps }: RunDetail, isCancelled: boolean): StopReason {
  if (isCancelled || state === "cancelled") return "cancelled";
  if (state === "failed")
    throw new RemoteError({
      code: "RUN_FAILED",
      message: "the turn failed",
      ...failure,
      kind: "upstream",
      hint,
      details: {},
    });
  const last = steps.findLast((step) => step.kind === "model");
  if (last?.kind !== "model") return "end_turn";
  if (last.finish === "length") return "max_tokens";
  return last.finish === "content-filter" ? "refusal" : "end_turn";
}
