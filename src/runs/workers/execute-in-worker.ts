import type { Clock } from "../../kernel/clock.ts";
import { RemoteError } from "../../kernel/errors.ts";
import { LIMITS } from "../../kernel/quantities.ts";
import type { ExecutionPlan, JournalEntry } from "../record/index.ts";
import { WorkerRpcServer, type WorkerDeps } from "./worker-rpc-server.ts";
import type { WorkerMessage } from "./protocol.ts";
import type { RunWorker, WorkerExit } from "./run-worker.ts";
import { watch } from "./watchdog.ts";

/** Result of a run in a worker: `execute` returned, or the worker was lost. */
export type WorkerOutcome = { readonly type: "done" } | ({ readonly type: "lost" } & WorkerExit);

const USED: WorkerExit = { why: "crashed", message: "a worker is used once" };

/**
 * Executes a run in a worker, as `execute` does in the server, and throws the same errors. When it returns, the worker
 * is terminated and none of its requests is running.
 */
export async function executeInWorker(
  worker: RunWorker,
  deps: WorkerDeps,
  plan: ExecutionPlan,
  {
    signal,
    clock,
    unresponsiveAfterMs,
  }: { readonly signal: AbortSignal; readonly clock: Clock; readonly unresponsiveAfterMs: number },
): Promise<WorkerOutcome> {
  const outcome = Promise.withResolvers<WorkerOutcome>();
  const done = new AbortController();
  const entries = new Outbox(worker);
  const rpc = new WorkerRpcServer({ worker, deps, flush: entries.flush }, plan, signal);
  const stop = (): void => {
    worker.post({ type: "abort" });
    // One that hangs is not waited for.
    void clock.sleep(LIMITS.workerStopMs, done.signal).then(
      () => outcome.resolve({ type: "done" }),
      () => undefined,
    );
  };
  using stack = new DisposableStack();
  stack.use(deps.recorder.watch(entries.add));
  worker.listen((message) => handleMessage(message, { deps, rpc, outcome }));
  void worker.exited.then((end) => outcome.resolve({ type: "lost", ...end }));
  const life = { messagesReceived: () => worker.messagesReceived, ping: () => worker.post({ type: "ping" }) };
  void watch(clock, unresponsiveAfterMs, life, done.signal).then(
    (way) => way === "stuck" && worker.kill(unresponsiveFor(unresponsiveAfterMs)),
  );
  try {
    worker.post({ type: "begin", work: rpc.work() });
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    return await outcome.promise;
  } finally {
    done.abort("the worker is done");
    signal.removeEventListener("abort", stop);
    worker.kill(USED);
    await rpc.close();
  }
}

const unresponsiveFor = (ms: number): WorkerExit => ({
  why: "stuck",
  message: `it did not answer for ${ms / 1_000} seconds`,
});

type MessageContext = {
  readonly deps: WorkerDeps;
  readonly rpc: WorkerRpcServer;
  readonly outcome: PromiseWithResolvers<WorkerOutcome>;
};

function handleMessage(message: WorkerMessage, { deps: { recorder }, rpc, outcome }: MessageContext): void {
  switch (message.type) {
    case "ask":
      return rpc.handle(message.id, message.ask);
    case "stop":
      return rpc.stop(message.id);
    case "taken":
      return rpc.acknowledge(message.id, message.parts);
    case "release":
      return rpc.release(message.permit);
    case "note":
      return recorder.enqueue(...message.events);
    case "delta":
      return recorder.emit(message.piece);
    case "over":
      return outcome.resolve({ type: "done" });
    case "threw":
      return outcome.reject(thrown(message));
    case "ready":
    case "pong":
      return;
  }
}

function thrown({ fault, stack }: Extract<WorkerMessage, { type: "threw" }>): Error {
  if (fault.code !== "BUG") return new RemoteError(fault);
  const bug = new Error("a bug in the worker of a run");
  bug.stack = stack;
  return bug;
}

/** Entries that are on disk, on their way to a worker: those of one write go together. */
class Outbox {
  readonly #worker: RunWorker;
  #entries: JournalEntry[] = [];

  constructor(worker: RunWorker) {
    this.#worker = worker;
  }

  readonly add = (entry: JournalEntry): void => {
    if (this.#entries.push(entry) === 1) queueMicrotask(this.flush);
  };

  readonly flush = (): void => {
    if (this.#entries.length === 0) return;
    this.#worker.post({ type: "entries", entries: this.#entries });
    this.#entries = [];
  };
}
