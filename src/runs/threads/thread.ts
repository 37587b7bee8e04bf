import { realpathSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { PACKAGE_DIRECTORY, programFile } from "../../kernel/package.ts";
import type { Answers, FromThread, ToThread } from "./protocol.ts";

/** How a thread went that was not told to: its code or V8 ended it, its memory was used up, or it hung. */
export type ThreadEnd = { readonly why: "crashed" | "memory" | "stuck"; readonly message: string };

export type ThreadOptions = {
  /** Of its heap; a thread that needs more is ended by V8, alone. */
  readonly memoryMib: number;
  /** The program it runs; default: ours. For tests of what a faulty one does. */
  readonly program?: string | undefined;
};

const YOUNG_MIB = 16;
const STACK_MIB = 4;

const ENTRY = programFile("runs/threads/worker");
/** What a thread may read where its program is not one file. */
const sources = (): readonly string[] => [
  join(PACKAGE_DIRECTORY, "*"),
  join(realpathSync(join(PACKAGE_DIRECTORY, "node_modules")), "*"),
];

/**
 * A thread for one run.
 * threads.thread.T1. It has no environment and no network, starts no processes or threads, and reads and writes no
 *   file but its program.
 * threads.thread.T2. Whatever it does to itself, the server only hears of its end.
 */
export class Thread {
  /** Resolves once it takes a run, or has ended instead. */
  readonly ready: Promise<void>;
  /** Resolves when it is gone. */
  readonly ended: Promise<ThreadEnd>;
  /** Messages that came so far; when no more come though it was asked to answer, it hangs. */
  heard = 0;
  readonly #worker: Worker;
  #listener: ((message: FromThread) => void) | undefined;
  #end: ThreadEnd | undefined;

  constructor({ memoryMib, program = ENTRY.path }: ThreadOptions) {
    const ready = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<ThreadEnd>();
    this.ready = ready.promise;
    this.ended = ended.promise;
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
    this.#worker.on("message", (message: FromThread) => {
      this.heard += 1;
      if (message.type === "ready") ready.resolve();
      else this.#listener?.(message);
    });
    this.#worker.once("error", (error: unknown) => (this.#end ??= endOf(error)));
    this.#worker.once("exit", (code) => {
      ended.resolve(this.#end ?? { why: "crashed", message: `exit code ${code}` });
      ready.resolve();
    });
  }

  /** Hears what it says from now on, in place of who heard it before. */
  listen(listener: (message: FromThread) => void): void {
    this.#listener = listener;
  }

  /** Throws for what cannot be copied. */
  post(message: ToThread<Answers[keyof Answers]>): void {
    this.#worker.postMessage(message);
  }

  /** Ends it at once, whatever it does; `ended` follows. */
  kill(end: ThreadEnd): void {
    this.#end ??= end;
    void this.#worker.terminate();
  }
}

const endOf = (error: unknown): ThreadEnd => {
  const message = error instanceof Error ? error.message : String(error);
  const isMemory =
    typeof error === "object" && error !== null && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
  return { why: isMemory ? "memory" : "crashed", message };
};
