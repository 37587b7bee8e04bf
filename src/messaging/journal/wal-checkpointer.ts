import { Worker } from "node:worker_threads";

/** Who writes the log. */
export interface LogWriter {
  /** Pages in the log that are not in the file yet. Never throws. */
  readonly logPages: number;
  /** Checkpoints what it can; `isWaiting` waits for other connections. Never throws. */
  checkpoint(isWaiting: boolean): void;
}

export type WalCheckpointerParts = {
  readonly file: string;
  readonly writer: LogWriter;
  /** The program of the thread: the server's `checkpoint-thread`. */
  readonly program: string;
  /** Pages in the log from which on it is carried over. */
  readonly pagesMax: number;
};

/** A log so many times too long is not written on before it is carried over. */
const HOLD_AT = 4;
/** To look how long the log is costs as much as one statement. */
const LOOK_EVERY = 8;

/**
 * Checkpoints the log of the journal by a thread, while batches are written: a checkpoint waits for the disk for several
 * milliseconds, and at ten thousand messages a second it is due five times in each.
 * journal.carrying.L1. What came meanwhile is little, and is carried over here: then the log is empty and begins
 *   with its first page again.
 * journal.carrying.L2. The log stays bounded: at `HOLD_AT` times its length it is carried over here, and batches
 *   wait.
 * journal.carrying.L3. Where no thread can, all of it is done here.
 */
export class WalCheckpointer implements Disposable {
  readonly #parts: WalCheckpointerParts;
  #thread: Worker | undefined;
  #isRunning = false;
  #isAlone = false;
  #writes = 0;

  constructor(parts: WalCheckpointerParts) {
    this.#parts = parts;
  }

  /** Call it after each transaction. Never throws. */
  written(): void {
    this.#writes += 1;
    if (this.#writes < LOOK_EVERY) return;
    this.#writes = 0;
    const { writer, pagesMax } = this.#parts;
    const pages = writer.logPages;
    if (pages < pagesMax) return;
    if (this.#isAlone || pages >= pagesMax * HOLD_AT) writer.checkpoint(true);
    else if (!this.#isRunning) this.#ask();
  }

  #ask(): void {
    try {
      this.#thread ??= this.#start();
      this.#thread.postMessage(this.#parts.file);
      this.#isRunning = true;
    } catch {
      this.#isAlone = true;
    }
  }

  #start(): Worker {
    const thread = new Worker(this.#parts.program);
    thread.unref();
    thread.on("message", () => this.#over());
    thread.on("error", () => {
      this.#isAlone = true;
      this.#over();
    });
    return thread;
  }

  #over(): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.#parts.writer.checkpoint(false);
  }

  /** Waits for the running checkpoint. */
  [Symbol.dispose](): void {
    if (this.#isRunning) this.#parts.writer.checkpoint(true);
    this.#isRunning = false;
    void this.#thread?.terminate();
  }
}
