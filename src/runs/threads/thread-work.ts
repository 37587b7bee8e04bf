import type { Clock } from "../../kernel/clock.ts";
import { RemoteError } from "../../kernel/errors.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import type { ExecutionPlan, JournalEntry } from "../record/index.ts";
import { Desk, type ThreadDeps } from "./desk.ts";
import type { FromThread } from "./protocol.ts";
import type { Thread, ThreadEnd } from "./thread.ts";
import { watch } from "./watchdog.ts";

/** How carrying out a run in a thread went: to where `execute` returns, or its thread was lost. */
export type ThreadOutcome = { readonly type: "done" } | ({ readonly type: "lost" } & ThreadEnd);

const USED: ThreadEnd = { why: "crashed", message: "a thread is used once" };

/**
 * Carries out a run in a thread, as `execute` does it in the server, and throws what that would throw. Afterwards the thread is
 * ended and nothing that it asked for is under way.
 */
export async function executeInThread(
  thread: Thread,
  deps: ThreadDeps,
  plan: ExecutionPlan,
  { signal, clock, stuckMs }: { readonly signal: AbortSignal; readonly clock: Clock; readonly stuckMs: number },
): Promise<ThreadOutcome> {
  const outcome = Promise.withResolvers<ThreadOutcome>();
  const over = new AbortController();
  const entries = new Outbox(thread);
  const desk = new Desk({ thread, deps, flush: entries.flush }, plan, signal);
  const stop = (): void => {
    thread.post({ type: "abort" });
    // One that hangs is not waited for.
    void clock.sleep(LIMITS.threadStopMs, over.signal).then(
      () => outcome.resolve({ type: "done" }),
      () => undefined,
    );
  };
  using stack = new DisposableStack();
  stack.use(deps.recorder.watch(entries.add));
  thread.listen((message) => take(message, { deps, desk, outcome }));
  void thread.ended.then((end) => outcome.resolve({ type: "lost", ...end }));
  const life = { heard: () => thread.heard, ping: () => thread.post({ type: "ping" }) };
  void watch(clock, stuckMs, life, over.signal).then((way) => way === "stuck" && thread.kill(stuckFor(stuckMs)));
  try {
    thread.post({ type: "begin", work: desk.work() });
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    return await outcome.promise;
  } finally {
    over.abort("the thread is done");
    signal.removeEventListener("abort", stop);
    thread.kill(USED);
    await desk.close();
  }
}

const stuckFor = (ms: number): ThreadEnd => ({ why: "stuck", message: `it did not answer for ${ms / 1_000} seconds` });

type Taking = {
  readonly deps: ThreadDeps;
  readonly desk: Desk;
  readonly outcome: PromiseWithResolvers<ThreadOutcome>;
};

function take(message: FromThread, { deps: { recorder }, desk, outcome }: Taking): void {
  switch (message.type) {
    case "ask":
      return desk.take(message.id, message.ask);
    case "stop":
      return desk.stop(message.id);
    case "taken":
      return desk.taken(message.id, message.parts);
    case "release":
      return desk.release(message.permit);
    case "note":
      return recorder.note(...message.events);
    case "tell":
      return recorder.tell(message.step, message.offset, message.text);
    case "over":
      return outcome.resolve({ type: "done" });
    case "threw":
      return outcome.reject(thrown(message));
    case "ready":
    case "pong":
      return;
  }
}

function thrown({ fault, stack }: Extract<FromThread, { type: "threw" }>): Error {
  if (fault.code !== "BUG") return new RemoteError(fault);
  const bug = new Error("a bug in the thread of a run");
  bug.stack = stack;
  return bug;
}

/** Entries that are on disk, on their way to a thread: those of one write go together. */
class Outbox {
  readonly #thread: Thread;
  #entries: JournalEntry[] = [];

  constructor(thread: Thread) {
    this.#thread = thread;
  }

  readonly add = (entry: JournalEntry): void => {
    if (this.#entries.push(entry) === 1) queueMicrotask(this.flush);
  };

  readonly flush = (): void => {
    if (this.#entries.length === 0) return;
    this.#thread.post({ type: "entries", entries: this.#entries });
    this.#entries = [];
  };
}
