import { realpathSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { PACKAGE_DIRECTORY, programFile } from "../../kernel/package.ts";
import type { WorkerResponses, WorkerMessage, HostMessage } from "./protocol.ts";

/** Exit of a worker that the server did not stop: its code or V8 ended it, its memory was used up, or it hung. */
export type WorkerExit = { readonly why: "crashed" | "memory" | "stuck"; readonly message: string };

export type WorkerOptions = {
  /** Of its heap; a worker that needs more is ended by V8, alone. */
  readonly memoryMib: number;
  /** The program it runs; default: ours. For tests of what a faulty one does. */
  readonly program?: string | undefined;
};

const YOUNG_MIB = 16;
const STACK_MIB = 4;

const ENTRY = programFile("runs/workers/worker-entry");
/** Paths that a worker may read if the program is not bundled. */
const sources = (): readonly string[] => [
  join(PACKAGE_DIRECTORY, "*"),
  join(realpathSync(join(PACKAGE_DIRECTORY, "node_modules")), "*"),
];

/**
 * A worker for one run.
 * workers.run-worker.T1. It has no environment and no network, starts no processes or threads, and reads and writes no
 *   file except its program.
 * workers.run-worker.T2. A failure of the worker affects the server only by its exit.
 */
export class RunWorker {
  /** Resolves once it takes a run, or has ended instead. */
  readonly ready: Promise<void>;
  /** Resolves when it is gone. */
  readonly exited: Promise<WorkerExit>;
  /** Messages that came so far; when no more come though it was asked to answer, it hangs. */
  messagesReceived = 0;
  readonly #worker: Worker;
  #listener: ((message: WorkerMessage) => void) | undefined;
  #exit: WorkerExit | undefined;

  constructor({ memoryMib, program = ENTRY.path }: WorkerOptions) {
    const ready = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<WorkerExit>();
    this.ready = ready.promise;
    this.exited = ended.promise;
    const readable = ENTRY.isBuilt || program !== ENTRY.path ? [program] : sources();
    this.#worker = new Worker(program, {
      env: {},
      execArgv: ["--permission", ...readable.map((path) => `--allow-fs-read=${path}`)],
      stdout: true,
      stderr: true,
      resourceLimits: {
        maxOldGenerationSizeMb: memoryMib,
        maxYoungGenerationSizeMb: YOUNG_MIB,
        stackSizeMb: STACK_MIB,
      },
    });
    // What is written there by mistake is not kept.
    this.#worker.stdout.resume();
    this.#worker.stderr.resume();
    this.#worker.on("message", (message: WorkerMessage) => {
      this.messagesReceived += 1;
      if (message.type === "ready") ready.resolve();
      else this.#listener?.(message);
    });
    this.#worker.once("error", (error: unknown) => (this.#exit ??= exitOf(error)));
    this.#worker.once("exit", (code) => {
      ended.resolve(this.#exit ?? { why: "crashed", message: `exit code ${code}` });
      ready.resolve();
    });
  }

  /** Hears what it says from now on, in place of who heard it before. */
  listen(listener: (message: WorkerMessage) => void): void {
    this.#listener = listener;
  }

  /** Throws for what cannot be copied. */
  post(message: HostMessage<WorkerResponses[keyof WorkerResponses]>): void {
    this.#worker.postMessage(message);
  }

  /** Ends it at once, whatever it does; `ended` follows. */
  kill(end: WorkerExit): void {
    this.#exit ??= end;
    void this.#worker.terminate();
  }
}

const exitOf = (error: unknown): WorkerExit => {
  const message = error instanceof Error ? error.message : String(error);
  const isMemory =
    typeof error === "object" && error !== null && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
  return { why: isMemory ? "memory" : "crashed", message };
};
